package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// packet returns a plain packet of size bytes with a payload drawn from rnd.
func packet(rnd *rand.Rand, command uint16, size int) []byte {
	p := wire.AppendHeader(nil, wire.Header{Size: uint16(size), Command: command})
	for len(p) < size {
		p = append(p, byte(rnd.Uint32()))
	}
	return p
}

// TestRoundTripEverySize seals and opens packets of each size there is, with
// all offsets, in both directions and in place.
func TestRoundTripEverySize(t *testing.T) {
	t.Parallel()
	tables, err := wire.SeededTables(0xC0FFEE)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for size := wire.HeaderSize; size <= wire.MaxPacketSize; size++ {
		for _, dir := range []wire.Direction{wire.ClientToServer, wire.ServerToClient} {
			plain := packet(rnd, uint16(rnd.UintN(0x800)), size)
			sc := wire.Scramble{Offset: uint16(rnd.UintN(2048)), Row: uint8(rnd.UintN(16))}
			if dir == wire.ClientToServer {
				sc.Padding = packet(rnd, 0, 16)[6 : 6+min(rnd.IntN(8), wire.MaxPacketSize-size)]
			}
			sealed, err := tables.Seal(nil, plain, dir, sc)
			if err != nil {
				t.Fatalf("%s %d bytes: seal: %v", dir, size, err)
			}
			inPlace, err := tables.Seal(bytes.Clone(plain)[:0], plain, dir, sc)
			if err != nil || !bytes.Equal(inPlace, sealed) {
				t.Fatalf("%s %d bytes: sealed in place %x, %v, else %x", dir, size, inPlace, err, sealed)
			}
			got, _, err := tables.Open(sealed[:0], sealed, dir)
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("%s %d bytes: came back as %x, %v", dir, size, got, err)
			}
		}
	}
}

