package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleToggle switches running or sitting. There are no vehicles, so a switch to
// driving is ignored.
func handleToggle(_ context.Context, s *session, p *packets.MoveToggleRequest) error {
	var kind worldv1.Toggle_Kind
	switch p.Kind {
	case packets.ToggleRun:
		kind = worldv1.Toggle_KIND_RUN
	case packets.ToggleSit:
		kind = worldv1.Toggle_KIND_SIT
	default:
		return nil
	}
	s.srv.world.send(s.player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Toggle{Toggle: &worldv1.Toggle{Kind: kind}}})
	return nil
}
