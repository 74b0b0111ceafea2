package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// VehiclePartRequest mounts a part of the vehicle, or takes it off.
type VehiclePartRequest struct {
	Part uint16  // 0–3: body, engine, leg, arms
	Slot *uint16 // item slot of the part; 0 or none to take off
}

// Command returns 0x7ca.
func (*VehiclePartRequest) Command() uint16 { return 0x7ca }

// Marshal codes the payload.
func (p *VehiclePartRequest) Marshal(c *wire.Codec) {
	c.U16(&p.Part)
	wire.Optional(c, &p.Slot, (*wire.Codec).U16)
}
