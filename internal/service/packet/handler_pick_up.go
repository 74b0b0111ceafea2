package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handlePickUp answers that the item is gone: there are no items on the ground.
func handlePickUp(_ context.Context, s *session, p *packets.PickUpRequest) error {
	s.send(&packets.PickUpResult{Drop: p.Drop, Result: packets.PickUpGone})
	return nil
}
