package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleShop refuses a trade: no NPC has a shop.
func handleShop(_ context.Context, s *session, _ *packets.ShopRequest) error {
	s.send(&packets.ShopResult{Result: packets.ShopNoNPC})
	return nil
}
