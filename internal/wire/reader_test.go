package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// chunks gives at most n bytes a read.
type chunks struct {
	b []byte
	n int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.b[:min(c.n, len(c.b))])
	c.b = c.b[n:]
	return n, nil
}

// lent counts buffers that are out.
type lent struct{ out, taken int }

func (l *lent) Get(n int) []byte { l.out++; l.taken++; return make([]byte, n+3) }
func (l *lent) Put([]byte)       { l.out-- }

// TestReaderAtEveryBoundary reads a stream of padded packets in chunks of
// every size.
func TestReaderAtEveryBoundary(t *testing.T) {
	t.Parallel()
	tables := wire.DefaultTables()
	rnd := rand.New(rand.NewPCG(1, 1))
	client := wire.NewSealer(tables, wire.ClientToServer)
	client.Pad(rnd)
	var want [][]byte
	var stream []byte
	for _, size := range []int{6, 7, 44, 6, 18, 200} {
		plain := packet(rnd, 0x700+uint16(size), size)
		want = append(want, plain)
		var err error
		if stream, err = client.Append(stream, plain); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= len(stream); n++ {
		pool := &lent{}
		r := wire.NewReader(&chunks{bytes.Clone(stream), n}, tables, wire.ClientToServer, wire.Limits{}, pool)
		for i, plain := range want {
			got, err := r.ReadPacket()
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("chunks of %d: packet %d is %x, %v, want %x", n, i, got, err, plain)
			}
		}
		if _, err := r.ReadPacket(); !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("chunks of %d: the end is %v, want io.EOF", n, err)
		}
		if pool.out != len(want) {
			t.Fatalf("chunks of %d: %d buffers are out for %d packets", n, pool.out, len(want))
		}
	}
}

// TestReaderTakesNoMore: what follows a packet stays in the source.
func TestReaderTakesNoMore(t *testing.T) {
	t.Parallel()
	tables := wire.DefaultTables()
	sealed, err := tables.Seal(nil, packet(rand.New(rand.NewPCG(1, 1)), 0x703, 30), wire.ServerToClient, wire.Scramble{})
	if err != nil {
		t.Fatal(err)
	}
	src := bytes.NewReader(append(sealed, "next"...))
	if _, err := wire.NewReader(src, tables, wire.ServerToClient, wire.Limits{}, nil).ReadPacket(); err != nil {
		t.Fatal(err)
	}
	if rest, _ := io.ReadAll(src); string(rest) != "next" {
		t.Errorf("%q is left, want %q", rest, "next")
	}
}

