package packets_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// cut returns the first n bytes of a packet with the size corrected.
func cut(plain []byte, n int) []byte {
	b := bytes.Clone(plain[:n])
	if n >= 2 {
		binary.LittleEndian.PutUint16(b, uint16(n))
	}
	return b
}

// TestTruncatedVectors cuts every vector at every length. A cut packet is
// refused but where it ends before an optional tail or between the elements
// of a list that runs to the end; those sizes are listed.
func TestTruncatedVectors(t *testing.T) {
	t.Parallel()
	legal := map[string][]int{
		"login_reply_ok_one":   {11},
		"login_reply_ok_three": {11, 21, 35},
		"move_toggle":          {9},
		"spawn_character":      {124},
	}
	for _, v := range loadVectors(t) {
		if _, ok := packets.Lookup(v.stage, v.from, v.cmd); !ok {
			continue
		}
		var got []int
		for n := range v.plain {
			if p, err := packets.Decode(v.stage, v.from, cut(v.plain, n)); err == nil {
				got = append(got, n)
				if back, err := packets.Append(nil, p); err != nil || !bytes.Equal(back, cut(v.plain, n)) {
					t.Errorf("%s cut to %d bytes became %x, %v", v, n, back, err)
				}
			}
		}
		var want []int
		for _, n := range legal[v.Name] {
			if n < len(v.plain) {
				want = append(want, n)
			}
		}
		switch {
		case v.cmd == 0x794: // a list of two-byte ids
			for n := 6; n < len(v.plain); n += 2 {
				want = append(want, n)
			}
		case v.from == packets.Client && (v.cmd == 0x7a3 || v.cmd == 0x7a5 || v.cmd == 0x7ca): // the second slot may be left out
			want = append(want, 8)
		case v.cmd == 0x7e0: // the arguments are not looked into
			for n := 7; n < len(v.plain); n++ {
				want = append(want, n)
			}
		case v.Name == "spawn_character" && len(v.plain) == 138: // a shop must be whole
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: sizes accepted after a cut (-legal +accepted)\n%s", v, diff)
		}
	}
}

// TestLengthened adds a byte to the vectors of packets of fixed layout.
func TestLengthened(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		row, ok := packets.Lookup(v.stage, v.from, v.cmd)
		if !ok || v.cmd == 0x7e0 {
			continue
		}
		long := cut(append(bytes.Clone(v.plain), 0), len(v.plain)+1)
		_, err := packets.Decode(v.stage, v.from, long)
		if err == nil {
			t.Errorf("%s: accepted with a byte more", v)
		} else if !strings.Contains(err.Error(), fmt.Sprintf("0x%x", v.cmd)) || !strings.Contains(err.Error(), row.Name) {
			t.Errorf("%s: error does not name the packet: %v", v, err)
		}
	}
}

