package character_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/service/character"
	"github.com/waystone-mmo/waystone/internal/store"
)

func earth(t testing.TB) *data.Data {
	t.Helper()
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	const good = "appearance: {genders: [0], birth_stones: [0], hair: [0], faces: [1]}\nreserved_words: [gm]\n"
	if err := character.ParseRules(good); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ text, want string }{
		"nothing":           {"", "rules.yaml: is empty"},
		"no YAML":           {"{", "rules.yaml: "},
		"two documents":     {good + "---\n" + good, "more than one document"},
		"unknown key":       {good + "colour: red\n", "line 3: field colour"},
		"an empty list":     {strings.Replace(good, "faces: [1]", "faces: []", 1), "appearance.faces: needs an entry"},
		"no list":           {strings.Replace(good, "hair: [0], ", "", 1), "appearance.hair: needs an entry"},
		"a number too big":  {strings.Replace(good, "faces: [1]", "faces: [256]", 1), "line 1"},
		"a third gender":    {strings.Replace(good, "genders: [0]", "genders: [0, 2]", 1), "appearance.genders: has 2"},
		"a word of capital": {strings.Replace(good, "[gm]", "[GM]", 1), `reserved_words[0]: is "GM"`},
		"an empty word":     {strings.Replace(good, "[gm]", `[gm, ""]`, 1), `reserved_words[1]: is ""`},
		"a word too long":   {strings.Replace(good, "[gm]", "["+strings.Repeat("a", 21)+"]", 1), "2 to 20 letters"},
	} {
		if err := character.ParseRules(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

// builtIn returns a built-in file with one thing replaced.
func builtIn(t *testing.T, file, old, replacement string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%q is not in %s", old, file)
	}
	return strings.Replace(string(text), old, replacement, 1)
}

// manySkills are lines of a start file.
func manySkills(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - {number: %d}\n", 1000+i)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestStartsThatAreRefused(t *testing.T) {
	t.Parallel()
	world := earth(t)
	const male = "items_male: []"
	for what, c := range map[string]struct{ old, replacement, want string }{
		"unknown key":          {"  xp: 0", "  xpp: 0", "field xpp not found"},
		"no start point":       {"start_points:", "start_points: []\nx_points:", "x_points"},
		"skill 0":              {"number: 11,", "number: 0,", "basic_skills[0].number: is 0, must be from 1"},
		"skill 65536":          {"number: 11,", "number: 65536,", "line "},
		"a skill twice":        {"number: 12,", "number: 11,", "basic_skills[1].number: is 11, which another"},
		"too many skills":      {"  - {number: 11, name: sit}", manySkills(16), "basic_skills: has 31 entries, must have at most 30"},
		"a long skill":         {"name: sit", "name: " + strings.Repeat("a", 65), "basic_skills[0].name: has 65 bytes"},
		"no such zone":         {"zone: 20, x: 520000, y: 520600", "zone: 3, x: 520000, y: 520600", "start_points[3].zone: is 3, which is not a zone of built-in world.yaml"},
		"outside of the zone":  {"x: 524000", "x: 52400", "start_points[1]: x and y lie outside of zone 1"},
		"no place":             {"x: 524000", "x: .nan", "start_points[1]: x and y lie outside of zone 1"},
		"no such revive zone":  {"revive_zone: 1}", "revive_zone: 9}", "start_points[1].revive_zone: is 9"},
		"a long name":          {"name: Brave", "name: " + strings.Repeat("a", 65), "start_points[0].name: has 65 bytes"},
		"level 0":              {"level: 1 ", "level: 0 ", "new_character.level: is 0, must be from 1"},
		"no charm":             {"charm: 10", "charm: 0", "new_character.stats.charm"},
		"debts":                {"money: 0", "money: -1", "new_character.money: is -1"},
		"too much money":       {"money: 0", "money: 1000000000000000", "new_character.money"},
		"stamina":              {"stamina: 5000", "stamina: 5001", "new_character.stamina: is 5001"},
		"job":                  {"job: 0", "job: 65536", "line "},
		"unknown type":         {"type: body", "type: trousers", `new_character.items[0].type: is "trousers", must be one of face`},
		"no type":              {"type: body, ", "", "new_character.items[0].type"},
		"place 0":              {"place: 3,", "place: 0,", "new_character.items[0].place: must be 1 to 138"},
		"place 139":            {"place: 3,", "place: 139,", "new_character.items[0].place: must be 1 to 138"},
		"a hat on the feet":    {"place: 3, type: body", "place: 6, type: head", "new_character.items[0].place: is 6, where no item of type head belongs"},
		"armour as a potion":   {"place: 3, type: body", "place: 42, type: body", "is 42, where no item of type body belongs"},
		"item 0":               {"number: 30", "number: 0", "new_character.items[0].number: must be 1 to 1023"},
		"item 1024":            {"number: 30", "number: 1024", "new_character.items[0].number"},
		"two shirts":           {"number: 30", "number: 30, quantity: 2", "new_character.items[0].quantity"},
		"none of a potion":     {male, "items_male: [{place: 42, type: consumable, number: 1, quantity: 0}]", "new_character.items_male[0].quantity"},
		"a potion with a life": {male, "items_male: [{place: 42, type: consumable, number: 1, life: 1}]", "new_character.items_male[0]: is a stack"},
		"durability":           {"durability: 50", "durability: 128", "new_character.items[0].durability"},
		"life":                 {"life: 1000", "life: 1001", "new_character.items[0].life"},
		"a place twice":        {male, "items_male: [{place: 2, type: head, number: 1}, {place: 2, type: head, number: 2}]", "new_character.items_male[1].place: is 2, which another"},
		"everybody's place":    {male, "items_male: [{place: 3, type: body, number: 1}]", "new_character.items_male: has an item in place 3, where everybody"},
	} {
		err := character.ParseStart(builtIn(t, "start.yaml", c.old, c.replacement), world)
		if err == nil || !strings.Contains(err.Error(), "start.yaml") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	err := character.ParseStart("new_character: {level: 0, stamina: 6000}\n", world)
	for _, want := range []string{"start_points: has 0 entries", "new_character.level", "new_character.stamina", "stats.sense"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of a file with many mistakes is told %v, not %q", err, want)
		}
	}
}

// TestFilesOfAnOperator: each file is found by its setting, and each mistake is
// told when the part starts.
func TestFilesOfAnOperator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := newStore(t)
	deps := character.Deps{Store: s, World: earth(t)}
	_, err := character.New(character.Config{
		RulesFile: write("rules.yaml", builtIn(t, "rules.yaml", "- admin", "- Admin")),
		StartFile: write("start.yaml", builtIn(t, "start.yaml", "level: 1 ", "level: 0 ")),
		WordsFile: write("words.txt", "x\n"),
	}, deps)
	for _, want := range []string{
		filepath.Join(dir, "rules.yaml") + ": reserved_words[0]", filepath.Join(dir, "start.yaml") + ": new_character.level",
		filepath.Join(dir, "words.txt") + ": line 1",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("started with %v, want %q", err, want)
		}
	}
	large := write("large", strings.Repeat("#", character.MaxFileSize+1))
	missing := filepath.Join(dir, "missing")
	for _, path := range []string{large, missing} {
		for _, c := range []character.Config{{RulesFile: path}, {StartFile: path}, {WordsFile: path}} {
			if _, err := character.New(c, deps); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
	part, err := character.New(character.Config{
		RulesFile: write("own rules.yaml", builtIn(t, "rules.yaml", "- admin", "- boss")),
		StartFile: write("own start.yaml", builtIn(t, "start.yaml", "items_female: []", "items_female: [{place: 42, type: consumable, number: 7, quantity: 9}]")),
		WordsFile: write("own words.txt", "# of ours\ndarn\n"),
	}, deps)
	if err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{"Admin": true, "B0ss": false, "Dam1": false} {
		if _, err := part.CreateCharacter(t.Context(), request(name)); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	made, err := s.db.ListCharacters(t.Context(), "ada1", true, store.Fresh)
	if err != nil || len(made) != 1 {
		t.Fatalf("%d characters were made, %v", len(made), err)
	}
	var places []uint8
	for _, it := range made[0].Items {
		places = append(places, it.Place)
	}
	if len(places) != 3 || places[2] != 42 {
		t.Errorf("a woman starts with items in places %v", places)
	}
}
