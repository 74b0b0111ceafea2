package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// codecVector is one packet in both forms, as an existing encoder made it.
type codecVector struct {
	Codec  string `json:"codec"`
	Origin string `json:"origin"`
	Key    struct {
		Mode string `json:"mode"` // default, init (seeded), changeseed (another dialect)
		Seed string `json:"seed"`
	} `json:"key"`
	Direction string `json:"direction"`
	A         uint16 `json:"table_index"`
	T         uint8  `json:"table_row"`
	E         uint8  `json:"encrypt_value"`
	Padding   string `json:"padding_hex"`
	Plain     string `json:"plaintext_hex"`
	Cipher    string `json:"ciphertext_hex"`
	Expect    string `json:"expect"`
	Sequence  *int   `json:"send_sequence"`
}

func (v codecVector) dir(t *testing.T) wire.Direction {
	t.Helper()
	switch v.Direction {
	case "client_to_server":
		return wire.ClientToServer
	case "server_to_client":
		return wire.ServerToClient
	}
	t.Fatalf("unknown direction %q", v.Direction)
	return 0
}

func loadVectors(tb testing.TB) []codecVector {
	tb.Helper()
	return load[[]codecVector](tb, "testdata/codec.json")
}

func load[T any](tb testing.TB, path string) T {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		tb.Fatal(err)
	}
	return v
}

func parseSeed(tb testing.TB, s string) uint32 {
	tb.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 32)
	if err != nil {
		tb.Fatal(err)
	}
	return uint32(n)
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// keyring builds tables once for each seed.
type keyring map[string]*wire.Tables

func (k keyring) tables(tb testing.TB, mode, seed string) *wire.Tables {
	tb.Helper()
	if t := k[mode+seed]; t != nil {
		return t
	}
	t := wire.DefaultTables()
	if mode == "init" {
		var err error
		if t, err = wire.SeededTables(parseSeed(tb, seed)); err != nil {
			tb.Fatal(err)
		}
	}
	k[mode+seed] = t
	return t
}

func TestCodecVectors(t *testing.T) {
	t.Parallel()
	keys := keyring{}
	var same, refused, skipped int
	for i, v := range loadVectors(t) {
		if v.Codec != "irose" || v.Key.Mode == "changeseed" {
			skipped++ // a sister dialect changes the seed in mid-connection
			continue
		}
		tables, dir, sealed := keys.tables(t, v.Key.Mode, v.Key.Seed), v.dir(t), unhex(t, v.Cipher)
		plain, head, err := tables.Open(nil, sealed, dir)
		if v.Expect == "reject" {
			if err == nil {
				t.Errorf("vector %d: damaged packet accepted as %x", i, plain)
			}
			refused++
			continue
		}
		if err != nil {
			t.Errorf("vector %d (%s): open: %v", i, v.Origin, err)
			continue
		}
		same++
		if want := unhex(t, v.Plain); !bytes.Equal(plain, want) {
			t.Errorf("vector %d: open gave\n%x, want\n%x", i, plain, want)
		}
		if head.Offset != v.A || head.Row != v.T || head.Extra != v.E {
			t.Errorf("vector %d: head %+v, want A %d T %d E %d", i, head, v.A, v.T, v.E)
		}
		sc := wire.Scramble{Offset: v.A, Row: v.T, Extra: v.E}
		if dir == wire.ClientToServer {
			sc.Extra, sc.Padding = 0, unhex(t, v.Padding)
		}
		got, err := tables.Seal(nil, plain, dir, sc)
		if err != nil || !bytes.Equal(got, sealed) {
			t.Errorf("vector %d: seal gave\n%x, %v, want\n%x", i, got, err, sealed)
		}
		if v.Sequence != nil && tables.IndexAt(*v.Sequence) != v.A {
			t.Errorf("vector %d: packet %d has offset %d, want %d", i, *v.Sequence, tables.IndexAt(*v.Sequence), v.A)
		}
	}
	t.Logf("%d vectors equal both ways, %d refused, %d of another dialect skipped", same, refused, skipped)
	if same != 163 || refused != 10 || skipped != 7 {
		t.Errorf("used %d, refused %d, skipped %d vectors; the file holds 163, 10 and 7", same, refused, skipped)
	}
}