func mustAppend(t *testing.T, p packets.Packet) []byte {
	t.Helper()
	b, err := packets.Append(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRefusedValues asks both directions to refuse what a packet cannot carry.
func TestRefusedValues(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	nan := float32(math.NaN())
	for name, tc := range map[string]struct {
		p    packets.Packet
		want error
	}{
		"user name too long":      {&packets.LoginRequest{User: long(packets.MaxUserName + 1)}, wire.ErrText},
		"secret too long":         {&packets.LoginRequest{Secret: packets.Secret(long(33))}, wire.ErrText},
		"zero byte inside":        {&packets.ChatRequest{Text: "a\x00b"}, wire.ErrText},
		"not UTF-8":               {&packets.ChatRequest{Text: "\xff"}, wire.ErrText},
		"chat too long":           {&packets.ChatRequest{Text: long(packets.MaxChatText + 1)}, wire.ErrText},
		"name too long":           {&packets.CreateCharacterRequest{Name: long(packets.MaxName + 1)}, wire.ErrText},
		"address too long":        {&packets.MoveServer{Address: long(packets.MaxAddress + 1)}, wire.ErrText},
		"too many servers":        {&packets.LoginReply{Servers: make([]packets.ServerEntry, packets.MaxServers+1)}, wire.ErrValue},
		"too many channels":       {&packets.ChannelListReply{Channels: make([]packets.ChannelEntry, packets.MaxChannels+1)}, wire.ErrValue},
		"too many characters":     {&packets.CharacterListReply{Characters: make([]packets.ListedCharacter, 6)}, wire.ErrValue},
		"too many removed":        {&packets.RemoveEntities{Entities: make([]uint16, packets.MaxRemoved+1)}, wire.ErrValue},
		"too many clan arguments": {&packets.ClanCommand{Args: make([]byte, packets.MaxClanArgs+1)}, wire.ErrSize},
		"deletion too far off":    {&packets.DeleteCharacterReply{Seconds: 3601}, wire.ErrValue},
		"not a number":            {&packets.MoveRequest{X: nan}, wire.ErrValue},
		"infinite":                {&packets.MoveRequest{Y: float32(math.Inf(-1))}, wire.ErrValue},
		"item number too high":    {inventoryWith(packets.FullItem{Type: packets.ItemWeapon, Number: 1024}), wire.ErrValue},
		"equipment in a stack":    {inventoryWith(packets.FullItem{Type: packets.ItemWeapon, Quantity: 1}), wire.ErrValue},
		"stack with grade":        {inventoryWith(packets.FullItem{Type: packets.ItemGem, Grade: 1}), wire.ErrValue},
		"unknown item type":       {inventoryWith(packets.FullItem{Type: 15}), wire.ErrValue},
		"item without a type":     {inventoryWith(packets.FullItem{Number: 1}), wire.ErrValue},
		"item in slot 0":          {&packets.Inventory{Items: [139]packets.FullItem{{Type: packets.ItemMoney, Quantity: 1}}}, wire.ErrValue},
		"shop without its flag":   {&packets.SpawnCharacter{Shop: &packets.Shop{}}, wire.ErrValue},
		"flag without its shop":   {&packets.SpawnCharacter{SubFlags: packets.SubShop}, wire.ErrValue},
		"clan position":           {&packets.SpawnCharacter{Clan: &packets.Clan{Position: 7}}, wire.ErrValue},
		"value without its flag":  {&packets.SpawnMonster{Status: packets.StatusValues{SpeedUp: 1}}, wire.ErrValue},
		"too many sales":          {&packets.ShopRequest{Sells: make([]packets.ShopSell, packets.MaxShopTrades+1)}, wire.ErrValue},
		"too many bought":         {&packets.StoreBuyRequest{Items: make([]packets.StoreItem, packets.MaxStoreItems+1)}, wire.ErrValue},
		"ammunition":              {&packets.AmmoRequest{Ammo: 4}, wire.ErrValue},
		"long keep-alive":         {&packets.KeepAlive{Unconfirmed: packets.Unconfirmed{Payload: make([]byte, packets.MaxKeepAlive+1)}}, wire.ErrSize},
		"quick bar slot":          {&packets.SetHotbar{Slot: 32}, wire.ErrValue},
	} {
		dst := []byte("before")
		got, err := packets.Append(dst, tc.p)
		if !errors.Is(err, tc.want) || string(got) != "before" {
			t.Errorf("%s: %q, %v; want %v and nothing appended", name, got, err, tc.want)
		}
	}
}

func inventoryWith(it packets.FullItem) packets.Packet {
	p := &packets.Inventory{}
	p.Items[packets.SlotBag] = it
	return p
}

// TestRefusedBytes changes one byte of a good packet to one that no encoder
// would write.
func TestRefusedBytes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stage packets.Stage
		from  packets.Side
		p     packets.Packet
		at    int
		b     byte
		want  error
	}{
		"bool":             {packets.World, packets.Client, &packets.DeleteCharacterRequest{Name: "A"}, 7, 2, wire.ErrValue},
		"text":             {packets.World, packets.Client, &packets.DeleteCharacterRequest{Name: "A"}, 8, 0xff, wire.ErrText},
		"no end":           {packets.World, packets.Client, &packets.DeleteCharacterRequest{Name: "A"}, 9, 'x', wire.ErrText},
		"early end":        {packets.World, packets.Client, &packets.DeleteCharacterRequest{Name: "A"}, 8, 0, wire.ErrTrailing},
		"padding":          {packets.Login, packets.Server, &packets.NetworkStatus{}, 34, 1, wire.ErrValue},
		"fill":             {packets.Login, packets.Client, &packets.LoginRequest{}, 20, 'x', wire.ErrText},
		"infinity":         {packets.Game, packets.Client, &packets.MoveRequest{X: float32(math.Float32frombits(0x7f000000))}, 10, 0x80, wire.ErrValue},
		"empty tail":       {packets.Game, packets.Server, &packets.MoveToggle{RunSpeed: 1}, 9, 0, wire.ErrValue},
		"empty name":       {packets.Game, packets.Server, &packets.Announce{Name: "A"}, 7, 0, wire.ErrValue},
		"empty item":       {packets.Game, packets.Server, &packets.Inventory{}, 100, 0x20, wire.ErrValue},
		"header":           {packets.World, packets.Client, &packets.CharacterListRequest{}, 5, 1, wire.ErrHeader},
		"other command":    {packets.World, packets.Client, &packets.CharacterListRequest{}, 2, 0x16, packets.ErrUnknown},
		"size":             {packets.World, packets.Client, &packets.CharacterListRequest{}, 0, 7, wire.ErrSize},
		"too many entries": {packets.World, packets.Server, &packets.CharacterListReply{}, 6, 6, wire.ErrValue},
	} {
		plain := mustAppend(t, tc.p)
		if _, err := packets.Decode(tc.stage, tc.from, plain); err != nil {
			t.Errorf("%s: refused before the change: %v", name, err)
		}
		plain[tc.at] = tc.b
		if _, err := packets.Decode(tc.stage, tc.from, plain); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// TestLargest holds MaxSize to packets whose text and lists are as long as
// their limits allow, found by growing every field of the zero value.
func TestLargest(t *testing.T) {
	t.Parallel()
	for _, r := range packets.Rows() {
		p := r.New()
		grow(reflect.ValueOf(p).Elem(), p)
		plain, err := packets.Append(nil, p)
		if err != nil || len(plain) != r.MaxSize {
			t.Errorf("%s: grown to %d bytes, %v; MaxSize is %d", r.Name, len(plain), err, r.MaxSize)
			continue
		}
		back, err := packets.Decode(r.Stage, r.From, plain)
		if diff := cmp.Diff(p, back); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", r.Name, err, diff)
		}
	}
}

// grow fills the text, lists and optional parts under v as far as p still
// encodes.
func grow(v reflect.Value, p packets.Packet) {
	fits := func() bool { _, err := packets.Append(nil, p); return err == nil }
	switch v.Kind() {
	case reflect.Struct:
		if s, ok := v.Addr().Interface().(*packets.SpawnHead); ok {
			s.StatusFlags = 0x3f0
			return
		}
		if s, ok := v.Addr().Interface().(*packets.SpawnCharacter); ok {
			s.SubFlags, s.Shop, s.Clan = packets.SubShop, &packets.Shop{}, &packets.Clan{}
		}
		if s, ok := v.Addr().Interface().(*packets.MoveToggle); ok {
			s.RunSpeed = 1
		}
		for i := range v.NumField() {
			grow(v.Field(i), p)
		}
	case reflect.Pointer:
		if v.IsNil() { // an optional end, or a part that a flag of the packet allows
			v.Set(reflect.New(v.Type().Elem()))
			if !fits() {
				v.SetZero()
				return
			}
		}
		grow(v.Elem(), p)
	case reflect.String:
		for n := 1; fits(); n++ {
			v.SetString(strings.Repeat("x", n))
		}
		v.SetString(v.String()[1:])
	case reflect.Slice:
		for n := 1; fits(); n++ {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		v.SetLen(v.Len() - 1)
		for i := range v.Len() {
			grow(v.Index(i), p)
		}
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	var s packets.Switches
	for _, n := range []int{0, 7, 8, 1023} {
		if s.Set(n, true); !s.Get(n) {
			t.Errorf("switch %d is off after Set", n)
		}
		if s.Set(n, false); s.Get(n) || s != (packets.Switches{}) {
			t.Errorf("switch %d is on after it was cleared", n)
		}
	}
	s.Set(-1, true)
	s.Set(1024, true)
	if s != (packets.Switches{}) || s.Get(-1) || s.Get(1024) {
		t.Error("a switch outside of 0–1023 was set")
	}
}

func TestSecretStaysOutOfLogs(t *testing.T) {
	t.Parallel()
	p := &packets.JoinRequest{Token: 7, Secret: "0123456789abcdef0123456789abcdef"}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("packet", "packet", p, "secret", p.Secret)
	text := out.String() + fmt.Sprintf("%v %+v %#v %s", p, p, p, p.Secret)
	if strings.Contains(text, "0123") {
		t.Errorf("the secret shows: %s", text)
	}
	if !strings.Contains(text, "[redacted]") {
		t.Errorf("nothing tells that a secret was there: %s", text)
	}
}

func TestLimitsFollowTheTable(t *testing.T) {
	t.Parallel()
	l := packets.Limits(packets.Login, packets.Client)
	if want := 6 + packets.SecretSize + packets.MaxUserName + 1; l.MaxSize != want {
		t.Errorf("largest packet to the login stage has %d bytes, want %d", l.MaxSize, want)
	}
	if lo, hi, ok := l.Check(0x708); !ok || lo != 39 || hi != 103 {
		t.Errorf("login request: %d to %d, %v", lo, hi, ok)
	}
	for _, cmd := range []uint16{0, 0x6ff, 0x712, 0x7fe, 0x800, 0xffff} {
		if _, _, ok := l.Check(cmd); ok {
			t.Errorf("0x%x accepted at the login stage", cmd)
		}
	}
	if _, ok := packets.Lookup(9, packets.Client, 0x703); ok {
		t.Error("a stage that does not exist has packets")
	}
}

// FuzzDecode checks that any bytes are refused or come back the same.
func FuzzDecode(f *testing.F) {
	for _, v := range loadVectors(f) {
		f.Add(uint8(v.stage), uint8(v.from), v.plain)
	}
	for _, r := range packets.Rows() {
		plain, err := packets.Append(nil, r.New())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(r.Stage), uint8(r.From), plain)
	}
	f.Fuzz(func(t *testing.T, stage, from uint8, plain []byte) {
		if len(plain) >= 6 && len(plain) <= wire.MaxPacketSize {
			binary.LittleEndian.PutUint16(plain, uint16(len(plain)))
			plain[4], plain[5] = 0, 0
		}
		p, err := packets.Decode(packets.Stage(stage%3), packets.Side(from%2), plain)
		if err != nil {
			return
		}
		if back, err := packets.Append(nil, p); err != nil || !bytes.Equal(back, plain) {
			t.Fatalf("%T: %x came back as %x, %v", p, plain, back, err)
		}
	})
}

func BenchmarkAppendMove(b *testing.B) {
	p := &packets.Move{Entity: 1, X: 1, Y: 2}
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := packets.Append(buf, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMove(b *testing.B) {
	plain, err := packets.Append(nil, &packets.MoveRequest{X: 1, Y: 2})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := packets.Decode(packets.Game, packets.Client, plain); err != nil {
			b.Fatal(err)
		}
	}
}
