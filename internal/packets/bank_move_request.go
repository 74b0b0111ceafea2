package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// BankMoveRequest moves something to the bank or from there.
type BankMoveRequest struct {
	Kind    uint8 // BankPut or BankTake
	Slot    uint8 // item slot, or place in the bank
	Item    FullItem
	Premium *uint8 // 1: of the paid places
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
