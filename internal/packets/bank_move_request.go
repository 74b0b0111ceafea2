package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// BankMoveRequest moves an item to the bank or from it.
type BankMoveRequest struct {
	Kind    uint8 // BankPut or BankTake
	Slot    uint8 // item slot, or place in the bank
	Item    FullItem
	Premium *uint8 // 1: a paid place
}

// Command returns 0x7ae.
func (*BankMoveRequest) Command() uint16 { return 0x7ae }

// Marshal codes the payload.
func (p *BankMoveRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	c.U8(&p.Slot)
	p.Item.marshal(c)
	wire.Optional(c, &p.Premium, (*wire.Codec).U8)
}
