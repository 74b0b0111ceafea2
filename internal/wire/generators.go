package wire

// The four generators of the client. They share a seed at the start and then
// each keeps its own state, which is never set back while tables are filled.
const (
	kindBC = iota
	kindAC
	kindMY
	kindVC
	kinds
)

// generators holds the states, indexed by kind.
type generators [kinds]uint32

func seedGenerators(seed uint32) *generators {
	return &generators{seed, seed, seed, seed}
}

// next draws the next 32-bit pattern of one generator. BC and MY divide the
// signed state by 65536 towards zero, so negative states keep their sign bits.
func (g *generators) next(kind int) uint32 {
	v := g[kind]
	switch kind {
	case kindBC:
		v = v*0x08088405 + 1
	case kindMY:
		v = v*0x41C64E6D + 12345
	case kindAC:
		v = (v*0x41C64E6D + 12345) & 0x7FFFFFFF
	case kindVC:
		v = (v*0x343FD + 0x269EC3) & 0x7FFFFFFF
	}
	g[kind] = v
	switch kind {
	case kindBC, kindMY:
		return uint32(int32(v) / 65536) //nolint:gosec // the bits as they are
	case kindVC:
		return v >> 16
	default:
		return v
	}
}
