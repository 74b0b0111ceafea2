package wire

// IndexAt returns the offset of the n-th packet of a client.
func (t *Tables) IndexAt(n int) uint16 { return t.index[n%indexLen] }

// LowBytes returns the low bytes of the table, row 0 first.
func (t *Tables) LowBytes() []byte {
	b := make([]byte, 0, tableRows*tableColumns)
	for r := range tableRows {
		for c := range tableColumns {
			b = append(b, t.lowByte(r, c))
		}
	}
	return b
}

// RowSamples returns the first 16 whole values of row 0 and the last 4 of row
// 15, before tables keep their low bytes alone.
func RowSamples(seed uint32, isDefault bool) (row0, row15 []uint32) {
	g, k := defaultKinds()
	if !isDefault {
		g, k = seededKinds(seed)
	}
	rows, _ := buildRows(g, k)
	return rows[0][:16], rows[15][tableColumns-4:]
}

// DefaultSeed is the seed that the default tables start from.
const DefaultSeed = defaultSeed

// SealHead returns the six bytes of a head that Seal would refuse to write.
func SealHead(t *Tables, h Head, dir Direction) []byte {
	b := make([]byte, HeaderSize)
	t.putHead(b, h, dir)
	return b
}
