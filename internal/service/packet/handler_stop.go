package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleStop ends a walk.
func handleStop(_ context.Context, s *session, p *packets.StopRequest) error {
	s.srv.world.move(s.player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Stop{Stop: &worldv1.Stop{
		X: p.X, Y: p.Y, Z: int32(p.Z),
	}}})
	return nil
}
