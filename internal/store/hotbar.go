package store

import (
	"encoding/binary"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// HotbarSlots is how many places the client's quick bar has.
const HotbarSlots = 32

// Kinds of entries of the quick bar.
const (
	HotbarNone      uint8 = 0
	HotbarItem      uint8 = 1 // Index is the item's place, 1 to MaxPlace
	HotbarCommand   uint8 = 2
	HotbarSkill     uint8 = 3 // Index is the skill's place on the four pages of 30, from 0
	HotbarEmote     uint8 = 4
	HotbarDialog    uint8 = 5
	HotbarClanSkill uint8 = 6 // Index is the skill's place on the clan's page

	maxHotbarKind  = HotbarClanSkill
	maxHotbarSkill = 4*30 - 1
	maxHotbarIndex = 1<<11 - 1 // what the client's 11 bits hold
)

// HotbarSlot is the entry on one place of the quick bar. The zero value is an
// empty place.
type HotbarSlot struct {
	Kind  uint8  // a Hotbar constant
	Index uint16 // 0 to 2047, by kind
}

// Hotbar is the client's quick bar: four rows of eight.
type Hotbar [HotbarSlots]HotbarSlot

// hotbarSize is the size of the stored form, in bytes.
const hotbarSize = 2 * HotbarSlots

// Valid reports whether the client's protocol has such a slot. The item or
// skill does not have to exist: a player may get it again.
func (s HotbarSlot) Valid() bool {
	switch {
	case s.Kind > maxHotbarKind, s.Index > maxHotbarIndex:
		return false
	case s.Kind == HotbarNone:
		return s.Index == 0
	case s.Kind == HotbarItem:
		return s.Index >= 1 && s.Index <= MaxPlace
	case s.Kind == HotbarSkill:
		return s.Index <= maxHotbarSkill
	}
	return true
}

// Validate returns InvalidArgument, naming the slot, for a bar that must not be
// stored.
func (h *Hotbar) Validate() error {
	for i, s := range h {
		if !s.Valid() {
			return errs.Invalid(fmt.Sprintf("hotbar[%d]", i), "must be a kind from 0 to 6 with an index that the client has")
		}
	}
	return nil
}

// Bytes returns the form in which the engines store the bar: for each slot two
// bytes, lowest first, the kind in the lowest 5 bits and the index above.
func (h *Hotbar) Bytes() []byte {
	b := make([]byte, 0, hotbarSize)
	for _, s := range h {
		b = binary.LittleEndian.AppendUint16(b, uint16(s.Kind)|s.Index<<5)
	}
	return b
}

// ParseHotbar reads what Bytes wrote. A slot that the protocol does not have is
// read as empty, because a character must not be lost because of it. A form of
// another size is read as an empty bar: a character may never have had one.
func ParseHotbar(b []byte) (h Hotbar) {
	if len(b) != hotbarSize {
		return h
	}
	for i := range h {
		v := binary.LittleEndian.Uint16(b[2*i:])
		if s := (HotbarSlot{Kind: uint8(v & 0x1f), Index: v >> 5}); s.Valid() { //nolint:gosec // five bits
			h[i] = s
		}
	}
	return h
}
