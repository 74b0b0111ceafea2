package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleReturnToSelect takes the player back to the choice of a character: the
// game connection ends, and the world connection, which was idle meanwhile, is
// told to go on.
func handleReturnToSelect(ctx context.Context, s *session, _ *packets.ReturnToSelectRequest) error {
	s.leaveWorld(ctx)
	if c := s.srv.plays.at(s.play, packets.World); c != nil {
		c.SetState(worldChoosing)
		c.Send(&packets.ReturnToSelect{})
	} else {
		s.send(&packets.LogoutResult{})
	}
	s.conn.Finish(connection.Finished)
	return nil
}
