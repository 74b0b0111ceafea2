package character_test

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/character"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, wrong string }{
		{"Aria", ""},
		{"abcd", ""},
		{"A123", ""},
		{"CharacterWithLongNam", ""},
		{"Megadmin", ""}, // a reserved word elsewhere than at the beginning
		{"", "4 to 20"},
		{"Ari", "4 to 20"},
		{"CharacterWithLongName", "4 to 20"},
		{"1Aria", "begin with a letter"},
		{"Aria Bell", "letters of A to Z and digits only"},
		{"Aria_1", "letters of A to Z and digits only"},
		{"Ärger", "letters of A to Z and digits only"},
		{"Аria", "letters of A to Z and digits only"}, // a Cyrillic capital A
		{"Aria\x00", "letters of A to Z and digits only"},
		{"Aria\n", "letters of A to Z and digits only"},
		{"Admin", "reserved word admin"},
		{"aDmInistrator", "reserved word admin"},
		{"GM01", "reserved word gm"},
		{"Server1", "reserved word server"},
		{"SystemMessage", "reserved word system"},
		{"Waystone", "reserved word waystone"},
	} {
		err := character.CheckName(c.name)
		if c.wrong == "" {
			if err != nil {
				t.Errorf("%q: %v", c.name, err)
			}
			continue
		}
		e := errs.Of(err)
		if e == nil || e.Kind != errs.InvalidArgument || e.Reason != "INVALID_NAME" || e.Field != "name" || !strings.Contains(e.Msg, c.wrong) {
			t.Errorf("%q: %v, want INVALID_NAME that says %q", c.name, err, c.wrong)
		}
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	const good = "appearance: {genders: [0], birth_stones: [0], hair: [0], faces: [1]}\nreserved_words: [gm]\n"
	if err := character.LoadRules(good); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"nothing":           "",
		"no YAML":           "{",
		"unknown key":       good + "colour: red\n",
		"an empty list":     strings.Replace(good, "faces: [1]", "faces: []", 1),
		"a number too big":  strings.Replace(good, "faces: [1]", "faces: [256]", 1),
		"a word of capital": strings.Replace(good, "[gm]", "[GM]", 1),
		"an empty word":     strings.Replace(good, "[gm]", `[""]`, 1),
		"a word too long":   strings.Replace(good, "[gm]", "["+strings.Repeat("a", 21)+"]", 1),
	} {
		if err := character.LoadRules(text); err == nil {
			t.Errorf("%s is let through", what)
		}
	}
}
