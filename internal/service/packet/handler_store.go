package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleStoreList and handleStoreBuy answer that the store is closed, which closes
// its window: no player has a store.
func handleStoreList(_ context.Context, s *session, p *packets.StoreListRequest) error {
	s.send(&packets.StoreClosed{Entity: p.Store})
	return nil
}

func handleStoreBuy(_ context.Context, s *session, p *packets.StoreBuyRequest) error {
	s.send(&packets.StoreClosed{Entity: p.Store})
	return nil
}
