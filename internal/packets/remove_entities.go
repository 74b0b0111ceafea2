package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// RemoveEntities removes entities from the client's sight.
type RemoveEntities struct {
	Entities []uint16 // at most MaxRemoved
}

// Command returns 0x794.
func (*RemoveEntities) Command() uint16 { return 0x794 }

// Marshal codes the payload.
func (p *RemoveEntities) Marshal(c *wire.Codec) {
	wire.ToEnd(c, &p.Entities, MaxRemoved, func(id *uint16, c *wire.Codec) { c.U16(id) })
}
