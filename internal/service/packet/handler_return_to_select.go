package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleReturnToSelect takes the player back to the choice of a character: the
// world connection, which was idle meanwhile, is told to go on, and then the game
// connection is told that the player has left and ends. A client that was not
// told so would take the end for a loss of its connection.
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