// TestReaderRefusesFromTheHead: a packet that cannot be right is refused
// before any of its payload is read and before a buffer is taken.
func TestReaderRefusesFromTheHead(t *testing.T) {
	t.Parallel()
	tables := wire.DefaultTables()
	rnd := rand.New(rand.NewPCG(2, 2))
	seal := func(command uint16, size, padding int) []byte {
		b, err := tables.Seal(nil, packet(rnd, command, size), wire.ClientToServer, wire.Scramble{Padding: make([]byte, padding)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	limits := wire.Limits{MaxSize: 50, Check: func(cmd uint16) (int, int, bool) {
		if cmd == 0x70a {
			return 10, 30, true
		}
		return 10, 60, cmd == 0x708
	}}
	for name, tc := range map[string]struct {
		in   []byte
		want error
	}{
		"unknown command": {seal(0x709, 20, 0), wire.ErrCommand},
		"too small":       {seal(0x708, 9, 7), wire.ErrSize},
		"too large":       {seal(0x708, 51, 0), wire.ErrSize},
		"for its command": {seal(0x70a, 31, 0), wire.ErrSize},
		"no header":       {wire.SealHead(tables, wire.Head{Length: 5, Command: 0x708}, wire.ClientToServer), wire.ErrSize},
		"all padding":     {wire.SealHead(tables, wire.Head{Length: 12, Command: 0x708, Extra: 7}, wire.ClientToServer), wire.ErrPadding},
	} {
		pool := &lent{}
		src := bytes.NewReader(tc.in)
		r := wire.NewReader(src, tables, wire.ClientToServer, limits, pool)
		_, err := r.ReadPacket()
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if read := len(tc.in) - src.Len(); read != wire.HeaderSize || pool.taken != 0 {
			t.Errorf("%s: read %d bytes and took %d buffers before refusing", name, read, pool.taken)
		}
		if _, again := r.ReadPacket(); !errors.Is(again, tc.want) {
			t.Errorf("%s: then %v, want the same error again", name, again)
		}
	}
	// Padding does not count against the limits.
	for command, size := range map[uint16]int{0x708: 50, 0x70a: 30} {
		r := wire.NewReader(bytes.NewReader(seal(command, size, 7)), tables, wire.ClientToServer, limits, nil)
		if plain, err := r.ReadPacket(); err != nil || len(plain) != size {
			t.Errorf("padded packet 0x%x at the limit: %d bytes, %v", command, len(plain), err)
		}
	}
}

// TestReaderErrors covers what only shows after the head.
func TestReaderErrors(t *testing.T) {
	t.Parallel()
	tables := wire.DefaultTables()
	sealed, err := tables.Seal(nil, packet(rand.New(rand.NewPCG(1, 1)), 0x703, 30), wire.ServerToClient, wire.Scramble{})
	if err != nil {
		t.Fatal(err)
	}
	pool := &lent{}
	read := func(src io.Reader) error {
		_, err := wire.NewReader(src, tables, wire.ServerToClient, wire.Limits{}, pool).ReadPacket()
		return err
	}
	for n := 1; n < len(sealed); n++ {
		if err := read(bytes.NewReader(sealed[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("stream of %d bytes: %v, want io.ErrUnexpectedEOF", n, err)
		}
	}
	gone := errors.New("gone")
	for n := range sealed {
		if err := read(io.MultiReader(bytes.NewReader(sealed[:n]), iotest.ErrReader(gone))); !errors.Is(err, gone) {
			t.Errorf("source fails after %d bytes: %v, want its error", n, err)
		}
	}
	bad := bytes.Clone(sealed)
	bad[20] ^= 1
	if err := read(bytes.NewReader(bad)); !errors.Is(err, wire.ErrChecksum) {
		t.Errorf("damaged: %v, want ErrChecksum", err)
	}
	if pool.out != 0 {
		t.Errorf("%d buffers were kept after errors", pool.out)
	}
}

// FuzzReader feeds any bytes in chunks of any size: whatever the chunks, the
// same packets come out, none is larger than allowed, and no byte beyond the
// last packet or header is asked for.
func FuzzReader(f *testing.F) {
	tables := wire.DefaultTables()
	for _, v := range loadVectors(f) {
		if v.Key.Mode == "default" {
			f.Add(unhex(f, v.Cipher), uint8(3), v.Direction == "client_to_server")
		}
	}
	const limit = 300
	f.Fuzz(func(t *testing.T, stream []byte, n uint8, client bool) {
		dir := wire.ServerToClient
		if client {
			dir = wire.ClientToServer
		}
		run := func(src io.Reader) (packets [][]byte, last error) {
			r := wire.NewReader(src, tables, dir, wire.Limits{MaxSize: limit}, nil)
			for {
				p, err := r.ReadPacket()
				if err != nil {
					return packets, err
				}
				if len(p) > limit {
					t.Fatalf("a packet of %d bytes, at most %d allowed", len(p), limit)
				}
				packets = append(packets, bytes.Clone(p))
			}
		}
		whole, err1 := run(bytes.NewReader(stream))
		split, err2 := run(&chunks{stream, 1 + int(n)})
		if err1.Error() != err2.Error() || len(whole) != len(split) {
			t.Fatalf("in one piece %d packets and %v, in pieces %d and %v", len(whole), err1, len(split), err2)
		}
		for i := range whole {
			if !bytes.Equal(whole[i], split[i]) {
				t.Fatalf("packet %d differs: %x and %x", i, whole[i], split[i])
			}
		}
	})
}
