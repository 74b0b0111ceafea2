package packets_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// TestTableComplete holds each row to its packet: the command agrees, the
// zero value is as small as the row allows and decodes to itself, bounds fit
// a frame, and neither keys nor types repeat within one stage and sender.
func TestTableComplete(t *testing.T) {
	t.Parallel()
	snake := regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)*$`)
	type key struct {
		stage packets.Stage
		from  packets.Side
		cmd   uint16
	}
	seen := map[key]bool{}
	for _, r := range packets.Rows() {
		k := key{r.Stage, r.From, r.Command}
		if seen[k] {
			t.Errorf("%s %s 0x%x has two rows", r.Stage, r.From, r.Command)
		}
		seen[k] = true
		if !snake.MatchString(r.Name) || packets.Name(r.Stage, r.From, r.Command) != r.Name {
			t.Errorf("%s: not found by its number, or not in snake_case", r.Name)
		}
		if r.MinSize < wire.HeaderSize || r.MaxSize < r.MinSize || r.MaxSize > wire.MaxPacketSize {
			t.Errorf("%s: sizes %d to %d do not fit a frame", r.Name, r.MinSize, r.MaxSize)
		}
		p := r.New()
		if p.Command() != r.Command {
			t.Errorf("%s: row says 0x%x, packet 0x%x", r.Name, r.Command, p.Command())
		}
		plain, err := packets.Append(nil, p)
		if err != nil || len(plain) != r.MinSize {
			t.Errorf("%s: the zero value has %d bytes, %v; MinSize is %d", r.Name, len(plain), err, r.MinSize)
			continue
		}
		back, err := packets.Decode(r.Stage, r.From, plain)
		if err != nil || !reflect.DeepEqual(p, back) {
			t.Errorf("%s: the zero value came back as %+v, %v", r.Name, back, err)
		}
	}
}

// TestEveryCommandOfTheClientHasARow: testdata lists what the classic client and
// the open one can send, and whether its layout is known.
func TestEveryCommandOfTheClientHasARow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/client_commands.txt")
	if err != nil {
		t.Fatal(err)
	}
	stages := map[string]packets.Stage{"login": packets.Login, "world": packets.World, "game": packets.Game}
	listed := map[packets.Stage]map[uint16]bool{packets.Login: {}, packets.World: {}, packets.Game: {}}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		stage, ok := stages[f[0]]
		if !ok || len(f) != 3 || f[2] != "known" && f[2] != "unconfirmed" {
			t.Fatalf("a line reads %q", line)
		}
		n, err := strconv.ParseUint(f[1], 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		command := uint16(n)
		listed[stage][command] = true
		row, ok := packets.Lookup(stage, packets.Client, command)
		switch {
		case !ok:
			t.Errorf("0x%x of the %s stage has no row", command, stage)
		case row.Confirmed() != (f[2] == "known"):
			t.Errorf("%s of the %s stage: confirmed is %t, and it is listed as %s", row.Name, stage, row.Confirmed(), f[2])
		}
		if !packets.Known(command) || !packets.InBlock(command) {
			t.Errorf("0x%x counts as one that nobody knows", command)
		}
	}
	for _, r := range packets.Rows() {
		if r.From == packets.Client && !listed[r.Stage][r.Command] {
			t.Errorf("%s (0x%x) of the %s stage is not listed", r.Name, r.Command, r.Stage)
		}
	}
	for _, command := range []uint16{0, 0x6ff, 0x7fe, 0x7ff, 0x800} {
		if packets.Known(command) {
			t.Errorf("0x%x counts as known", command)
		}
	}
}

// TestEveryPacketHasARow: a type without a row is never sent nor read.
func TestEveryPacketHasARow(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{}
	for _, r := range packets.Rows() {
		rows[reflect.TypeOf(r.New()).Elem().Name()] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^func \((?:\w+ )?\*(\w+)\) Command\(\) uint16`)
	n := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range command.FindAllSubmatch(b, -1) {
			n++
			if !rows[string(m[1])] {
				t.Errorf("%s has no row in table.go", m[1])
			}
		}
	}
	if n < len(rows) {
		t.Errorf("%d packets found in the source, %d in the table", n, len(rows))
	}
}
