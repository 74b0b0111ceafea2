package wire

import "math/rand/v2"

// Sealer seals the packets of one connection in their order. A server's keeps
// no state; a client's counts packets, because the count chooses the offset.
// It is used by one goroutine.
type Sealer struct {
	tables *Tables
	dir    Direction
	sent   uint32
	rnd    *rand.Rand
}

// NewSealer returns the Sealer for a fresh connection.
func NewSealer(t *Tables, dir Direction) *Sealer {
	return &Sealer{tables: t, dir: dir}
}

// Pad makes a client's Sealer draw row offsets and 0 to MaxPadding bytes of
// padding from rnd, as real clients do; nil stops it. Without it rows are 0
// and nothing is padded. It has no effect on a server's.
func (s *Sealer) Pad(rnd *rand.Rand) { s.rnd = rnd }

// Append appends the wire form of one plain packet to dst. An error leaves
// the connection's count as it was.
func (s *Sealer) Append(dst, plain []byte) ([]byte, error) {
	var sc Scramble
	var padding [MaxPadding]byte
	if s.dir == ClientToServer {
		sc.Offset = s.tables.index[s.sent%indexLen]
		if s.rnd != nil {
			sc.Row = uint8(s.rnd.UintN(tableRows)) //nolint:gosec // below 16
			sc.Padding = padding[:s.padding(len(plain))]
			for i := range sc.Padding {
				sc.Padding[i] = byte(s.rnd.Uint32()) //nolint:gosec // the low byte is meant
			}
		}
	}
	dst, err := s.tables.Seal(dst, plain, s.dir, sc)
	if err == nil {
		s.sent++
	}
	return dst, err
}

// padding draws how many bytes to add to a packet, as far as there is room.
func (s *Sealer) padding(size int) int {
	return min(s.rnd.IntN(MaxPadding+1), max(0, MaxPacketSize-size))
}
