package packet

import (
	"context"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleSelectServer hands the player over to the world stage. An earlier play of
// the player ends at this step. A client that knows the secret and only looks at
// the list of servers ends no play.
func handleSelectServer(ctx context.Context, s *session, p *packets.SelectServerRequest) error {
	if p.Server != serverID || p.Channel != channelID {
		s.send(&packets.SelectServerReply{Result: packets.SelectInvalidChannel})
		return nil
	}
	if s.waiting != nil && !s.endEarlier(ctx) {
		s.send(&packets.SelectServerReply{Result: packets.SelectFailed})
		return nil
	}
	next, err := s.nextStage(ctx, packets.World, "")
	if err != nil {
		s.backendFailed("hand over", err)
		result := packets.SelectFailed
		if errs.KindOf(err) == errs.ResourceExhausted {
			result = packets.SelectFull
		}
		s.send(&packets.SelectServerReply{Result: result})
		return nil
	}
	s.conn.SetState(loginHanded)
	s.send(&packets.SelectServerReply{
		Result: packets.SelectOK, Token: next.token, Seed: next.seed, Address: next.address, Port: next.port,
	})
	return nil
}

// passage is where a client goes next, and its token there.
type passage struct {
	token, seed uint32
	address     string
	port        uint16
}

// nextStage asks for the token of the next stage.
func (s *session) nextStage(ctx context.Context, to packets.Stage, characterID string) (passage, error) {
	address, port, err := s.srv.public(to, s.conn.Local())
	if err != nil {
		return passage{}, err
	}
	stage := databasev1.Stage_STAGE_WORLD
	if to == packets.Game {
		stage = databasev1.Stage_STAGE_GAME
	}
	var resp *authv1.HandOverResponse
	err = s.step(ctx, func(ctx context.Context) (err error) {
		resp, err = s.srv.auth.HandOver(ctx, &authv1.HandOverRequest{
			PlayId: s.play.id, Generation: s.play.generation, Stage: stage, CharacterId: characterID,
		})
		return err
	})
	if err != nil {
		return passage{}, err
	}
	s.srv.plays.handedOver(s.play)
	return passage{token: resp.GetToken(), seed: s.srv.seeds[to], address: address, port: port}, nil
}
