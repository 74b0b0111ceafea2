package wire

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Codec reads or writes the fields of one packet. The same sequence of calls
// does both, so a packet states its layout once. The first error sticks and
// says what happened at which byte: later reads do nothing, a failed read
// leaves its variable alone, and what was written is to be thrown away. A
// Codec is used by one goroutine and may be reset and used again.
type Codec struct {
	buf     []byte
	base    int // encoding: where in buf the packet starts
	off     int // decoding: the next byte
	reading bool
	err     error
}

// NewDecoder returns a Codec that reads from packet, which it does not change.
func NewDecoder(packet []byte) *Codec {
	c := new(Codec)
	c.ResetDecoder(packet)
	return c
}

// NewEncoder returns a Codec that appends to dst, growing it only when its
// capacity does not suffice. Offsets in errors count from the end of dst.
func NewEncoder(dst []byte) *Codec {
	c := new(Codec)
	c.ResetEncoder(dst)
	return c
}

// ResetDecoder makes c read packet from its start.
func (c *Codec) ResetDecoder(packet []byte) { *c = Codec{buf: packet, reading: true} }

// ResetEncoder makes c append to dst.
func (c *Codec) ResetEncoder(dst []byte) { *c = Codec{buf: dst, base: len(dst)} }

// Reading reports whether c decodes.
func (c *Codec) Reading() bool { return c.reading }

// Err returns the first error, or nil.
func (c *Codec) Err() error { return c.err }

// Bytes returns the encoder's dst and all that was appended to it; of a
// decoder, the packet.
func (c *Codec) Bytes() []byte { return c.buf }

// Remaining returns how many bytes are left to read; 0 when encoding.
func (c *Codec) Remaining() int {
	if !c.reading {
		return 0
	}
	return len(c.buf) - c.off
}

// Offset returns the position of the next field in the packet.
func (c *Codec) Offset() int {
	if c.reading {
		return c.off
	}
	return len(c.buf) - c.base
}

// Fail records kind (ErrValue, ErrText, …) and a detail at the present
// offset, unless there is an error already.
func (c *Codec) Fail(kind error, format string, args ...any) {
	c.failAt(c.Offset(), kind, format, args...)
}

func (c *Codec) failAt(off int, kind error, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("at byte %d: %w: %s", off, kind, fmt.Sprintf(format, args...))
	}
}

// End fails with ErrTrailing when a decoder has bytes left, and returns Err.
func (c *Codec) End() error {
	if n := c.Remaining(); n > 0 {
		c.Fail(ErrTrailing, "%d after the last field", n)
	}
	return c.err
}

// take returns the next n bytes of a decoder, or nil after an error.
func (c *Codec) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if len(c.buf)-c.off < n {
		c.Fail(ErrShort, "a field of %d bytes, %d left", n, len(c.buf)-c.off)
		return nil
	}
	b := c.buf[c.off : c.off+n]
	c.off += n
	return b
}

// U8 codes one byte.
func (c *Codec) U8(v *uint8) {
	if !c.reading {
		c.buf = append(c.buf, *v)
	} else if b := c.take(1); b != nil {
		*v = b[0]
	}
}

// U16 codes two bytes.
func (c *Codec) U16(v *uint16) {
	if !c.reading {
		c.buf = binary.LittleEndian.AppendUint16(c.buf, *v)
	} else if b := c.take(2); b != nil {
		*v = binary.LittleEndian.Uint16(b)
	}
}

// U32 codes four bytes.
func (c *Codec) U32(v *uint32) {
	if !c.reading {
		c.buf = binary.LittleEndian.AppendUint32(c.buf, *v)
	} else if b := c.take(4); b != nil {
		*v = binary.LittleEndian.Uint32(b)
	}
}

// U64 codes eight bytes.
func (c *Codec) U64(v *uint64) {
	if !c.reading {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, *v)
	} else if b := c.take(8); b != nil {
		*v = binary.LittleEndian.Uint64(b)
	}
}

// I16 codes two bytes, two's complement.
func (c *Codec) I16(v *int16) {
	u := uint16(*v) //nolint:gosec // the bits as they are
	c.U16(&u)
	*v = int16(u) //nolint:gosec // the bits as they are
}

// I32 codes four bytes, two's complement.
func (c *Codec) I32(v *int32) {
	u := uint32(*v) //nolint:gosec // the bits as they are
	c.U32(&u)
	*v = int32(u) //nolint:gosec // the bits as they are
}

// I64 codes eight bytes, two's complement.
func (c *Codec) I64(v *int64) {
	u := uint64(*v) //nolint:gosec // the bits as they are
	c.U64(&u)
	*v = int64(u) //nolint:gosec // the bits as they are
}

// F32 codes an IEEE 754 number and refuses infinities and NaN both ways: a
// coordinate that compares with nothing would pass every range check behind.
func (c *Codec) F32(v *float32) {
	at, u := c.Offset(), math.Float32bits(*v)
	c.U32(&u)
	if c.err != nil {
		return
	}
	const exponent = 0x7f800000
	if u&exponent == exponent {
		c.failAt(at, ErrValue, "%v is not a finite number", math.Float32frombits(u))
		return
	}
	*v = math.Float32frombits(u)
}

// Bool8 codes one byte, 0 or 1, and refuses others.
func (c *Codec) Bool8(v *bool) {
	at := c.Offset()
	var u uint8
	if *v {
		u = 1
	}
	c.U8(&u)
	if c.err != nil {
		return
	}
	if u > 1 {
		c.failAt(at, ErrValue, "%d where 0 or 1 is wanted", u)
		return
	}
	*v = u == 1
}

// Zero codes n bytes that must be zero.
func (c *Codec) Zero(n int) {
	if !c.reading {
		for range n {
			c.buf = append(c.buf, 0)
		}
		return
	}
	at := c.off
	for i, b := range c.take(n) {
		if b != 0 {
			c.failAt(at+i, ErrValue, "%d in a byte that is always zero", b)
			return
		}
	}
}

// Skip passes over n bytes when decoding and does nothing when encoding.
func (c *Codec) Skip(n int) {
	if c.reading {
		c.take(n)
	}
}

// Header appends a packet header of size 0, which PutSize corrects once the
// payload is there. Encoders only.
func (c *Codec) Header(command uint16) {
	if command > MaxCommand {
		c.Fail(ErrHeader, "command 0x%x is above 0x%x", command, MaxCommand)
		return
	}
	c.buf = AppendHeader(c.buf, Header{Command: command})
}
