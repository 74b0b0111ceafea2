package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// StoreBuyRequest buys from a player's store.
type StoreBuyRequest struct {
	Store uint16 // entity of its owner
	Items []StoreItem
}

// StoreItem is an item at a position in a store.
type StoreItem struct {
	Place uint8
	Item  FullItem
}

func (s *StoreItem) marshal(c *wire.Codec) {
	c.U8(&s.Place)
	s.Item.marshal(c)
}

// Command returns 0x7c5.
func (*StoreBuyRequest) Command() uint16 { return 0x7c5 }

// Marshal codes the payload.
func (p *StoreBuyRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Store)
	wire.Counted(c, &p.Items, MaxStoreItems, (*StoreItem).marshal)
}
