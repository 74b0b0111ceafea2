package wire

// Counted codes a u8 count and that many elements, at most limit (≤ 255).
// Decoding no elements gives a nil slice.
func Counted[T any](c *Codec, list *[]T, limit int, each func(*T, *Codec)) {
	n := Count(c, len(*list), limit)
	Elements(c, list, n, each)
}

// Count codes a u8 count, at most limit (≤ 255), of elements that Elements
// codes later, and returns it; n counts when encoding.
func Count(c *Codec, n, limit int) int {
	if c.err != nil {
		return 0
	}
	if !c.reading && n > limit {
		c.Fail(ErrValue, "%d elements, at most %d", n, limit)
		return 0
	}
	coded := uint8(n) //nolint:gosec // bounded by limit when encoding, and read over when decoding
	at := c.Offset()
	c.U8(&coded)
	if c.err == nil && int(coded) > limit {
		c.failAt(at, ErrValue, "%d elements, at most %d", coded, limit)
	}
	return int(coded)
}

// Elements codes the n elements whose Count was coded before. Decoding none
// gives a nil slice.
func Elements[T any](c *Codec, list *[]T, n int, each func(*T, *Codec)) {
	if c.reading && c.err == nil {
		*list = nil
	}
	for i := 0; i < n && c.err == nil; i++ {
		codeElement(c, list, i, each)
	}
}

// Optional codes what may end a packet or be left out; nil is left out.
func Optional[T any](c *Codec, v **T, code func(*Codec, *T)) {
	if c.err != nil {
		return
	}
	if c.reading {
		*v = nil
		if c.Remaining() == 0 {
			return
		}
		*v = new(T)
	}
	if *v != nil {
		code(c, *v)
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
