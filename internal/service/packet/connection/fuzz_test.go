package connection_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// expect reads a stream in one piece and returns how many packets of it are
// good, and whether it ends between packets.
func expect(stream []byte) (good int, clean bool) {
	r := wire.NewReader(bytes.NewReader(stream), testTables(), wire.ClientToServer, packets.Limits(packets.Game, packets.Client), nil)
	for {
		plain, err := r.ReadPacket()
		if err != nil {
			return good, errors.Is(err, io.EOF)
		}
		if _, err := packets.Decode(packets.Game, packets.Client, plain); err != nil {
			return good, false
		}
		good++
	}
}

// FuzzConnection sends any bytes in any pieces: the connection handles the
// packets that are whole, and ends with one reason that fits the rest.
func FuzzConnection(f *testing.F) {
	sealer := &link{t: f, sealer: wire.NewSealer(testTables(), wire.ClientToServer)}
	one := sealer.sealed(&packets.ChatRequest{Text: "hello"})
	two := append(bytes.Clone(one), sealer.sealed(&packets.MoveRequest{X: 1, Y: 2})...)
	f.Add([]byte{}, uint8(0))
	f.Add(one, uint8(1))
	f.Add(two, uint8(3))
	f.Add(two[:len(two)-1], uint8(7))
	f.Add(append(bytes.Clone(two), 1, 2, 3, 4, 5, 6, 7), uint8(0))
	f.Add(sealer.sealPlain([]byte{6, 0, 0x55, 7, 0, 0}), uint8(2))
	f.Add(sealer.sealPlain([]byte{9, 0, 0x83, 7, 0, 0, 'h', 0, 0}), uint8(0))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		if len(stream) > 1<<14 {
			t.Skip("longer than what a few packets need")
		}
		handled := 0
		l := pipe(t, settings(), &handler{handle: func(_ context.Context, c *connection.Conn, _ packets.Packet) error {
			handled++
			c.Send(&packets.LocalChat{Text: "got it"})
			return nil
		}})
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			_, _ = io.Copy(io.Discard, l.client)
		}()
		size := int(piece)
		if size == 0 {
			size = max(1, len(stream))
		}
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			if _, err := l.client.Write(rest[:n]); err != nil {
				break // ended already
			}
			rest = rest[n:]
		}
		_ = l.client.Close()
		<-drained
		reason := l.ended()
		good, clean := expect(stream)
		switch reason {
		case connection.ClientGone, connection.Broken: // Broken when the writer was the first to see it
			// What follows the last good packet may be lost to the closing client.
			if handled > good || reason == connection.ClientGone && (handled != good || !clean) {
				t.Errorf("ended with %q after %d packets; %d are good, clean end %v", reason, handled, good, clean)
			}
		case connection.Malformed, connection.Oversized, connection.Checksum, connection.UnknownPacket, connection.Truncated:
			if handled != good || clean {
				t.Errorf("ended with %q after %d packets; %d are good, clean end %v", reason, handled, good, clean)
			}
		default:
			t.Errorf("ended with %q, which no input deserves", reason)
		}
	})
}
