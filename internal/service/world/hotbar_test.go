package world_test

import (
	"testing"
	"testing/synctest"
	"time"

	"buf.build/go/protovalidate"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

func (g *gateway) setHotbar(player uint64, slots ...*databasev1.HotbarSlot) {
	g.t.Helper()
	g.send(player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_SetHotbar{SetHotbar: &worldv1.SetHotbar{Slots: slots}}})
}

// hotbarSet waits for the world's answer and returns it as slot, kind, index.
func (g *gateway) hotbarSet(player uint64) (got [][3]uint32) {
	g.t.Helper()
	set := g.until(player, func(m *worldv1.ConnectResponse) bool { return m.GetHotbarSet() != nil }).GetHotbarSet()
	for _, s := range set.GetSlots() {
		got = append(got, [3]uint32{s.GetSlot(), s.GetKind(), s.GetIndex()})
	}
	return got
}

// What is put onto the quick bar is confirmed, saved at the interval and when
// the player goes, and told at the next join.
func TestAQuickBarIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hero := someone(1, 520000, 520000)
		hero.Hotbar[3] = store.HotbarSlot{Kind: store.HotbarItem, Index: 46}
		chars := newCharacters(hero)
		s := start(t, chars)
		g := s.gateway()
		j := g.join(1, clone(chars, 1), 1, 0)
		if got, err := storepb.Hotbar(j.GetCharacter().GetHotbar()); err != nil || got != hero.Hotbar {
			t.Errorf("the player is told %v, %v", got, err)
		}
		// Before the zone is entered, as a client may.
		g.setHotbar(1, &databasev1.HotbarSlot{Slot: 0, Kind: 3, Index: 7}, &databasev1.HotbarSlot{Slot: 3})
		if diff := cmp.Diff([][3]uint32{{0, 3, 7}, {3, 0, 0}}, g.hotbarSet(1)); diff != "" {
			t.Errorf("confirmed (-want +got):\n%s", diff)
		}
		want := store.Hotbar{0: {Kind: store.HotbarSkill, Index: 7}}
		time.Sleep(10 * time.Second)
		if row := chars.row(1); row.Hotbar != want || row.Version != 2 {
			t.Errorf("after the interval version %d has %v", row.Version, row.Hotbar)
		}
		g.sendEnter(1)
		g.entered(1)

		// A flood costs one save, and the last value wins.
		for i := range uint32(1000) {
			g.setHotbar(1, &databasev1.HotbarSlot{Slot: 31, Kind: 4, Index: i})
		}
		g.fence(1)
		g.leave(1)
		g.left(1)
		want[31] = store.HotbarSlot{Kind: store.HotbarEmote, Index: 999}
		if row := chars.row(1); row.Hotbar != want || row.Version > 4 {
			t.Errorf("after leaving version %d has %v", row.Version, row.Hotbar)
		}
		j = g.join(1, clone(chars, 1), 2, 0)
		if got, err := storepb.Hotbar(j.GetCharacter().GetHotbar()); err != nil || got != want {
			t.Errorf("at the next join the player is told %v, %v", got, err)
		}
	})
}

// What the client's protocol does not have changes nothing; the answer says what
// lies there.
func TestAQuickBarTakesWhatTheProtocolHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		g.setHotbar(1, &databasev1.HotbarSlot{Slot: 5, Kind: 3, Index: 1})
		g.hotbarSet(1)
		for _, bad := range [][2]uint32{{7, 0}, {1, 139}, {1, 0}, {3, 120}, {4, 2048}, {0, 1}, {300, 1}, {2, 70000}} {
			g.setHotbar(1, &databasev1.HotbarSlot{Slot: 5, Kind: bad[0], Index: bad[1]})
			if diff := cmp.Diff([][3]uint32{{5, 3, 1}}, g.hotbarSet(1)); diff != "" {
				t.Errorf("kind %d, index %d (-want +got):\n%s", bad[0], bad[1], diff)
			}
		}
		g.setHotbar(1, &databasev1.HotbarSlot{Slot: 32, Kind: 3, Index: 1})
		if got := g.hotbarSet(1); got != nil {
			t.Errorf("a place that is not there is told of: %v", got)
		}
	})
}

// A quick bar that was changed while the store was away is not lost.
func TestAQuickBarWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		chars.set(func(c *characters) { c.deaf = true })
		for i := range uint32(3) { // the answers to saves of the first are lost
			g.setHotbar(1, &databasev1.HotbarSlot{Slot: i, Kind: 3, Index: i})
			g.hotbarSet(1)
			time.Sleep(5 * time.Second)
		}
		chars.set(func(c *characters) { c.deaf = false })
		g.leave(1)
		g.left(1)
		want := store.Hotbar{{Kind: 3}, {Kind: 3, Index: 1}, {Kind: 3, Index: 2}}
		if row := chars.row(1); row.Hotbar != want {
			t.Errorf("stored is %v", row.Hotbar)
		}
	})
}

// Gateways may be upgraded before the world: what it does not know yet, it
// passes by, and the stream goes on.
func TestMessagesOfANewerGatewayArePassedBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		newer := &worldv1.ConnectRequest{}
		newer.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 1000, protowire.BytesType), []byte("x")))
		if err := protovalidate.Validate(newer); err != nil {
			t.Errorf("the edge ends the stream: %v", err)
		}
		g.send(1, newer)
		g.send(1, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Toggle{Toggle: &worldv1.Toggle{Kind: 99}}})
		g.say(1, 99, "", "a channel of tomorrow")
		g.fence(1)
		if n := s.Status().Players; n != 1 {
			t.Errorf("%d players are left", n)
		}
	})
}
