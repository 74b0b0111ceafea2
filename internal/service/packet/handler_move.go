package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleMove walks to a point.
func handleMove(_ context.Context, s *session, p *packets.MoveRequest) error {
	s.srv.world.move(s.player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Move{Move: &worldv1.Move{
		X: p.X, Y: p.Y, Z: int32(p.Z), TargetEntity: uint32(p.Target),
	}}})
	return nil
}
