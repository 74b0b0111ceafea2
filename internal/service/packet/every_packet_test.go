package packet_test

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
)

// leaving ends a stage or belongs to its beginning.
var leaving = map[uint16]bool{0x703: true, 0x707: true, 0x708: true, 0x70a: true, 0x70b: true, 0x715: true, 0x71c: true, 0x753: true}

// smallestAndLargest are the packets of a row at both ends of its sizes; the
// payload is of zeros.
func smallestAndLargest(r packets.Row) [][]byte {
	var list [][]byte
	for _, size := range []int{r.MinSize, r.MaxSize} {
		b := make([]byte, size)
		b[0], b[1], b[2], b[3] = byte(size), byte(size>>8), byte(r.Command), byte(r.Command>>8)
		if _, err := packets.Decode(r.Stage, packets.Client, b); err == nil {
			list = append(list, b)
		}
	}
	return list
}

// everything sends all that the client may send in a state but what leaves it.
func (c *client) everything(state string) {
	c.t.Helper()
	n := 0
	for _, e := range packet.Effects() {
		if e.Stage != c.stage || !slices.Contains(e.States, state) || leaving[e.Command] {
			continue
		}
		row, _ := packets.Lookup(c.stage, packets.Client, e.Command)
		sent := smallestAndLargest(row)
		if len(sent) == 0 {
			c.t.Errorf("%s was not sent", row.Name)
		}
		for _, plain := range sent {
			c.write(c.sealPlain(plain))
			n++
		}
	}
	if n == 0 {
		c.t.Fatalf("nothing was sent in the state %q of the %s stage", state, c.stage)
	}
}

// unknown sends every command of the block that nobody knows.
func (c *client) unknown() {
	c.t.Helper()
	for command := range 0x100 {
		if !packets.Known(uint16(0x700 + command)) {
			c.write(c.sealPlain([]byte{8, 0, byte(command), 7, 0, 0, 1, 2}))
		}
	}
}

// until reads packets up to the first P.
func until[P packets.Packet](c *client) P {
	c.t.Helper()
	for {
		if p, ok := c.next().(P); ok {
			return p
		}
	}
}

// fast lets a client send all at once.
func fast(c *packet.Config) {
	c.PlayPerSecond, c.PlayBurst, c.UnknownBurst = 10000, 10000, 1000
}

// TestNobodyIsPutOutForAPacket sends every packet of the client's list in every
// state in which a client is there, and what nobody knows.
func TestNobodyIsPutOutForAPacket(t *testing.T) {
	t.Run("login", func(t *testing.T) {
		g := start(t, fast)
		c := g.dial(packets.Login)
		c.send(&packets.AcceptRequest{})
		expect[*packets.NetworkStatus](c)
		c.everything("accepted")
		c.unknown()
		c.send(&packets.LoginRequest{Secret: secret, User: "alice"})
		expect[*packets.LoginReply](c)
		c.everything("signed in")
		c.unknown()
		c.send(&packets.SelectServerRequest{Channel: 1})
		until[*packets.SelectServerReply](c)
		c.everything("handed over")
		c.unknown()
		_ = c.nc.(*net.TCPConn).CloseWrite()
		g.closed(packets.Login, "client_gone", 1)
	})
	t.Run("world", func(t *testing.T) {
		g := start(t, fast)
		c := g.choose()
		c.everything("choosing")
		c.unknown()
		c.send(&packets.CreateCharacterRequest{Name: "Aria"})
		for until[*packets.CreateCharacterReply](c).Result != packets.CreateOK {
		}
	})
	t.Run("game", func(t *testing.T) {
		g := start(t, fast)
		world, game, player := g.joinGame()
		game.everything("joined")
		game.unknown()
		game.send(&packets.JoinZoneRequest{})
		game.everything("entering")
		game.unknown()
		// Its answer says that all before it was taken in: the world enters a
		// player who has asked for it.
		game.send(&packets.SetHotbarRequest{Slot: 31, Entry: packets.HotbarSlot{Kind: packets.HotbarEmote, Index: 1}})
		for until[*packets.SetHotbar](game).Slot != 31 {
		}
		g.entered(player, 5)
		until[*packets.JoinZoneReply](game)
		game.everything("playing")
		game.unknown()
		world.everything("playing")
		world.unknown()
		world.send(&packets.CharacterListRequest{})
		until[*packets.CharacterListReply](world)
		game.send(&packets.ChatRequest{Text: "still here"})
		for g.fromGateway().GetSay().GetText() != "still here" {
		}
	})
}

