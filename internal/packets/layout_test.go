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
