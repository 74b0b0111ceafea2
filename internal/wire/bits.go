package wire

// Bits codes the fields of one little-endian integer of up to eight bytes,
// lowest bits first. Take it from Codec.Bits, code fields until all bits are
// used, and call End.
type Bits struct {
	c    *Codec
	at   int    // offset of the integer, for errors
	v    uint64 // decoding: the bits not yet taken; encoding: the bits so far
	pos  uint   // bits coded so far
	size uint   // bits in all
}

// Bits begins a bit field of n bytes, 1–8.
func (c *Codec) Bits(n int) Bits {
	b := Bits{c: c, at: c.Offset(), size: uint(n) * 8} //nolint:gosec // 1–8
	if c.reading {
		raw := c.take(n)
		for i, x := range raw {
			b.v |= uint64(x) << (8 * i)
		}
	}
	return b
}

// code puts v into the next width bits, or takes it from there.
func (b *Bits) code(v uint64, width uint) uint64 {
	if b.c.err != nil {
		return v
	}
	if b.pos+width > b.size {
		b.c.failAt(b.at, ErrSize, "fields of %d bits in an integer of %d", b.pos+width, b.size)
		return v
	}
	mask := uint64(1)<<width - 1
	if b.c.reading {
		v = b.v >> b.pos & mask
	} else if v > mask {
		b.c.failAt(b.at, ErrValue, "%d does not fit %d bits", v, width)
		return v
	}
	if !b.c.reading {
		b.v |= v << b.pos
	}
	b.pos += width
	return v
}

// U8 codes the next width bits, 1–8.
func (b *Bits) U8(v *uint8, width uint) { *v = uint8(b.code(uint64(*v), width)) } //nolint:gosec // width bits

// U16 codes the next width bits, 1–16.
func (b *Bits) U16(v *uint16, width uint) { *v = uint16(b.code(uint64(*v), width)) } //nolint:gosec // width bits

// U32 codes the next width bits, 1–32.
func (b *Bits) U32(v *uint32, width uint) { *v = uint32(b.code(uint64(*v), width)) } //nolint:gosec // width bits

// Bool codes the next bit.
func (b *Bits) Bool(v *bool) {
	var u uint64
	if *v {
		u = 1
	}
	*v = b.code(u, 1) == 1
}

// Zero codes width bits that must be zero.
func (b *Bits) Zero(width uint) {
	if v := b.code(0, width); v != 0 && b.c.err == nil {
		b.c.failAt(b.at, ErrValue, "%#x in %d bits that are always zero", v, width)
	}
}

// End writes the integer when encoding. It fails when bits were left out.
func (b *Bits) End() {
	if b.c.err != nil {
		return
	}
	if b.pos != b.size {
		b.c.failAt(b.at, ErrSize, "fields of %d bits in an integer of %d", b.pos, b.size)
		return
	}
	if !b.c.reading {
		for i := range b.size / 8 {
			b.c.buf = append(b.c.buf, byte(b.v>>(8*i))) //nolint:gosec // the low byte is meant
		}
	}
}