func TestUnknownCommandsHaveABudget(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.UnknownPerSecond, c.UnknownBurst = 1, 3 })
	_, game, _ := g.enter()
	var b []byte
	for range 40 {
		b = append(b, game.sealPlain([]byte{6, 0, 0xfe, 7, 0, 0})...)
	}
	_, _ = game.nc.Write(b) // may be closed before all is written
	game.expectEnd()
	g.closed(packets.Game, "too_many_unknown", 1)
	g.stillServes()
}

// TestAnUnknownCommandOnAFreshConnection is none of a client of this protocol.
func TestAnUnknownCommandOnAFreshConnection(t *testing.T) {
	g := start(t, nil)
	for _, st := range []packets.Stage{packets.Login, packets.World, packets.Game} {
		c := g.dial(st)
		c.write(c.sealPlain([]byte{6, 0, 0xfe, 7, 0, 0}))
		c.expectEnd()
		g.closed(st, "unknown", 1)
	}
}

// TestWhatIsNotThereIsAnswered: the client is put right at once.
func TestWhatIsNotThereIsAnswered(t *testing.T) {
	g := start(t, nil)
	_, game, _ := g.enter()
	slot := func(n uint16) *uint16 { return &n }
	weapon := packets.SlotItem{Slot: packets.SlotWeapon, Item: packets.FullItem{
		Type: packets.ItemWeapon, Number: 202, Crafted: true, Gem: 301, Durability: 43, Life: 987, Socket: true, Appraised: true, Grade: 4,
	}}
	const bag = packets.SlotBag + packets.BagPage
	potions := packets.SlotItem{Slot: bag, Item: packets.FullItem{Type: packets.ItemConsumable, Number: 17, Quantity: 999}}
	arms := packets.SlotItem{Slot: packets.SlotVehicle + 3, Item: packets.FullItem{Type: packets.ItemVehicle, Number: 1, Life: 1000}}
	update := func(items ...packets.SlotItem) packets.Packet { return &packets.InventoryUpdate{Items: items} }
	for _, tc := range []struct{ send, want packets.Packet }{
		{&packets.EquipRequest{Place: packets.SlotWeapon}, update(weapon)},
		{&packets.EquipRequest{Place: packets.SlotWeapon, Slot: slot(0)}, update(weapon)},
		{&packets.EquipRequest{Place: packets.SlotBody, Slot: slot(bag)}, update(packets.SlotItem{Slot: packets.SlotBody}, potions)},
		{&packets.EquipRequest{Place: packets.SlotWeapon, Slot: slot(139)}, update(weapon)},
		{&packets.UseItemRequest{Slot: bag}, update(potions)},
		{&packets.DropItemRequest{Slot: bag, Quantity: 1}, update(potions)},
		{&packets.DropItemRequest{Quantity: 5}, &packets.MoneyUpdate{Money: 12}},
		{&packets.AmmoRequest{Ammo: 1, Slot: bag}, update(packets.SlotItem{Slot: packets.SlotAmmo + 1}, potions)},
		{&packets.BankMoveRequest{Kind: packets.BankPut, Slot: bag}, update(potions)},
		{&packets.CraftRequest{Kind: packets.CraftGem, Tool: packets.SlotWeapon, Slot: bag}, update(potions, weapon)},
		{&packets.CraftRequest{Kind: packets.CraftUpgradeNPC, Tool: 900, Slot: packets.SlotWeapon, Materials: [3]uint8{bag}}, update(weapon, potions)},
		{&packets.VehiclePartRequest{Part: 3}, update(arms)},
		{&packets.RepairRequest{Tool: bag, Slot: packets.SlotWeapon}, update(potions, weapon)},
		{&packets.RepairNPCRequest{NPC: 900, Slot: packets.SlotWeapon}, update(weapon)},
		{&packets.SetHotbarRequest{Slot: 3, Entry: packets.HotbarSlot{Kind: packets.HotbarSkill, Index: 32}},
			&packets.SetHotbar{Slot: 3, Entry: packets.HotbarSlot{Kind: packets.HotbarSkill, Index: 32}}},
		{&packets.ShopRequest{NPC: 900}, &packets.ShopResult{Result: packets.ShopNoNPC}},
		{&packets.PickUpRequest{Drop: 900}, &packets.PickUpResult{Drop: 900, Result: packets.PickUpGone}},
		{&packets.RaiseSkillRequest{Slot: 1, Skill: 2}, &packets.RaiseSkillResult{Result: packets.RaiseSkillFailed, SkillPoints: 4}},
		{&packets.CastSelfRequest{Slot: 1}, &packets.CastCancelled{Entity: 5, Reason: packets.CastNoAbility}},
		{&packets.CastTargetRequest{Target: 9, Slot: 1}, &packets.CastCancelled{Entity: 5, Reason: packets.CastNoAbility}},
		{&packets.CastPositionRequest{Slot: 1}, &packets.CastCancelled{Entity: 5, Reason: packets.CastNoAbility}},
		{&packets.StoreListRequest{Store: 9}, &packets.StoreClosed{Entity: 9}},
		{&packets.StoreBuyRequest{Store: 9}, &packets.StoreClosed{Entity: 9}},
		{&packets.PartyRequest{Kind: packets.PartyCreate, Target: 9}, &packets.PartyReply{Kind: packets.PartyReplyRefuse, Target: 9}},
		{&packets.PartyRequest{Kind: packets.PartyInvite, Target: 9}, &packets.PartyReply{Kind: packets.PartyReplyRefuse, Target: 9}},
		{&packets.PartyRequest{Kind: packets.PartyLeave}, &packets.PartyReply{Kind: packets.PartyReplyDeleted}},
		{&packets.PartyRulesRequest{Rules: 1}, &packets.PartyReply{Kind: packets.PartyReplyDeleted}},
	} {
		game.send(tc.send)
		if diff := cmp.Diff(tc.want, game.next()); diff != "" {
			t.Errorf("%T %+v is answered (-want +got):\n%s", tc.send, tc.send, diff)
		}
	}
}

