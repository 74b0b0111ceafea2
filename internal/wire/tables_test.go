package wire_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/wire"
)

type tablesVector struct {
	Mode      string   `json:"mode"`
	Seed      string   `json:"seed"`
	LowDigest string   `json:"table_low_bytes_sha256"`
	Row0      []string `json:"table_row0_first16_u32"`
	Row15     []string `json:"table_row15_last4_u32"`
	Index     []uint16 `json:"index_first16"`
	IxDigest  string   `json:"index_u16le_sha256"`
}

func digest(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestTablesMatchVectors(t *testing.T) {
	t.Parallel()
	keys := keyring{}
	for _, v := range load[[]tablesVector](t, "testdata/tables.json") {
		tables := keys.tables(t, v.Mode, v.Seed)
		if got := digest(tables.LowBytes()); got != v.LowDigest {
			t.Errorf("%s %s: table digest %s, want %s", v.Mode, v.Seed, got, v.LowDigest)
		}
		var index []byte
		var first []uint16
		for i := range 512 {
			index = binary.LittleEndian.AppendUint16(index, tables.IndexAt(i))
			if i < len(v.Index) {
				first = append(first, tables.IndexAt(i))
			}
		}
		if diff := cmp.Diff(v.Index, first); diff != "" || digest(index) != v.IxDigest {
			t.Errorf("%s %s: index digest %s, want %s\n%s", v.Mode, v.Seed, digest(index), v.IxDigest, diff)
		}
		row0, row15 := wire.RowSamples(parseSeed(t, v.Seed), v.Mode == "default")
		var got0, got15 []string
		for _, x := range row0 {
			got0 = append(got0, fmt.Sprintf("0x%08x", x))
		}
		for _, x := range row15 {
			got15 = append(got15, fmt.Sprintf("0x%08x", x))
		}
		if diff := cmp.Diff([][]string{v.Row0, v.Row15}, [][]string{got0, got15}); diff != "" {
			t.Errorf("%s %s: rows\n%s", v.Mode, v.Seed, diff)
		}
	}
}

func TestSeedZeroIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := wire.SeededTables(0); !errors.Is(err, wire.ErrSeed) {
		t.Fatalf("seed 0: %v, want ErrSeed", err)
	}
}

// TestDefaultIsNotSeeded: the default tables are no seeded ones, whatever
// their seed suggests.
func TestDefaultIsNotSeeded(t *testing.T) {
	t.Parallel()
	seeded, err := wire.SeededTables(wire.DefaultSeed)
	if err != nil {
		t.Fatal(err)
	}
	if digest(seeded.LowBytes()) == digest(wire.DefaultTables().LowBytes()) {
		t.Error("tables seeded with the default's seed equal the default")
	}
}

func BenchmarkSeededTables(b *testing.B) {
	for b.Loop() {
		if _, err := wire.SeededTables(0x12345678); err != nil {
			b.Fatal(err)
		}
	}
}
