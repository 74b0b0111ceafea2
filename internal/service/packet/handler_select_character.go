package packet

import (
	"context"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleSelectCharacter hands the player over to the game stage. The client
// has no reply for a refusal; a character that may not be played, as one that
// is marked for deletion, ends the connection.
func handleSelectCharacter(ctx context.Context, s *session, p *packets.SelectCharacterRequest) error {
	c, ok := s.character(p.Slot, p.Name)
	if !ok {
		return connection.End(connection.Malformed, "slot %d is not the character named in the packet", p.Slot)
	}
	callCtx, cancel := s.call(ctx)
	defer cancel()
	if _, err := s.srv.character.SelectCharacter(callCtx, &characterv1.SelectCharacterRequest{
		UserId: s.play.userID, CharacterId: c.GetId(),
	}); err != nil {
		return connection.End(selectEnd(err), "select character: %w", err)
	}
	next, err := s.nextStage(ctx, packets.Game, c.GetId())
	if err != nil {
		return connection.End(connection.Backend, "hand over to the game stage: %w", err)
	}
	s.conn.SetState(worldPlaying)
	s.send(&packets.MoveServer{Port: next.port, Token: next.token, Seed: next.seed, Address: next.address})
	return nil
}
