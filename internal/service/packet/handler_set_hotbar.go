package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleSetHotbar confirms what the player put onto the quick bar: the client
// shows it once it is told.
func handleSetHotbar(_ context.Context, s *session, p *packets.SetHotbarRequest) error {
	s.send(&packets.SetHotbar{Slot: p.Slot, Entry: p.Entry})
	return nil
}