// TestDamageIsSeen flips every bit of a packet. CRC-8 sees every single flip
// in what it covers; a flip in the head may also decode to another head that
// happens to agree, so of those only most are seen.
func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	tables := wire.DefaultTables()
	plain := packet(rand.New(rand.NewPCG(3, 4)), 0x708, 60)
	for _, dir := range []wire.Direction{wire.ClientToServer, wire.ServerToClient} {
		sealed, err := tables.Seal(nil, plain, dir, wire.Scramble{})
		if err != nil {
			t.Fatal(err)
		}
		missed := 0
		for bit := range len(sealed) * 8 {
			bad := bytes.Clone(sealed)
			bad[bit/8] ^= 1 << (bit % 8)
			_, _, err := tables.Open(nil, bad, dir)
			switch {
			case err == nil && bit >= 40:
				t.Errorf("%s: flip of bit %d went unseen", dir, bit)
			case err == nil:
				missed++
			case bit >= 40 && !errors.Is(err, wire.ErrChecksum):
				t.Errorf("%s: flip of bit %d: %v, want ErrChecksum", dir, bit, err)
			}
		}
		if missed > 2 {
			t.Errorf("%s: %d of 40 flips in the head went unseen", dir, missed)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	tables := wire.DefaultTables()
	rnd := rand.New(rand.NewPCG(5, 6))
	good := packet(rnd, 0x703, 10)
	with := func(at int, b byte) []byte {
		p := bytes.Clone(good)
		p[at] = b
		return p
	}
	for name, tc := range map[string]struct {
		plain []byte
		dir   wire.Direction
		sc    wire.Scramble
		want  error
	}{
		"no header":         {good[:5], wire.ServerToClient, wire.Scramble{}, wire.ErrSize},
		"wrong size":        {good[:9], wire.ServerToClient, wire.Scramble{}, wire.ErrSize},
		"too large":         {packet(rnd, 1, 2048), wire.ServerToClient, wire.Scramble{}, wire.ErrSize},
		"command":           {with(3, 8), wire.ServerToClient, wire.Scramble{}, wire.ErrHeader},
		"spare byte":        {with(4, 1), wire.ServerToClient, wire.Scramble{}, wire.ErrHeader},
		"offset":            {good, wire.ServerToClient, wire.Scramble{Offset: 2048}, wire.ErrOffsets},
		"row":               {good, wire.ServerToClient, wire.Scramble{Row: 16}, wire.ErrOffsets},
		"extra":             {good, wire.ServerToClient, wire.Scramble{Extra: 8}, wire.ErrOffsets},
		"server pads":       {good, wire.ServerToClient, wire.Scramble{Padding: []byte{1}}, wire.ErrPadding},
		"client says extra": {good, wire.ClientToServer, wire.Scramble{Extra: 1}, wire.ErrPadding},
		"too much padding":  {good, wire.ClientToServer, wire.Scramble{Padding: make([]byte, 8)}, wire.ErrPadding},
		"padded too large":  {packet(rnd, 1, 2047), wire.ClientToServer, wire.Scramble{Padding: []byte{1}}, wire.ErrSize},
	} {
		got, err := tables.Seal([]byte("x"), tc.plain, tc.dir, tc.sc)
		if !errors.Is(err, tc.want) || string(got) != "x" {
			t.Errorf("%s: %q, %v; want %v and nothing appended", name, got, err, tc.want)
		}
	}
	sealed, err := tables.Seal(nil, good, wire.ClientToServer, wire.Scramble{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range sealed {
		if _, _, err := tables.Open(nil, sealed[:n], wire.ClientToServer); !errors.Is(err, wire.ErrSize) {
			t.Errorf("opened %d of %d bytes: %v, want ErrSize", n, len(sealed), err)
		}
	}
}

// TestSealerFollowsTheIndex sends more packets than the index has entries.
func TestSealerFollowsTheIndex(t *testing.T) {
	t.Parallel()
	tables := wire.DefaultTables()
	rnd := rand.New(rand.NewPCG(7, 8))
	client, server := wire.NewSealer(tables, wire.ClientToServer), wire.NewSealer(tables, wire.ServerToClient)
	var padded int
	for n := range 1100 {
		if n == 600 {
			client.Pad(rnd)
		}
		plain := packet(rnd, 0x79a, 18)
		if n%97 == 0 { // a refused packet does not count
			if _, err := client.Append(nil, plain[:17]); !errors.Is(err, wire.ErrSize) {
				t.Fatalf("packet %d: %v", n, err)
			}
		}
		sealed, err := client.Append(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		h := tables.OpenHead(sealed, wire.ClientToServer)
		if h.Offset != tables.IndexAt(n) {
			t.Fatalf("packet %d: offset %d, want %d", n, h.Offset, tables.IndexAt(n))
		}
		if n < 600 && (h.Extra != 0 || h.Row != 0) {
			t.Fatalf("packet %d is padded: %+v", n, h)
		}
		padded += int(h.Extra)
		if got, _, err := tables.Open(nil, sealed, wire.ClientToServer); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("packet %d: %x, %v", n, got, err)
		}
		out, err := server.Append(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		if h := tables.OpenHead(out, wire.ServerToClient); h != (wire.Head{Length: 18, Command: 0x79a}) {
			t.Fatalf("server's packet %d: %+v, want A = T = E = 0", n, h)
		}
	}
	if padded == 0 {
		t.Error("Pad has no effect")
	}
	client.Pad(rnd) // the largest packet has no room for padding
	for range 20 {
		if _, err := client.Append(nil, packet(rnd, 1, wire.MaxPacketSize)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSealDoesNotAllocate(t *testing.T) {
	tables := wire.DefaultTables()
	plain := packet(rand.New(rand.NewPCG(9, 1)), 0x783, 200)
	buf := make([]byte, 0, 512)
	sealer := wire.NewSealer(tables, wire.ServerToClient)
	if n := testing.AllocsPerRun(100, func() {
		sealed, err := sealer.Append(buf, plain)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := tables.Open(sealed[:0], sealed, wire.ServerToClient); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a packet sealed and opened, want none", n)
	}
}

// FuzzSealOpen seals any payload with any offsets, opens it, and opens the
// raw bytes as they are.
func FuzzSealOpen(f *testing.F) {
	tables := wire.DefaultTables()
	f.Add([]byte("payload"), uint16(0x708), uint16(256), uint8(4), uint8(3), true)
	f.Add([]byte{}, uint16(0x7ff), uint16(2047), uint8(15), uint8(7), false)
	f.Fuzz(func(t *testing.T, payload []byte, command, offset uint16, row, pad uint8, client bool) {
		dir := wire.ServerToClient
		sc := wire.Scramble{Offset: offset % 2048, Row: row % 16}
		if client {
			dir, sc.Padding = wire.ClientToServer, make([]byte, pad%8)
		}
		if len(payload) >= wire.HeaderSize {
			_, _, _ = tables.Open(nil, payload, dir) // must not panic
		}
		payload = payload[:min(len(payload), wire.MaxPacketSize-wire.HeaderSize-len(sc.Padding))]
		plain := wire.AppendHeader(nil, wire.Header{Size: uint16(wire.HeaderSize + len(payload)), Command: command % 0x800})
		plain = append(plain, payload...)
		sealed, err := tables.Seal(nil, plain, dir, sc)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := tables.Open(nil, sealed, dir)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x came back as %x, %v", plain, got, err)
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	tables := wire.DefaultTables()
	for _, size := range []int{22, 1024} {
		plain := packet(rand.New(rand.NewPCG(1, 1)), 0x79a, size)
		buf := make([]byte, 0, 2048)
		sealed, err := tables.Seal(nil, plain, wire.ServerToClient, wire.Scramble{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("seal/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tables.Seal(buf, plain, wire.ServerToClient, wire.Scramble{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("open/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := tables.Open(buf, sealed, wire.ServerToClient); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
