package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SetReviveZoneRequest asks to revive in this zone from now on.
type SetReviveZoneRequest struct{}

// Command returns 0x756.
func (*SetReviveZoneRequest) Command() uint16 { return 0x756 }

// Marshal codes the payload.
func (*SetReviveZoneRequest) Marshal(_ *wire.Codec) {}
