package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// everything has one field of each kind.
type everything struct {
	U8    uint8
	U16   uint16
	U32   uint32
	U64   uint64
	I16   int16
	I32   int32
	I64   int64
	F32   float32
	Yes   bool
	Fixed string
	Text  string
	A     uint8
	B     uint16
	C     bool
	D     uint32
	List  []uint16
	Rest  []byte
}

func (e *everything) code(c *wire.Codec) {
	c.U8(&e.U8)
	c.U16(&e.U16)
	c.U32(&e.U32)
	c.U64(&e.U64)
	c.I16(&e.I16)
	c.I32(&e.I32)
	c.I64(&e.I64)
	c.F32(&e.F32)
	c.Bool8(&e.Yes)
	c.Fixed(&e.Fixed, 5)
	c.CString(&e.Text, 10)
	c.Zero(2)
	b := c.Bits(6)
	b.U8(&e.A, 3)
	b.U16(&e.B, 11)
	b.Bool(&e.C)
	b.U32(&e.D, 32)
	b.Zero(1)
	b.End()
	wire.Counted(c, &e.List, 3, func(v *uint16, c *wire.Codec) { c.U16(v) })
	c.Rest(&e.Rest, 4)
}

func full() everything {
	return everything{U8: 1, U16: 0x0203, U32: 0x04050607, U64: 0x08090a0b0c0d0e0f, I16: -2, I32: -3, I64: -4,
		F32: -45.5, Yes: true, Fixed: "fix", Text: "täxt", A: 5, B: 1234, C: true, D: 0xfedcba98,
		List: []uint16{7, 8}, Rest: []byte{9, 10}}
}

func TestCodecRoundTrip(t *testing.T) {
	t.Parallel()
	want := full()
	c := wire.NewEncoder([]byte("head"))
	want.code(c)
	if c.Reading() || c.Err() != nil || c.End() != nil || c.Remaining() != 0 {
		t.Fatalf("encoder: %v", c.Err())
	}
	b, ok := bytes.CutPrefix(c.Bytes(), []byte("head"))
	if !ok || c.Offset() != len(b) {
		t.Fatalf("encoded %d bytes to %q", c.Offset(), c.Bytes())
	}
	prefix := []byte{1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8, 0xfe, 0xff, 0xfd, 0xff, 0xff, 0xff}
	if !bytes.HasPrefix(b, prefix) {
		t.Errorf("numbers are not little-endian: %x", b)
	}
	d := wire.NewDecoder(b)
	var got everything
	got.code(d)
	if err := d.End(); err != nil || !d.Reading() || d.Offset() != len(b) {
		t.Fatalf("decoder: %v at %d of %d", err, d.Offset(), len(b))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("round trip\n%s", diff)
	}
}

// TestCodecNeverReadsBeyond cuts the bytes everywhere: the error sticks, the
// fields behind it stay as they were, and nothing panics.
func TestCodecNeverReadsBeyond(t *testing.T) {
	t.Parallel()
	want := full()
	want.Rest = nil
	e := wire.NewEncoder(nil)
	want.code(e)
	whole := e.Bytes()
	for n := range whole {
		d := wire.NewDecoder(whole[:n:n])
		var got everything
		got.code(d)
		if err := d.Err(); !errors.Is(err, wire.ErrShort) && !errors.Is(err, wire.ErrText) {
			t.Errorf("%d of %d bytes: %v, want ErrShort or ErrText", n, len(whole), err)
		}
		first := d.Err().Error()
		d.Fail(wire.ErrValue, "another")
		if d.Err().Error() != first {
			t.Errorf("%d bytes: the first error did not stick", n)
		}
		if n < 7 && (got.U64 != 0 || got.Text != "" || got.List != nil) {
			t.Errorf("%d bytes: fields behind the error were set: %+v", n, got)
		}
	}
}

