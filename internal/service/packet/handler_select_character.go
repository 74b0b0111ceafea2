package packet

import (
	"context"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleSelectCharacter hands the player over to the game stage. If the client is
// being handed over or plays, it has already selected: a second click is ignored.
func handleSelectCharacter(ctx context.Context, s *session, p *packets.SelectCharacterRequest) error {
	if s.conn.State() != worldChoosing {
		s.srv.metrics.Dropped(packets.World, connection.DropIgnored)
		return nil
	}
	c, ok := s.character(p.Slot, p.Name)
	if !ok {
		s.chooseAgain(ctx)
		return nil
	}
	var chosen *characterv1.SelectCharacterResponse
	if err := s.step(ctx, func(ctx context.Context) (err error) {
		chosen, err = s.srv.character.SelectCharacter(ctx, &characterv1.SelectCharacterRequest{
			UserId: s.play.userID, CharacterId: c.GetId(),
		})
		return err
	}); err != nil {
		s.backendFailed("select character", err)
		s.chooseAgain(ctx)
		return nil
	}
	s.srv.plays.learn(s.play, chosen.GetBasicSkills())
	next, err := s.nextStage(ctx, packets.Game, c.GetId())
	switch errs.KindOf(err) {
	case errs.Unavailable, errs.DeadlineExceeded, errs.ResourceExhausted:
		s.backendFailed("hand over", err)
		s.chooseAgain(ctx)
		return nil
	default:
	}
	if err != nil { // the play is over, or cannot go on anywhere
		return connection.End(connection.Backend, "hand over to the game stage: %w", err)
	}
	s.conn.SetState(worldPlaying)
	s.send(&packets.MoveServer{Port: next.port, Token: next.token, Seed: next.seed, Address: next.address})
	return nil
}

// chooseAgain refuses a selection. The protocol has no reply for this. So the
// client is sent back to the character list, as at the end of a play, with a new
// list: if a character may not be played, it was marked, deleted or moved after the
// client got its list.
func (s *session) chooseAgain(ctx context.Context) {
	s.send(&packets.ReturnToSelect{})
	if err := s.sendList(ctx); err != nil {
		s.backendFailed("list characters", err) // the client keeps the list that it has
	}
}
