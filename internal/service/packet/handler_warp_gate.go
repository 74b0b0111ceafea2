package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleWarpGate stops a player at a gate, because no gate has a destination. The
// client, which waits there, is told to stand where the world has the player.
func handleWarpGate(_ context.Context, s *session, _ *packets.WarpGateRequest) error {
	s.srv.world.send(s.player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Halt{Halt: &worldv1.Halt{}}})
	return nil
}
