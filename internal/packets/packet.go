package packets

import (
	"errors"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// Packet is one message of the protocol.
type Packet interface {
	// Command returns the number in the packet's header.
	Command() uint16
	// Marshal codes the payload, in whichever direction c goes.
	Marshal(c *wire.Codec)
}

// ErrUnknown is matched by Decode's error for a command that the stage and
// sender do not have.
var ErrUnknown = errors.New("unknown command")

// Decode reads one whole plain packet, header included. It refuses an unknown
// command, a size outside of the row's bounds, a bad value, and bytes left
// over; the error names the packet and the byte. The packet keeps no
// reference to plain.
func Decode(stage Stage, from Side, plain []byte) (Packet, error) {
	h, err := wire.ParseHeader(plain)
	if err != nil {
		return nil, err
	}
	row, ok := Lookup(stage, from, h.Command)
	if !ok {
		return nil, fmt.Errorf("%w 0x%x from the %s at the %s stage", ErrUnknown, h.Command, from, stage)
	}
	if n := len(plain); n < row.MinSize || n > row.MaxSize {
		return nil, fmt.Errorf("%s (0x%x): %w: %d bytes, want %d to %d",
			row.Name, h.Command, wire.ErrSize, n, row.MinSize, row.MaxSize)
	}
	c := wire.NewDecoder(plain)
	c.Skip(wire.HeaderSize)
	p := row.New()
	p.Marshal(c)
	if err := c.End(); err != nil {
		return nil, fmt.Errorf("%s (0x%x): %w", row.Name, h.Command, err)
	}
	return p, nil
}

// Append appends p with its header, in plain form, to dst. It refuses a value
// that the packet cannot carry and a packet beyond wire.MaxPacketSize, and
// then returns dst as it was.
func Append(dst []byte, p Packet) ([]byte, error) {
	c := wire.NewEncoder(dst)
	c.Header(p.Command()) // the size is filled in below
	p.Marshal(c)
	if err := c.Err(); err != nil {
		return dst, fmt.Errorf("encode %T (0x%x): %w", p, p.Command(), err)
	}
	size := c.Offset()
	if size > wire.MaxPacketSize {
		return dst, fmt.Errorf("encode %T (0x%x): %w: %d bytes, at most %d",
			p, p.Command(), wire.ErrSize, size, wire.MaxPacketSize)
	}
	out := c.Bytes()
	wire.PutSize(out[len(dst):], uint16(size)) //nolint:gosec // at most 2047
	return out, nil
}
