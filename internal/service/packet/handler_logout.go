package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleLogout saves the player, removes him from the world, and ends the play.
func handleLogout(ctx context.Context, s *session, _ *packets.LogoutRequest) error {
	s.leaveWorld(ctx)
	s.send(&packets.LogoutResult{})
	s.conn.Finish(connection.Finished)
	if c := s.srv.plays.at(s.play, packets.World); c != nil {
		c.Finish(connection.Finished)
	}
	return nil
}

// leaveWorld waits until the world has saved and removed the player, at most as
// long as a call may take.
func (s *session) leaveWorld(ctx context.Context) {
	s.conn.SetState(gameLeaving)
	ctx, cancel := s.call(ctx)
	defer cancel()
	if err := s.srv.world.leave(ctx, s.player); err != nil {
		s.backendFailed("leave world", err)
	}
	s.player = nil
}
