package storepb

import (
	"fmt"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// HotbarPB is a quick bar as a message, without the places that are empty.
func HotbarPB(h *store.Hotbar) *databasev1.Hotbar {
	m := &databasev1.Hotbar{}
	for i, s := range h {
		if s != (store.HotbarSlot{}) {
			m.Slots = append(m.Slots, &databasev1.HotbarSlot{Slot: uint32(i), Kind: uint32(s.Kind), Index: uint32(s.Index)}) //nolint:gosec // below 32
		}
	}
	return m
}

// characterHotbar is HotbarPB for a character; nil for an empty bar.
func characterHotbar(h *store.Hotbar) *databasev1.Hotbar {
	if *h == (store.Hotbar{}) {
		return nil
	}
	return HotbarPB(h)
}

// Hotbar is m as a quick bar, empty for nil; INVALID_ARGUMENT names a slot that
// is out of its range or there twice.
func Hotbar(m *databasev1.Hotbar) (h store.Hotbar, err error) {
	var used store.Hotbar
	for i, s := range m.GetSlots() {
		field := fmt.Sprintf("hotbar.slots[%d]", i)
		if s.GetSlot() >= store.HotbarSlots {
			return store.Hotbar{}, errs.Invalid(field+".slot", "must be 0 to 31")
		}
		slot, ok := HotbarSlot(s)
		if !ok {
			return store.Hotbar{}, errs.Invalid(field, "must be a kind from 0 to 6 with an index that the client has")
		}
		if used[s.GetSlot()].Kind != 0 {
			return store.Hotbar{}, errs.Invalid(field+".slot", "is there twice")
		}
		h[s.GetSlot()], used[s.GetSlot()].Kind = slot, 1
	}
	return h, nil
}

// HotbarSlot is m as what lies on its slot; false when the client's protocol has
// no such thing.
func HotbarSlot(m *databasev1.HotbarSlot) (store.HotbarSlot, bool) {
	var r ranges
	s := store.HotbarSlot{Kind: r.u8("kind", m.GetKind()), Index: r.u16("index", m.GetIndex())}
	return s, r.error() == nil && s.Valid()
}
