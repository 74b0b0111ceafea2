package e2e_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// choosing signs a user in up to the choice of a character.
func (d *deployment) choosing(ctx context.Context, user string) *bot.Bot {
	d.t.Helper()
	tg := d.target(user)
	ticket, err := tg.Users[0].Ticket(ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	b, err := bot.Dial(ctx, bot.Config{Addr: d.login, User: tg.Users[0].Name, Secret: packets.Secret(ticket)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(b.Close)
	if err := b.SignIn(ctx); err != nil {
		d.t.Fatal(err)
	}
	if _, err := b.ListCharacters(ctx); err != nil {
		d.t.Fatal(err)
	}
	return b
}

// TestCharactersOverTheGameProtocol: the rules of characters as the client is
// told of them, from names that break one to a character that is marked.
func TestCharactersOverTheGameProtocol(t *testing.T) {
	t.Parallel()
	words := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(words, []byte("# not here\ndarn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := oneProcess(t, map[string]string{"CHARACTER_WORDS_FILE": words, "PACKET_MENU_RATE": "1000", "PACKET_MENU_BURST": "1000"})
	d.createAccounts("alice", "bob")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	alice, bob := d.choosing(ctx, "alice"), d.choosing(ctx, "bob")
	create := func(b *bot.Bot, what string, ask packets.CreateCharacterRequest, want uint8) {
		t.Helper()
		var no *bot.RefusedError
		err := b.CreateCharacter(ctx, ask)
		switch {
		case want == packets.CreateOK && err != nil:
			t.Fatalf("%s: %v", what, err)
		case want != packets.CreateOK && (!errors.As(err, &no) || no.Result != want):
			t.Errorf("%s: %v, want result %d", what, err, want)
		}
	}
	named := func(name string) packets.CreateCharacterRequest {
		return packets.CreateCharacterRequest{Name: name, Face: 8, Hair: 5, BirthStone: 11, StartPoint: 4}
	}
	for _, name := range []string{
		"", "Nob", strings.Repeat("Nobody", 4), "1Nobody", "No body", "N_body", "Нико", "Nöbody",
		"Admin", "Adm1n", "GM0123", "Gggm", "G4meMaster", "Adrnin", "VVaystone", "Nodarn", "N0d4m",
	} {
		create(alice, "the name "+name, named(name), packets.CreateInvalidValue)
	}
	for what, ask := range map[string]packets.CreateCharacterRequest{
		"a face that is not offered":      {Name: "Nobody", Face: 2},
		"hair that is not offered":        {Name: "Nobody", Face: 1, Hair: 1},
		"a third gender":                  {Name: "Nobody", Face: 1, Gender: 2},
		"a thirteenth month":              {Name: "Nobody", Face: 1, BirthStone: 12},
		"a start point that is not there": {Name: "Nobody", Face: 1, StartPoint: 5},
	} {
		create(alice, what, ask, packets.CreateInvalidValue)
	}

	create(alice, "a name", named("Millow"), packets.CreateOK)
	for _, name := range []string{"Millow", "MILLOW", "Mil1ow", "MiIl0w", "Rnillow", "MillovV"} {
		create(bob, name+" beside Millow", named(name), packets.CreateNameExists)
	}
	for _, name := range []string{"Borin", "Cato", "Dara", "Emil"} {
		create(alice, name, named(name), packets.CreateOK)
	}
	create(alice, "a sixth", named("Fritz"), packets.CreateNoMoreSlots)

	list, err := alice.ListCharacters(ctx)
	if err != nil || len(list) != packets.MaxCharacters {
		t.Fatalf("listed %v, %v", list, err)
	}
	for i, c := range list {
		if c.DeleteSeconds != 0 || c.Premium != (i >= 3) || c.Hair != 5 || c.Face != 8 || c.Equipment.Body.Number != 30 || c.Equipment.Weapon.Number != 1 {
			t.Errorf("slot %d: %+v", i, c)
		}
	}

	if left, err := alice.DeleteCharacter(ctx, "Millow"); err != nil || left.Seconds() != float64(packets.MaxDeleteSeconds) {
		t.Errorf("deleted: %v left, %v", left, err)
	}
	if _, err := alice.DeleteCharacter(ctx, "Millow"); err == nil {
		t.Error("a marked character was marked again")
	}
	if list, err = alice.ListCharacters(ctx); err != nil || list[0].DeleteSeconds < 3000 || list[0].DeleteSeconds > packets.MaxDeleteSeconds || list[1].DeleteSeconds != 0 {
		t.Errorf("listed %+v, %v", list, err)
	}
	create(alice, "a sixth beside a marked one", named("Fritz"), packets.CreateNoMoreSlots)
	create(bob, "the name of a marked one", named("Mil1ow"), packets.CreateNameExists)
	var refused *bot.RefusedError
	if err := alice.Select(ctx, "Millow"); !errors.As(err, &refused) {
		t.Errorf("a marked character was selected: %v", err)
	}

	alice = d.choosing(ctx, "alice")
	if err := alice.RestoreCharacter(ctx, "Millow"); err != nil {
		t.Error(err)
	}
	if err := alice.RestoreCharacter(ctx, "Millow"); err == nil {
		t.Error("a character was restored that is not marked")
	}
	if err := alice.Enter(ctx, "Millow"); err != nil {
		t.Fatal(err)
	}
	if err := alice.Logout(ctx); err != nil {
		t.Error(err)
	}
}

// TestFilesOfCharactersStopTheStart: a mistake in a file of the operator is
// told with file and line, and nothing starts.
func TestFilesOfCharactersStopTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	binary(t, "waystone") // built before the time of a command runs
	for variable, c := range map[string]struct{ text, want string }{
		"CHARACTER_WORDS_FILE": {"darn\n\nno good\n", "line 3"},
		"CHARACTER_RULES_FILE": {"appearance: {genders: [0]}\ncolour: red\n", "line 2"},
		"CHARACTER_START_FILE": {"new_character: {level: 0}\n", "new_character.level"},
	} {
		path := filepath.Join(dir, variable)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, msg, status := command(t, map[string]string{"WAYSTONE_DATA": t.TempDir(), variable: path, "OPS_LISTEN_ADDR": "127.0.0.1:0"}, "", "serve")
		if status == 0 || !strings.Contains(msg, path) || !strings.Contains(msg, c.want) {
			t.Errorf("%s: status %d, %q", variable, status, msg)
		}
	}
}
