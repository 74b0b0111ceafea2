package packets_test

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// layout is a packet and its bytes, written out by hand.
type layout struct {
	stage packets.Stage
	from  packets.Side
	p     packets.Packet
	want  string
}

// layouts are for the rows without a vector and for the optional parts that no
// vector has.
func layouts() []layout {
	const (
		headOf   = "0100" + "00000000" + "00000000" + "00000000" + "00000000" + "0000" + "0000" + "00" + "ffffffff" + "02000000"
		allFlags = "d0030000"
	)
	return []layout{
		{packets.Game, packets.Client, &packets.WhisperRequest{To: "Bo", Text: "hi"}, "0c0084070000" + "426f00" + "686900"},
		{packets.Game, packets.Client, &packets.ShoutRequest{Text: "hi"}, "090085070000" + "686900"},
		{packets.Game, packets.Client, &packets.StopRequest{X: 1, Y: -2, Z: 0x102}, "100096070000" + "0000803f" + "000000c0" + "0201"},
		{packets.Game, packets.Client, &packets.ClanCommand{Kind: 8}, "0700e0070000" + "08"},
		{packets.Game, packets.Server, &packets.ReturnToSelect{}, "06001c070000"},
		{packets.Game, packets.Server, &packets.Whisper{From: "Bo"}, "0a0084070000" + "426f00" + "00"},
		{packets.Game, packets.Server, &packets.Announce{Text: "a", Name: "b"}, "0a0002070000" + "6100" + "6200"},
		{packets.World, packets.Server, &packets.DeleteCharacterReply{Seconds: packets.DeleteFailed}, "0b0014070000" + "ffffffff" + "00"},
		{packets.Game, packets.Client, &packets.ShopRequest{NPC: 0x102, EconomyTime: 7, Buys: []packets.ShopBuy{{Tab: 1, Row: 2, Quantity: 0x304}}, Sells: []packets.ShopSell{{Slot: 12, Quantity: 3}}}, "1500a107" + "0000" + "0201010107000000010204030c0300"},
		{packets.Game, packets.Client, &packets.UseItemRequest{Slot: 46}, "0800a307" + "0000" + "2e00"},
		{packets.Game, packets.Client, &packets.EquipRequest{Place: packets.SlotBody}, "0800a507" + "0000" + "0300"},
		{packets.Game, packets.Client, &packets.EquipRequest{Place: packets.SlotBody, Slot: new(uint16)}, "0a00a507" + "0000" + "03000000"},
		{packets.Game, packets.Client, &packets.WarpGateRequest{Gate: 1, At: &packets.GatePlace{X: 1, Y: -2}}, "1000a807" + "0000" + "01000000803f000000c0"},
		{packets.Game, packets.Client, &packets.BankOpenRequest{}, "0700ad07" + "0000" + "00"},
		{packets.Game, packets.Client, &packets.BankMoveRequest{Kind: packets.BankTake, Slot: 5, Item: packets.FullItem{Type: packets.ItemConsumable, Number: 1, Quantity: 42}}, "0e00ae07" + "0000" + "01052a002a000000"},
		{packets.Game, packets.Client, &packets.BankMoveRequest{Slot: 46, Premium: new(uint8)}, "0f00ae07" + "0000" + "002e00000000000000"},
		{packets.Game, packets.Client, &packets.RaiseSkillRequest{Slot: 32, Skill: 0x102}, "0900b107" + "0000" + "200201"},
		{packets.Game, packets.Client, &packets.CraftRequest{Kind: packets.CraftGem, Tool: 7, Slot: 12}, "0900bc07" + "0000" + "01070c"},
		{packets.Game, packets.Client, &packets.CraftRequest{Kind: packets.CraftBreak, Tool: 32, Slot: 12}, "0900bc07" + "0000" + "02200c"},
		{packets.Game, packets.Client, &packets.CraftRequest{Kind: packets.CraftBreakNPC, Tool: 0x102, Slot: 12}, "0a00bc07" + "0000" + "0302010c"},
		{packets.Game, packets.Client, &packets.CraftRequest{Kind: packets.CraftUpgrade, Tool: 32, Slot: 12, Materials: [3]uint8{1, 2, 3}}, "0c00bc07" + "0000" + "04200c010203"},
		{packets.Game, packets.Client, &packets.CraftRequest{Kind: packets.CraftUpgradeNPC, Tool: 0x102, Slot: 12, Materials: [3]uint8{1, 2, 3}}, "0d00bc07" + "0000" + "0502010c010203"},
		{packets.Game, packets.Client, &packets.CraftRequest{Kind: 9, Args: []byte{1, 2}}, "0900bc07" + "0000" + "090102"},
		{packets.Game, packets.Client, &packets.StoreListRequest{Store: 0x102}, "0800c407" + "0000" + "0201"},
		{packets.Game, packets.Client, &packets.StoreBuyRequest{Store: 0x102, Items: []packets.StoreItem{{Place: 3, Item: packets.FullItem{Type: packets.ItemConsumable, Number: 1, Quantity: 42}}}}, "1000c507" + "0000" + "020101032a002a000000"},
		{packets.Game, packets.Client, &packets.RepairRequest{Tool: 46, Slot: 7}, "0a00cb07" + "0000" + "2e000700"},
		{packets.Game, packets.Client, &packets.RepairNPCRequest{NPC: 0x102, Slot: 7}, "0a00cd07" + "0000" + "02010700"},
		{packets.Game, packets.Server, &packets.RaiseSkillResult{Result: packets.RaiseSkillFailed, Slot: 2, Skill: 0x102, SkillPoints: 5}, "0c00b107" + "0000" + "010202010500"},
		{packets.Game, packets.Server, &packets.CastCancelled{Entity: 0x102, Reason: packets.CastWrongTarget}, "0900bd07" + "0000" + "020103"},
		{packets.Game, packets.Server, &packets.StoreClosed{Entity: 0x102}, "0800c307" + "0000" + "0201"},
		{packets.Game, packets.Client, &packets.KeepAlive{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08000007" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.KeepAlive{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08000007" + "0000" + "0102"},
		{packets.Login, packets.Client, &packets.KeepAlive{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08000007" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.SetWeightRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08006207" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.PartyChatRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08008607" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ClanChatRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08008707" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.ClanChatRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08008707" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.Unnamed79e{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08009e07" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.Unnamed79e{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08009e07" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.HPRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "08009f07" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ProduceRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800af07" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.AppraiseRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800ba07" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.WishListRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800bf07" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.TradeRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800c007" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.TradeItemRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800c107" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.OpenStoreRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800c207" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.CloseStoreRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800c307" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.StoreSellRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800c607" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ProduceReport{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800d807" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.Unnamed7d9{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800d907" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.BankMoneyRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800da07" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.RideRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800dd07" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.MessengerCommand{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e107" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.MessengerCommand{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e107" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.MessengerChatRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e207" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.MessengerChatRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e207" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ChatRoomCommand{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e307" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.ChatRoomCommand{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e307" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ChatRoomRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e407" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.ChatRoomRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e407" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.MemoCommand{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e507" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.MemoCommand{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e507" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.SetClanMarkRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e607" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.SetClanMarkRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e607" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ClanMarkRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e707" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.ClanMarkRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e707" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ClanMarkTimeRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e807" + "0000" + "0102"},
		{packets.World, packets.Client, &packets.ClanMarkTimeRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800e807" + "0000" + "0102"},
		{packets.Game, packets.Client, &packets.ScreenshotRequest{Unconfirmed: packets.Unconfirmed{Payload: []byte{1, 2}}}, "0800eb07" + "0000" + "0102"},
		{packets.Game, packets.Server, &packets.SpawnMonster{
			Head:   packets.SpawnHead{Entity: 1, HP: -1, Team: 2, StatusFlags: 0x3d0},
			Status: packets.StatusValues{MaxHP: 1, SpeedUp: 2, SpeedDown: 3, AttackSpeedUp: 4, AttackSpeedDown: 5},
		}, "370092070000" + headOf + allFlags + "00000000" + "01000200030004000500"},
	}
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	for _, tc := range layouts() {
		plain, err := packets.Append(nil, tc.p)
		if err != nil || hex.EncodeToString(plain) != tc.want {
			t.Errorf("%T: %x, %v, want %s", tc.p, plain, err, tc.want)
			continue
		}
		back, err := packets.Decode(tc.stage, tc.from, plain)
		if diff := cmp.Diff(tc.p, back); err != nil || diff != "" {
			t.Errorf("%T: %v\n%s", tc.p, err, diff)
		}
	}
}

// TestEveryRowHasBytes: the round trip of a packet says nothing about where its
// fields lie, so each row has a vector or a layout.
func TestEveryRowHasBytes(t *testing.T) {
	t.Parallel()
	type key struct {
		stage packets.Stage
		from  packets.Side
		cmd   uint16
	}
	covered := map[key]bool{}
	for _, v := range loadVectors(t) {
		covered[key{v.stage, v.from, v.cmd}] = true
	}
	for _, l := range layouts() {
		covered[key{l.stage, l.from, l.p.Command()}] = true
	}
	for _, r := range packets.Rows() {
		if !covered[key{r.Stage, r.From, r.Command}] {
			t.Errorf("%s %s %s has neither a vector in testdata nor a layout", r.Stage, r.From, r.Name)
		}
	}
}