func TestCodecRefusesBytes(t *testing.T) {
	t.Parallel()
	f32 := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
	u16 := func(v *uint16, c *wire.Codec) { c.U16(v) }
	for name, tc := range map[string]struct {
		in   []byte
		read func(*wire.Codec)
		want error
		at   string
	}{
		"bool 2":          {[]byte{2}, func(c *wire.Codec) { c.Bool8(new(bool)) }, wire.ErrValue, "at byte 0"},
		"NaN":             {f32, func(c *wire.Codec) { c.F32(new(float32)) }, wire.ErrValue, "at byte 0"},
		"not zero":        {[]byte{0, 0, 3}, func(c *wire.Codec) { c.Zero(3) }, wire.ErrValue, "at byte 2"},
		"text too long":   {[]byte("abcd\x00"), func(c *wire.Codec) { c.CString(new(string), 3) }, wire.ErrText, "longer than 3"},
		"text endless":    {[]byte("abc"), func(c *wire.Codec) { c.CString(new(string), 3) }, wire.ErrText, "no zero byte"},
		"text empty":      {nil, func(c *wire.Codec) { c.CString(new(string), 3) }, wire.ErrText, "no zero byte"},
		"text not UTF-8":  {[]byte("a\xe4\x00"), func(c *wire.Codec) { c.CString(new(string), 9) }, wire.ErrText, "UTF-8"},
		"fixed not UTF-8": {[]byte("a\xe4"), func(c *wire.Codec) { c.Fixed(new(string), 2) }, wire.ErrText, "UTF-8"},
		"fixed goes on":   {[]byte("a\x00b"), func(c *wire.Codec) { c.Fixed(new(string), 3) }, wire.ErrText, "bytes after"},
		"trailing":        {[]byte{1, 2}, func(c *wire.Codec) { c.U8(new(uint8)); _ = c.End() }, wire.ErrTrailing, "at byte 1"},
		"count too high":  {[]byte{4}, func(c *wire.Codec) { wire.Counted(c, new([]uint16), 3, u16) }, wire.ErrValue, "at byte 0"},
		"list too long":   {make([]byte, 6), func(c *wire.Codec) { wire.ToEnd(c, new([]uint16), 2, u16) }, wire.ErrValue, "at byte 4"},
		"list cut":        {make([]byte, 3), func(c *wire.Codec) { wire.ToEnd(c, new([]uint16), 2, u16) }, wire.ErrShort, "at byte 2"},
		"rest too long":   {make([]byte, 3), func(c *wire.Codec) { c.Rest(new([]byte), 2) }, wire.ErrSize, "at most 2"},
		"bits not zero":   {[]byte{0x80}, func(c *wire.Codec) { b := c.Bits(1); b.Zero(8) }, wire.ErrValue, "at byte 0"},
		"bits left out":   {[]byte{0}, func(c *wire.Codec) { b := c.Bits(1); b.Zero(7); b.End() }, wire.ErrSize, "7 bits"},
		"bits beyond":     {[]byte{0}, func(c *wire.Codec) { b := c.Bits(1); b.Zero(9) }, wire.ErrSize, "9 bits"},
		"skip beyond":     {[]byte{0}, func(c *wire.Codec) { c.Skip(2) }, wire.ErrShort, "1 left"},
	} {
		c := wire.NewDecoder(tc.in)
		tc.read(c)
		if err := c.Err(); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.at) {
			t.Errorf("%s: %v, want %v with %q", name, err, tc.want, tc.at)
		}
	}
}

func TestCodecRefusesValues(t *testing.T) {
	t.Parallel()
	s := func(v string) *string { return &v }
	seven, inf := uint8(8), float32(math.Inf(1))
	four := []uint16{1, 2, 3, 4}
	u16 := func(v *uint16, c *wire.Codec) { c.U16(v) }
	for name, tc := range map[string]struct {
		write func(*wire.Codec)
		want  error
	}{
		"text too long":  {func(c *wire.Codec) { c.CString(s("abcd"), 3) }, wire.ErrText},
		"zero inside":    {func(c *wire.Codec) { c.CString(s("a\x00"), 3) }, wire.ErrText},
		"not UTF-8":      {func(c *wire.Codec) { c.CString(s("\xe4"), 3) }, wire.ErrText},
		"fixed too long": {func(c *wire.Codec) { c.Fixed(s("abcd"), 3) }, wire.ErrText},
		"infinite":       {func(c *wire.Codec) { c.F32(&inf) }, wire.ErrValue},
		"bits":           {func(c *wire.Codec) { b := c.Bits(1); b.U8(&seven, 3) }, wire.ErrValue},
		"counted":        {func(c *wire.Codec) { wire.Counted(c, &four, 3, u16) }, wire.ErrValue},
		"to the end":     {func(c *wire.Codec) { wire.ToEnd(c, &four, 3, u16) }, wire.ErrValue},
		"command":        {func(c *wire.Codec) { c.Header(0x800) }, wire.ErrHeader},
	} {
		c := wire.NewEncoder(nil)
		tc.write(c)
		if err := c.Err(); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestEncoderDoesNotAllocate(t *testing.T) {
	e := full()
	buf := make([]byte, 0, 256)
	var c wire.Codec
	if n := testing.AllocsPerRun(100, func() {
		c.ResetEncoder(buf)
		e.code(&c)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// BenchmarkCodec compares the codec with encoding/binary by hand on the same
// fields.
func BenchmarkCodec(b *testing.B) {
	x, y, id, z := float32(1), float32(2), uint16(3), uint16(4)
	buf := make([]byte, 0, 64)
	b.Run("codec", func(b *testing.B) {
		var c wire.Codec
		for b.Loop() {
			c.ResetEncoder(buf)
			c.U16(&id)
			c.F32(&x)
			c.F32(&y)
			c.U16(&z)
		}
	})
	b.Run("by hand", func(b *testing.B) {
		for b.Loop() {
			out := binary.LittleEndian.AppendUint16(buf, id)
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(y))
			_ = binary.LittleEndian.AppendUint16(out, z)
		}
	})
}
