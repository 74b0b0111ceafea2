package wire

// Head is what the first five bytes of a packet on the wire say.
type Head struct {
	Length  uint16 // L, bytes on the wire, padding included
	Command uint16 // C, 0–0x7ff
	Offset  uint16 // A, 0–2047
	Row     uint8  // T, 0–15
	Extra   uint8  // E, 0–7: a client's padding in bytes; without meaning from a server
}

// Size returns the size of the plain packet: what is left of Length without a
// client's padding. It is negative for a head that claims more padding than
// length.
func (h Head) Size(dir Direction) int {
	if dir == ClientToServer {
		return int(h.Length) - int(h.Extra)
	}
	return int(h.Length)
}

// Where the fields begin in the forty bits in plain order.
const (
	bitL = 0
	bitC = 11
	bitA = 22
	bitT = 33
	bitE = 37

	headBytes = 5
)

// pack returns the forty bits in plain order.
func (h Head) pack() uint64 {
	return uint64(h.Length) | uint64(h.Command)<<bitC | uint64(h.Offset)<<bitA |
		uint64(h.Row)<<bitT | uint64(h.Extra)<<bitE
}

func unpackHead(p uint64) Head {
	return Head{
		Length:  uint16(p >> bitL & 0x7ff),
		Command: uint16(p >> bitC & 0x7ff),
		Offset:  uint16(p >> bitA & 0x7ff),
		Row:     uint8(p >> bitT & 0xf),
		Extra:   uint8(p >> bitE & 0x7),
	}
}

// run is a stretch of bits that stays together on the wire.
type run struct{ from, width uint8 }

// runs lists, for each direction, the runs in wire order.
var runs = [2][15]run{ //nolint:gochecknoglobals // a constant table
	ClientToServer: {
		{bitC + 3, 3}, {bitA + 3, 3}, {bitL + 0, 3}, {bitA + 6, 3}, {bitC + 0, 3},
		{bitE + 0, 3}, {bitL + 3, 3}, {bitT + 2, 2}, {bitL + 6, 3}, {bitA + 9, 2},
		{bitC + 9, 2}, {bitT + 0, 2}, {bitC + 6, 3}, {bitA + 0, 3}, {bitL + 9, 2},
	},
	ServerToClient: {
		{bitL + 3, 3}, {bitA + 0, 3}, {bitC + 6, 3}, {bitE + 0, 3}, {bitL + 6, 3},
		{bitA + 6, 3}, {bitC + 3, 3}, {bitA + 9, 2}, {bitC + 0, 3}, {bitT + 0, 2},
		{bitL + 9, 2}, {bitT + 2, 2}, {bitL + 0, 3}, {bitA + 3, 3}, {bitC + 9, 2},
	},
}

// scatter puts bits in plain order to their places on the wire.
func scatter(plain uint64, dir Direction) uint64 {
	var wire uint64
	var at uint8
	for _, r := range runs[dir] {
		wire |= plain >> r.from & (1<<r.width - 1) << at
		at += r.width
	}
	return wire
}

// gather is the reverse of scatter.
func gather(wire uint64, dir Direction) uint64 {
	var plain uint64
	var at uint8
	for _, r := range runs[dir] {
		plain |= wire >> at & (1<<r.width - 1) << r.from
		at += r.width
	}
	return plain
}

const offsetBits = uint64(0x7ff) << bitA

// headKey returns what the head is XORed with: column offset of rows 0 to 4,
// without the places of A itself.
func (t *Tables) headKey(offset uint16, dir Direction) uint64 {
	var k uint64
	for i := range headBytes {
		k |= uint64(t.lowByte(i, int(offset))) << (8 * i)
	}
	return k &^ scatter(offsetBits, dir)
}

func (t *Tables) putHead(dst []byte, h Head, dir Direction) {
	putUint40(dst, scatter(h.pack(), dir)^t.headKey(h.Offset, dir))
}

// OpenHead decodes the head in the first five bytes of sealed, which has at
// least HeaderSize. It checks nothing: any bytes give some head.
func (t *Tables) OpenHead(sealed []byte, dir Direction) Head {
	wire := uint40(sealed)
	offset := uint16(gather(wire, dir) >> bitA & 0x7ff)
	return unpackHead(gather(wire^t.headKey(offset, dir), dir))
}

func uint40(b []byte) uint64 {
	_ = b[4]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32
}

func putUint40(b []byte, v uint64) {
	_ = b[4]
	b[0], b[1], b[2], b[3], b[4] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32) //nolint:gosec // the low byte is meant
}