// TestEmotesHaveABudget: beyond it they are dropped, and the player goes on.
func TestEmotesHaveABudget(t *testing.T) {
	g := start(t, nil)
	_, game, _ := g.enter()
	const burst = 4
	motions := func() (list []uint32) {
		game.send(&packets.ChatRequest{Text: "over"})
		for {
			m := g.fromGateway()
			if m.GetSay() != nil {
				return list
			}
			list = append(list, m.GetEmote().GetMotion())
		}
	}
	g.advance(time.Hour) // the clock stands for the while of a burst
	for i := range 3 * burst {
		game.send(&packets.EmoteRequest{Motion: uint16(i)})
	}
	if got := motions(); len(got) < burst || len(got) >= 3*burst || !slices.Equal(got[:burst], []uint32{0, 1, 2, 3}) {
		t.Errorf("of %d emotes at once the world got %v", 3*burst, got)
	}
	g.advance(time.Second)
	game.send(&packets.EmoteRequest{Motion: 99})
	if got := motions(); !slices.Equal(got, []uint32{99}) {
		t.Errorf("a second later the world got %v", got)
	}
}

func TestALoginNameInAnotherCodePage(t *testing.T) {
	g := start(t, func(c *packet.Config) { c.LoginAttempts = 2 })
	c := g.dial(packets.Login)
	c.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](c)
	plain := append([]byte{40, 0, 8, 7, 0, 0}, secret...)
	for range 2 {
		c.write(c.sealPlain(append(plain, 0xe4, 0)))
		if r := expect[*packets.LoginReply](c); r.Result != packets.LoginWrongPassword {
			t.Errorf("it is answered with %d", r.Result)
		}
	}
	c.expectEnd()
	g.closed(packets.Login, "refused", 1)
}
