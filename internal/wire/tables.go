package wire

import "fmt"

const (
	tableRows    = 16
	tableColumns = 2048
	indexLen     = 512

	defaultSeed = 0x0042D266
)

// Tables is the key of one codec: built once, never changed afterwards and
// shared by every connection of a listener. About 67 KiB.
type Tables struct {
	// key holds the table's low bytes by diagonal: key[d][j] is row (j-d)&15
	// at column j&2047. A packet walks one row and one column on with each
	// byte, so all of its key is one run of one diagonal; each diagonal is
	// there twice, so that no run wraps.
	key   [tableRows][2 * tableColumns]byte
	index [indexLen]uint16
	crc   crcTables
}

// rowKinds names the generator of each row and, last, of the index.
type rowKinds [tableRows + 1]int

// DefaultTables builds the tables of the login connection. It takes about a
// millisecond: keep and share the result.
func DefaultTables() *Tables { return newTables(buildRows(defaultKinds())) }

func defaultKinds() (*generators, rowKinds) {
	var k rowKinds
	for i := range tableRows {
		k[i] = i % kinds
	}
	k[tableRows] = kindAC
	return seedGenerators(defaultSeed), k
}

// SeededTables builds the tables of a world or game connection. Seed 0 is
// refused with ErrSeed: some clients take it to mean no seed, others not. It
// takes about a millisecond: keep and share the result.
func SeededTables(seed uint32) (*Tables, error) {
	if seed == 0 {
		return nil, fmt.Errorf("%w: 0 means different things to different clients, choose any other number", ErrSeed)
	}
	return newTables(buildRows(seededKinds(seed))), nil
}

func seededKinds(seed uint32) (*generators, rowKinds) {
	g := seedGenerators(seedGenerators(seed).next(kindMY))
	var k rowKinds
	for i := range k {
		k[i] = int(g.next(kindBC) & 3)
	}
	return g, k
}

// buildRows fills the table row by row and then the index. The client skips a
// drawn value that is among the first n values of row 0, n being how many
// values the row being filled has, and compares whole values.
func buildRows(g *generators, k rowKinds) (*[tableRows][tableColumns]uint32, *[indexLen]uint16) {
	rows := new([tableRows][tableColumns]uint32)
	inRow0 := make(map[uint32]int, tableColumns)
	for r := range rows {
		for n := 0; n < tableColumns; {
			v := g.next(k[r])
			if at, ok := inRow0[v]; ok && at < n {
				continue
			}
			rows[r][n] = v
			if r == 0 {
				inRow0[v] = n
			}
			n++
		}
	}
	index := new([indexLen]uint16)
	var used [tableColumns]bool
	for n := 0; n < indexLen; {
		v := g.next(k[tableRows]) & (tableColumns - 1)
		if used[v] {
			continue
		}
		used[v] = true
		index[n] = uint16(v) //nolint:gosec // eleven bits
		n++
	}
	return rows, index
}

func newTables(rows *[tableRows][tableColumns]uint32, index *[indexLen]uint16) *Tables {
	t := &Tables{index: *index}
	for d := range t.key {
		for j := range t.key[d] {
			t.key[d][j] = byte(rows[(j-d)&(tableRows-1)][j&(tableColumns-1)]) //nolint:gosec // the low byte is meant
		}
	}
	t.crc.build()
	return t
}

// lowByte returns the low byte of a row at a column.
func (t *Tables) lowByte(row, column int) byte {
	return t.key[(column-row)&(tableRows-1)][column]
}

// payloadKey returns the key bytes for the payload of a packet that is end
// bytes long, padding included.
func (t *Tables) payloadKey(h Head, end int) []byte {
	a := int(h.Offset)
	return t.key[(a-int(h.Row))&(tableRows-1)][a+HeaderSize : a+end]
}
