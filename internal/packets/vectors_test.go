package packets_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// vector is one packet as an existing encoder of the protocol made it.
type vector struct {
	Server    string                     `json:"server"`
	Direction string                     `json:"direction"`
	Command   string                     `json:"command"`
	Name      string                     `json:"name"`
	Plain     string                     `json:"plain_hex"`
	Fields    map[string]json.RawMessage `json:"fields"`

	stage packets.Stage
	from  packets.Side
	cmd   uint16
	plain []byte
}

func (v *vector) String() string { return fmt.Sprintf("%s %s %s", v.Server, v.Command, v.Name) }

func loadVectors(tb testing.TB) []*vector {
	tb.Helper()
	raw, err := os.ReadFile("testdata/packets.json")
	if err != nil {
		tb.Fatal(err)
	}
	var vs []*vector
	if err := json.Unmarshal(raw, &vs); err != nil {
		tb.Fatal(err)
	}
	stages := map[string]packets.Stage{"login": packets.Login, "world": packets.World, "game": packets.Game}
	sides := map[string]packets.Side{"client": packets.Client, "client_to_server": packets.Client,
		"server": packets.Server, "server_to_client": packets.Server}
	for _, v := range vs {
		var ok1, ok2 bool
		v.stage, ok1 = stages[v.Server]
		v.from, ok2 = sides[v.Direction]
		cmd, err1 := strconv.ParseUint(v.Command, 0, 16)
		plain, err2 := hex.DecodeString(v.Plain)
		if err := errors.Join(err1, err2); err != nil || !ok1 || !ok2 {
			tb.Fatalf("vector %s %s: %v", v, v.Direction, err)
		}
		v.cmd, v.plain = uint16(cmd), plain
	}
	return vs
}

// notCovered are the commands of the vectors that the table does not have: what
// a server tells of fighting, items, skills, parties and shops.
func notCovered() []string {
	return []string{
		"server 0x717", "server 0x71e", "server 0x71f", "server 0x720",
		"server 0x721", "server 0x774", "server 0x798", "server 0x799", "server 0x79b", "server 0x79e",
		"server 0x7a3", "server 0x7a5", "server 0x7a6", "server 0x7a8",
		"server 0x7a9", "server 0x7ab", "server 0x7b5", "server 0x7b6", "server 0x7b7", "server 0x7ca",
		"server 0x7ce", "server 0x7d0", "server 0x7d2", "server 0x7d3", "server 0x7d5",
		"server 0x7d7",
	}
}

// remarks are keys that describe a vector and are no field of the packet.
func remarks() []string {
	return []string{"note", "count", "order", "equipment_order", "visible_equipment_order",
		"item_bytes", "item_count", "text_encoding_written"}
}

// TestPacketVectors decodes every vector into the fields that it states and
// encodes them back to the same bytes.
func TestPacketVectors(t *testing.T) {
	t.Parallel()
	var skipped []string
	used, stated := 0, 0
	for _, v := range loadVectors(t) {
		p, err := packets.Decode(v.stage, v.from, v.plain)
		if errors.Is(err, packets.ErrUnknown) {
			skipped = append(skipped, fmt.Sprintf("%s 0x%x", v.from, v.cmd))
			continue
		}
		used++
		if err != nil {
			t.Errorf("%s: %v", v, err)
			continue
		}
		got := normal(t, describe(t, p))
		for key, raw := range v.Fields {
			if slices.Contains(remarks(), key) {
				continue
			}
			stated++
			var want any
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			value, ok := got[key]
			if !ok {
				t.Errorf("%s: the vector states %q, the mapping of %T does not", v, key, p)
				continue
			}
			if diff := cmp.Diff(expected(v.cmd, key, want), value); diff != "" {
				t.Errorf("%s: %s (-vector +decoded)\n%s", v, key, diff)
			}
		}
		back, err := packets.Append(nil, p)
		if err != nil || !bytes.Equal(back, v.plain) {
			t.Errorf("%s: encoded to\n%x, %v, want\n%x", v, back, err, v.plain)
		}
	}
	slices.Sort(skipped)
	if diff := cmp.Diff(notCovered(), slices.Compact(skipped)); diff != "" {
		t.Errorf("commands not covered (-listed +met)\n%s", diff)
	}
	t.Logf("%d vectors with %d fields checked", used, stated)
	if used != 147 {
		t.Errorf("%d vectors used; the file holds 147 of our commands", used)
	}
}

// normal turns what describe gives into what JSON would hold.
func normal(t *testing.T, fields map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// expected rewrites what a vector states to what its packet can carry.
func expected(cmd uint16, key string, want any) any {
	switch {
	case key == "characters": // equipment by slot
		for _, c := range want.([]any) {
			worn := map[string]any{}
			for _, e := range c.(map[string]any)["equipment"].([]any) {
				item := e.(map[string]any)
				worn[item["slot"].(string)] = map[string]any{"number": item["number"], "grade": item["grade"]}
			}
			c.(map[string]any)["equipment"] = worn
		}
	case key == "equipment": // the vector lists whole items, others see less
		seen := map[string]any{}
		for slot, e := range want.(map[string]any) {
			item := e.(map[string]any)
			switch slot {
			case "Necklace", "Ring", "Earring":
			default:
				seen[slot] = map[string]any{"number": item["number"], "gem": item["gem"],
					"grade": item["grade"], "has_socket": item["has_socket"]}
			}
		}
		return seen
	case cmd == 0x716 && key == "equipped":
		for _, e := range want.(map[string]any) {
			fillItem(e.(map[string]any))
		}
	case cmd == 0x716 && key != "money":
		fillItem(want.(map[string]any))
	case key == "items": // of an update; an empty slot is no item
		for _, e := range want.([]any) {
			slot := e.(map[string]any)
			if slot["item"] == nil {
				slot["item"] = map[string]any{}
			}
			fillItem(slot["item"].(map[string]any))
		}
	case cmd == 0x7a7 && key == "item":
		fillItem(want.(map[string]any))
	case key == "quest0":
		fillItem(want.(map[string]any)["item0"].(map[string]any))
	}
	return want
}

// fillItem adds the zero fields that a vector leaves out.
func fillItem(item map[string]any) {
	for _, k := range []string{"durability", "gem", "grade", "life", "number", "quantity", "type"} {
		if item[k] == nil {
			item[k] = float64(0)
		}
	}
	for _, k := range []string{"has_socket", "is_appraised", "is_crafted"} {
		if item[k] == nil {
			item[k] = false
		}
	}
}
