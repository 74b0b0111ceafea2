package wire

// Counted codes a u8 count and that many elements, at most limit (≤ 255).
// Decoding no elements gives a nil slice.
func Counted[T any](c *Codec, list *[]T, limit int, each func(*T, *Codec)) {
	if c.err != nil {
		return
	}
	if !c.reading && len(*list) > limit {
		c.Fail(ErrValue, "%d elements, at most %d", len(*list), limit)
		return
	}
	n := uint8(len(*list)) //nolint:gosec // bounded by limit when encoding
	at := c.Offset()
	c.U8(&n)
	if c.err == nil && int(n) > limit {
		c.failAt(at, ErrValue, "%d elements, at most %d", n, limit)
	}
	if c.reading && c.err == nil {
		*list = nil
	}
	for i := 0; i < int(n) && c.err == nil; i++ {
		codeElement(c, list, i, each)
	}
}

// ToEnd codes elements up to the end of the packet, at most limit of them.
func ToEnd[T any](c *Codec, list *[]T, limit int, each func(*T, *Codec)) {
	if c.err != nil {
		return
	}
	if c.reading {
		*list = nil
	} else if len(*list) > limit {
		c.Fail(ErrValue, "%d elements, at most %d", len(*list), limit)
		return
	}
	n := len(*list)
	for i := 0; c.err == nil && (i < n || c.Remaining() > 0); i++ {
		if i == limit {
			c.Fail(ErrValue, "more than %d elements", limit)
			return
		}
		codeElement(c, list, i, each)
	}
}

// codeElement codes list[i], which a decoder appends once it has been read
// whole. (The value passed on is heap allocated only when decoding.)
func codeElement[T any](c *Codec, list *[]T, i int, each func(*T, *Codec)) {
	if !c.reading {
		each(&(*list)[i], c)
		return
	}
	var v T
	if each(&v, c); c.err == nil {
		*list = append(*list, v)
	}
}
