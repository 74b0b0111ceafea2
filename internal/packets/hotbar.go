package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Kinds of entries on the quick bar.
const (
	HotbarNone      uint8 = 0
	HotbarInventory uint8 = 1
	HotbarCommand   uint8 = 2
	HotbarSkill     uint8 = 3
	HotbarEmote     uint8 = 4
	HotbarDialog    uint8 = 5
	HotbarClanSkill uint8 = 6
)

// HotbarSlots is how many entries the quick bar has.
const HotbarSlots = 32

// HotbarSlot is one entry of the quick bar, two bytes; the zero value is
// empty.
type HotbarSlot struct {
	Kind  uint8  // 0–31 on the wire; the client knows the Hotbar constants
	Index uint16 // 0–2047, by kind: item slot, skill slot, …
}

func (s *HotbarSlot) marshal(c *wire.Codec) {
	b := c.Bits(2)
	b.U8(&s.Kind, 5)
	b.U16(&s.Index, 11)
	b.End()
}

// marshalSetHotbar is the layout that SetHotbarRequest and SetHotbar share.
func marshalSetHotbar(c *wire.Codec, slot *uint8, entry *HotbarSlot) {
	c.U8(slot)
	if *slot >= HotbarSlots {
		c.Fail(wire.ErrValue, "quick bar slot %d, at most %d", *slot, HotbarSlots-1)
	}
	entry.marshal(c)
}
