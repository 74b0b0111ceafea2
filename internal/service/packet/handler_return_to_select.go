package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleReturnToSelect takes the player back to the character list. First the world
// connection, which was idle, gets the packet to go on. Then the game connection
// gets the packet that the player has left, and ends. Without that packet the
// client would show that the connection was lost.
func handleReturnToSelect(ctx context.Context, s *session, _ *packets.ReturnToSelectRequest) error {
	s.leaveWorld(ctx)
	if c := s.srv.plays.at(s.play, packets.World); c != nil {
		c.SetState(worldChoosing)
		c.Send(&packets.ReturnToSelect{})
	}
	s.send(&packets.LogoutResult{})
	s.conn.Finish(connection.Finished)
	return nil
}
