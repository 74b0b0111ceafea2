package wire

import (
	"crypto/subtle"
	"fmt"
)

// Scramble chooses the cells of the tables that hide one packet. Its zero
// value is what a server sends.
type Scramble struct {
	Offset  uint16 // A, 0–2047
	Row     uint8  // T, 0–15
	Extra   uint8  // E of a server's packet, 0–7; a client's is len(Padding)
	Padding []byte // a client's, at most MaxPadding bytes; nil from a server
}

func (s Scramble) check(dir Direction, size int) error {
	switch {
	case s.Offset >= tableColumns || s.Row >= tableRows || s.Extra > 7:
		return fmt.Errorf("%w: offset %d (at most %d), row %d (%d), extra %d (7)",
			ErrOffsets, s.Offset, tableColumns-1, s.Row, tableRows-1, s.Extra)
	case dir == ServerToClient && len(s.Padding) > 0:
		return fmt.Errorf("%w: %d bytes from a server, which never pads", ErrPadding, len(s.Padding))
	case dir == ClientToServer && s.Extra != 0:
		return fmt.Errorf("%w: extra %d from a client, whose padding counts itself", ErrPadding, s.Extra)
	case len(s.Padding) > MaxPadding:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrPadding, len(s.Padding), MaxPadding)
	case size+len(s.Padding) > MaxPacketSize:
		return fmt.Errorf("%w: %d bytes and %d of padding, at most %d", ErrSize, size, len(s.Padding), MaxPacketSize)
	}
	return nil
}

// Seal appends the wire form of one whole plain packet to dst. dst may be
// plain[:0], which seals in place; otherwise the two must not overlap.
func (t *Tables) Seal(dst, plain []byte, dir Direction, s Scramble) ([]byte, error) {
	hd, err := ParseHeader(plain)
	if err != nil {
		return dst, err
	}
	if err := s.check(dir, len(plain)); err != nil {
		return dst, err
	}
	h := Head{Command: hd.Command, Offset: s.Offset, Row: s.Row, Extra: s.Extra}
	if dir == ClientToServer {
		h.Extra = uint8(len(s.Padding)) //nolint:gosec // at most 7
	}
	h.Length = hd.Size + uint16(len(s.Padding)) //nolint:gosec // at most 7
	sum := t.checksum(h, plain[HeaderSize:])

	at := len(dst)
	dst = append(append(dst, plain...), s.Padding...)
	sealed := dst[at:]
	subtle.XORBytes(sealed[HeaderSize:], sealed[HeaderSize:], t.payloadKey(h, len(sealed)))
	t.putHead(sealed, h, dir)
	sealed[HeaderSize-1] = sum
	return dst, nil
}

// Open appends the plain form of one whole sealed packet to dst and returns
// the head that it had. dst may be sealed[:0], which opens in place;
// otherwise the two must not overlap. It fails with ErrSize, ErrPadding or
// ErrChecksum.
func (t *Tables) Open(dst, sealed []byte, dir Direction) ([]byte, Head, error) {
	if len(sealed) < HeaderSize {
		return dst, Head{}, fmt.Errorf("%w: %d bytes are less than the %d of a header", ErrSize, len(sealed), HeaderSize)
	}
	h := t.OpenHead(sealed, dir)
	if err := checkHead(h, dir); err != nil {
		return dst, h, err
	}
	if int(h.Length) != len(sealed) {
		return dst, h, fmt.Errorf("%w: head says %d bytes, packet has %d", ErrSize, h.Length, len(sealed))
	}
	at := len(dst)
	dst = append(dst, sealed...)
	plain, err := t.openBody(dst[at:], h, dir)
	if err != nil {
		return dst[:at], h, err
	}
	return dst[:at+len(plain)], h, nil
}

// checkHead refuses a head that no packet can have.
func checkHead(h Head, dir Direction) error {
	switch {
	case h.Length < HeaderSize:
		return fmt.Errorf("%w: head says %d bytes, a header has %d", ErrSize, h.Length, HeaderSize)
	case h.Size(dir) < HeaderSize:
		return fmt.Errorf("%w: head says %d bytes of padding in a packet of %d", ErrPadding, h.Extra, h.Length)
	}
	return nil
}

// openBody decodes a whole packet in place under a checked head and returns
// it in plain form, without padding.
func (t *Tables) openBody(packet []byte, h Head, dir Direction) ([]byte, error) {
	sum := packet[HeaderSize-1]
	plain := packet[:h.Size(dir)]
	payload := plain[HeaderSize:]
	subtle.XORBytes(payload, payload, t.payloadKey(h, len(plain)))
	if want := t.checksum(h, payload); sum != want {
		return nil, fmt.Errorf("%w: packet says %#02x, its bytes give %#02x (damaged, or sealed with another seed)",
			ErrChecksum, sum, want)
	}
	AppendHeader(plain[:0], Header{Size: uint16(len(plain)), Command: h.Command}) //nolint:gosec // at most 2047
	return plain, nil
}

// checksum covers the packed head and the plain payload without padding.
func (t *Tables) checksum(h Head, payload []byte) byte {
	var head [headBytes]byte
	putUint40(head[:], h.pack())
	return t.crc.update(t.crc.update(0, head[:]), payload)
}
