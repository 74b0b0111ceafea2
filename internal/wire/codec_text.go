package wire

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Text is UTF-8 on both sides: bytes are kept as they are when they are valid
// UTF-8 and refused with ErrUTF8 when not. Guessing at a client's code page
// would make two names of one.

// CString codes text of at most limit bytes and the zero byte that ends it.
func (c *Codec) CString(v *string, limit int) {
	if c.err != nil {
		return
	}
	if !c.reading {
		if c.checkText(*v, limit) {
			c.buf = append(append(c.buf, *v...), 0)
		}
		return
	}
	rest := c.buf[c.off:]
	if len(rest) > limit+1 {
		rest = rest[:limit+1]
	}
	n := bytes.IndexByte(rest, 0)
	switch {
	case n >= 0:
	case len(rest) > limit:
		c.Fail(ErrText, "longer than %d bytes", limit)
		return
	default:
		c.Fail(ErrText, "no zero byte ends it")
		return
	}
	if !utf8.Valid(rest[:n]) {
		c.Fail(ErrUTF8, "%d bytes", n)
		return
	}
	*v = string(rest[:n])
	c.off += n + 1
}

// Fixed codes text in a field of exactly size bytes, filled up with zero
// bytes when the text is shorter.
func (c *Codec) Fixed(v *string, size int) {
	if c.err != nil {
		return
	}
	if !c.reading {
		if c.checkText(*v, size) {
			c.buf = append(c.buf, *v...)
			c.Zero(size - len(*v))
		}
		return
	}
	at := c.off
	b := c.take(size)
	if b == nil {
		return
	}
	text, fill, _ := bytes.Cut(b, []byte{0})
	for _, f := range fill {
		if f != 0 {
			c.failAt(at, ErrText, "bytes after the zero byte that ends it")
			return
		}
	}
	if !utf8.Valid(text) {
		c.failAt(at, ErrUTF8, "%d bytes", len(text))
		return
	}
	*v = string(text)
}

// Rest codes the bytes up to the end of the packet, at most limit of them.
func (c *Codec) Rest(v *[]byte, limit int) {
	if c.err != nil {
		return
	}
	n := len(*v)
	if c.reading {
		n = c.Remaining()
	}
	if n > limit {
		c.Fail(ErrSize, "%d bytes at the end, at most %d", n, limit)
		return
	}
	if !c.reading {
		c.buf = append(c.buf, *v...)
		return
	}
	*v = bytes.Clone(c.take(n))
	if n == 0 {
		*v = nil
	}
}

// checkText reports whether s can be written in limit bytes, and fails if not.
func (c *Codec) checkText(s string, limit int) bool {
	switch {
	case len(s) > limit:
		c.Fail(ErrText, "%d bytes, at most %d", len(s), limit)
	case strings.IndexByte(s, 0) >= 0:
		c.Fail(ErrText, "a zero byte inside")
	case !utf8.ValidString(s):
		c.Fail(ErrUTF8, "%d bytes", len(s))
	default:
		return true
	}
	return false
}
