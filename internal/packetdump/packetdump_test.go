package packetdump_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/packetdump"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// run returns the exit status and what was printed.
func run(t *testing.T, stdin string, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	status := call(t.Context(), append([]string{"decode"}, args...), strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// call runs the command as part of a program.
func call(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{Use: "packet"}
	root.AddCommand(packetdump.Command())
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return cli.Run(ctx, root, args)
}

func plainHex(t *testing.T, p packets.Packet) string {
	t.Helper()
	b, err := packets.Append(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

func sealedHex(t *testing.T, tables *wire.Tables, from packets.Side, ps ...packets.Packet) string {
	t.Helper()
	sealer := wire.NewSealer(tables, from.Direction())
	var out []byte
	for _, p := range ps {
		plain, err := packets.Append(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		if out, err = sealer.Append(out, plain); err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(out)
}

// TestOutput compares whole lines.
func TestOutput(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		p    packets.Packet
		args []string
		want string
	}{
		"secret hidden, order kept": {
			&packets.LoginRequest{Secret: "5f4dcc3b5aa765d61d8327deb882cf99", User: "al<ice"}, nil,
			`{"stage":"login","from":"client","command":"0x708","name":"login_request","size":45,` +
				`"fields":{"secret":"[redacted]","user":"al<ice"}}`,
		},
		"no fields": {
			&packets.ReturnToSelect{}, []string{"--stage=game", "--from", "server"},
			`{"stage":"game","from":"server","command":"0x71c","name":"return_to_select","size":6,"fields":{}}`,
		},
		"embedded": {
			&packets.MoveWithMode{Move: packets.Move{Entity: 1, X: 1.5}, Mode: 2}, []string{"--stage=game", "--from", "server"},
			`{"stage":"game","from":"server","command":"0x797","name":"move_with_mode","size":23,` +
				`"fields":{"entity":1,"target":0,"distance":0,"x":1.5,"y":0,"z":0,"mode":2}}`,
		},
		"list and empty list": {
			&packets.LoginReply{Servers: []packets.ServerEntry{{Name: "A", ID: 7}}}, []string{"--from", "server"},
			`{"stage":"login","from":"server","command":"0x708","name":"login_reply","size":17,` +
				`"fields":{"result":0,"rights":0,"pay_type":0,"servers":[{"name":"A","id":7}]}}`,
		},
		"bytes": {
			&packets.ClanCommand{Kind: 15, Args: []byte{0x39, 0}}, []string{"--stage", "world"},
			`{"stage":"world","from":"client","command":"0x7e0","name":"clan_command","size":9,` +
				`"fields":{"kind":15,"args":"3900"}}`,
		},
	} {
		status, out, errs := run(t, "", append(tc.args, "--plain", plainHex(t, tc.p))...)
		if status != cli.OK || errs != "" {
			t.Errorf("%s: exit status %d, %s", name, status, errs)
		}
		if diff := cmp.Diff(tc.want+"\n", out); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}

// TestKeys looks at the words that keys are made of, and at optional parts.
func TestKeys(t *testing.T) {
	t.Parallel()
	quests := &packets.QuestData{}
	quests.Switches.Set(3, true)
	quests.Switches.Set(1023, true)
	for _, tc := range []struct {
		p    packets.Packet
		want []string
	}{
		{&packets.CharacterData{}, []string{`"pk_flag":0`, `"unique_id":0`, `"penalty_xp":0`, `"hp":0`, `"sub_weapon":{"number":0`}},
		{&packets.JoinZoneReply{}, []string{`"item_prices":[0,0,0,0,0,0,0,0,0,0,0]`}},
		{&packets.SpawnCharacter{Clan: &packets.Clan{Name: "K"}}, []string{`"shop":null`, `"clan":{"id":0`, `"dest_x":0`}},
		{quests, []string{`"switches":[3,1023]`, `"wish_list":[{"type":0`}},
	} {
		_, out, errs := run(t, "", "--plain", "--stage", "game", "--from", "server", plainHex(t, tc.p))
		for _, want := range tc.want {
			if !strings.Contains(out, want) {
				t.Errorf("%T: no %s in %s%s", tc.p, want, out, errs)
			}
		}
	}
}

// TestVectors dumps what existing encoders made, and counts the lines.
func TestVectors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../packets/testdata/packets.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Server, Direction, Command string
		Plain                      string `json:"plain_hex"`
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	type stream struct{ stage, from string }
	input, want := map[stream]string{}, map[stream][]string{}
	for _, v := range vectors {
		s := stream{v.Server, strings.Split(v.Direction, "_")[0]}
		input[s] += v.Plain + "\n"
		want[s] = append(want[s], v.Command)
	}
	if len(input) != 6 {
		t.Fatalf("vectors of %d streams, want 6", len(input))
	}
	for s, text := range input {
		status, out, errs := run(t, text, "--plain", "--stage", s.stage, "--from", s.from, "-")
		if status != cli.OK {
			t.Errorf("%v: exit status %d, %s", s, status, errs)
		}
		var got []string
		for l := range strings.Lines(out) {
			var d struct {
				Command, Name string
				Fields        map[string]any
			}
			if err := json.Unmarshal([]byte(l), &d); err != nil {
				t.Fatalf("%v: %v in %s", s, err, l)
			}
			got = append(got, d.Command)
			if _, ok := d.Fields["payload"]; ok != (d.Name == "unknown") {
				t.Errorf("%v: a raw payload exactly when the command is unknown: %s", s, l)
			}
		}
		if diff := cmp.Diff(want[s], got); diff != "" {
			t.Errorf("%v\n%s", s, diff)
		}
	}
}

func TestSealedInput(t *testing.T) {
	t.Parallel()
	seeded, err := wire.SeededTables(0xC0FFEE)
	if err != nil {
		t.Fatal(err)
	}
	login := sealedHex(t, wire.DefaultTables(), packets.Client, &packets.AcceptRequest{}, &packets.ChannelListRequest{Server: 1})
	world := sealedHex(t, seeded, packets.Server, &packets.JoinReply{PayFlags: 255})
	path := filepath.Join(t.TempDir(), "capture.txt")
	if err := os.WriteFile(path, []byte(login[:3]+" "+login[3:12]+"\r\n"+strings.ToUpper(login[12:])+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args  []string
		lines int
		name  string
	}{
		"argument":        {[]string{login}, 2, "channel_list_request"},
		"words":           {[]string{login[:4], login[4:]}, 2, "channel_list_request"},
		"file":            {[]string{path}, 2, "channel_list_request"},
		"seed":            {[]string{"--seed", "0xC0FFEE", "--stage", "world", "--from", "server", world}, 1, "join_reply"},
		"seed in decimal": {[]string{world, "--seed", strconv.Itoa(0xC0FFEE), "--stage", "world", "--from", "server"}, 1, "join_reply"},
	} {
		status, out, errs := run(t, "", tc.args...)
		if status != 0 || strings.Count(out, "\n") != tc.lines || !strings.Contains(out, `"`+tc.name+`"`) {
			t.Errorf("%s: exit status %d, %s%s", name, status, out, errs)
		}
	}
}

// TestWrongInput: one sentence that names the place, exit status 1; what came
// before is printed.
func TestWrongInput(t *testing.T) {
	t.Parallel()
	good := plainHex(t, &packets.AcceptRequest{})
	login := sealedHex(t, wire.DefaultTables(), packets.Client, &packets.AcceptRequest{}, &packets.ChannelListRequest{Server: 1})
	for name, tc := range map[string]struct {
		stdin string
		args  []string
		lines int
		want  string
	}{
		"no digit":        {"06zz", []string{"--plain", "-"}, 0, `'z' at offset 2`},
		"odd":             {"060", []string{"--plain", "-"}, 0, "at offset 1, has one digit"},
		"empty":           {" \n", []string{"--plain", "-"}, 0, "standard input holds no packet"},
		"no file":         {"", []string{"no-such-file"}, 0, "no file has that name"},
		"cut header":      {good + "0600", []string{"--plain", "-"}, 1, "packet at offset 6: bad packet size: 2 bytes are left"},
		"cut payload":     {good + "070003070000", []string{"--plain", "-"}, 1, "packet at offset 6"},
		"size below 6":    {"050003070000", []string{"--plain", "-"}, 0, "header says 5 bytes"},
		"wrong size":      {"07000307000000", []string{"--plain", "-"}, 0, "accept_request (0x703): bad packet size: 7 bytes, want 6 to 6"},
		"bad value":       {"0d001407000000024172696100", []string{"--plain", "--stage", "world", "-"}, 0, "delete_character_request (0x714): at byte 7: bad value"},
		"sealed, cut":     {"", []string{login[:len(login)-2]}, 1, "packet at offset 6: the input ends inside the packet"},
		"sealed, damaged": {"", []string{login[:len(login)-2] + "00"}, 1, "packet at offset 6: packet 0x704 of 10 bytes: bad checksum"},
		"wrong direction": {"", []string{"--from", "server", login}, 0, "packet at offset 0"},
	} {
		status, out, errs := run(t, tc.stdin, tc.args...)
		if status != cli.Failed || !strings.Contains(errs, tc.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit status %d, %q; want 1 and %q", name, status, errs, tc.want)
		}
		if strings.Count(out, "\n") != tc.lines {
			t.Errorf("%s: printed %q, want %d lines", name, out, tc.lines)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"decod"}, `unknown command "decod"; did you mean decode?`},
		{[]string{"decode"}, "decode needs something to decode: HEX, FILE or -"},
		{[]string{"decode", "--from", "nobody", "00"}, "client, server"},
		{[]string{"decode", "--stage", "lobby", "00"}, "login, world, game"},
		{[]string{"decode", "--seed", "0", "00"}, "seed 0"},
		{[]string{"decode", "--seed", "4294967296", "00"}, "from 1 to 4294967295"},
		{[]string{"decode", "--plain", "--seed", "1", "00"}, "--plain"},
		{[]string{"decode", "--loud", "00"}, "unknown flag --loud"},
		{[]string{"decode", "00", "--palin"}, "did you mean --plain?"},
	} {
		var out, errs bytes.Buffer
		status := call(t.Context(), tc.args, strings.NewReader(""), &out, &errs)
		if status != cli.Wrong || out.Len() > 0 || !strings.Contains(errs.String(), tc.want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%q: exit status %d, %q, %q; want 2 and one line with %q", tc.args, status, out.String(), errs.String(), tc.want)
		}
	}
	var out, errs bytes.Buffer
	if status := call(t.Context(), []string{"decode", "--help"}, strings.NewReader(""), &out, &errs); status != 0 ||
		!strings.Contains(out.String(), "Usage:\n  packet decode HEX|FILE|-… [flags]") || errs.Len() > 0 {
		t.Errorf("--help: exit status %d, %q, %q", status, out.String(), errs.String())
	}
}

func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	args := []string{"decode", "--plain", "-"}
	var out, errs bytes.Buffer
	if status := call(t.Context(), args, iotest.ErrReader(gone), &out, &errs); status != 1 || !strings.Contains(errs.String(), "gone") {
		t.Errorf("broken input: exit status %d, %q", status, errs.String())
	}
	errs.Reset()
	if status := call(t.Context(), args, strings.NewReader("060003070000"), broken{gone}, &errs); status != 1 || !strings.Contains(errs.String(), "gone") {
		t.Errorf("broken output: exit status %d, %q", status, errs.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs.Reset()
	if status := call(ctx, args, strings.NewReader("060003070000"), &out, &errs); status != 1 || out.Len() > 0 {
		t.Errorf("cancelled: exit status %d, %q", status, out.String())
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }
