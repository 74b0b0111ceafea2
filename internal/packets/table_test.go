package packets_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// TestTableComplete holds each row to its packet: the command agrees, the
// zero value is as small as the row allows and decodes to itself, bounds fit
// a frame, and neither keys nor types repeat within one stage and sender.
func TestTableComplete(t *testing.T) {
	t.Parallel()
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
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
