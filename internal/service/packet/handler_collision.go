package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleCollision reports that the client hit an obstacle.
func handleCollision(_ context.Context, s *session, p *packets.MoveCollisionRequest) error {
	s.srv.world.move(s.player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Collide{Collide: &worldv1.Collide{
		X: p.X, Y: p.Y, Z: int32(p.Z),
	}}})
	return nil
}
