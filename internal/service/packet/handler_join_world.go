package packet

import (
	"context"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// handleJoinWorld lets a player join the world stage.
func handleJoinWorld(ctx context.Context, s *session, p *packets.JoinRequest) error {
	if _, err := s.join(ctx, p, databasev1.Stage_STAGE_WORLD); err != nil {
		s.send(&packets.JoinReply{Result: joinResult(err)})
		s.conn.Finish(connection.Refused)
		return nil
	}
	if login := s.srv.plays.at(s.play, packets.Login); login != nil {
		login.Finish(connection.Finished) // its work is done, whether or not the client closes it
	}
	s.conn.SetState(worldChoosing)
	s.send(&packets.JoinReply{Result: packets.JoinOK, SequenceID: s.srv.nextSequence(), PayFlags: payEverything})
	return nil
}

// join calls auth's Join with the token and the secret.
func (s *session) join(ctx context.Context, p *packets.JoinRequest, stage databasev1.Stage) (*databasev1.Play, error) {
	var resp *authv1.JoinResponse
	err := s.step(ctx, func(ctx context.Context) (err error) {
		resp, err = s.srv.auth.Join(ctx, &authv1.JoinRequest{
			Token: p.Token, Secret: string(p.Secret), Stage: stage, Address: s.conn.Remote().Addr().String(),
		})
		return err
	})
	if err != nil {
		s.backendFailed("join", err)
		return nil, err
	}
	if !s.attach(resp.GetPlay()) {
		return nil, store.ErrPlayNotFound
	}
	return resp.GetPlay(), nil
}
