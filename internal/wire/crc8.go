package wire

// crcTables computes the checksum, a reflected CRC-8 with polynomial 0x8C and
// start 0, eight bytes at a step: table k gives what a byte does to the sum k
// bytes further on.
type crcTables [8][256]byte

func (t *crcTables) build() {
	for i := range t[0] {
		v := byte(i)
		for range 8 {
			carry := v & 1
			v >>= 1
			if carry != 0 {
				v ^= 0x8C
			}
		}
		t[0][i] = v
	}
	for k := 1; k < len(t); k++ {
		for i := range t[k] {
			t[k][i] = t[0][t[k-1][i]]
		}
	}
}

// update returns the sum after p.
func (t *crcTables) update(sum byte, p []byte) byte {
	for len(p) >= 8 {
		sum = t[7][p[0]^sum] ^ t[6][p[1]] ^ t[5][p[2]] ^ t[4][p[3]] ^
			t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]]
		p = p[8:]
	}
	for _, b := range p {
		sum = t[0][b^sum]
	}
	return sum
}
