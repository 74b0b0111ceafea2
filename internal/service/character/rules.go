package character

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Bounds of a name, in characters, which are bytes: names are letters and
// digits of ASCII, the one alphabet that every client's code page has.
const (
	MinName = 4
	MaxName = 20
)

//go:embed rules.yaml
var embedded []byte

// rules is what rules.yaml holds. It is not changed after it was loaded.
type rules struct {
	Appearance struct {
		Genders     []uint8 `yaml:"genders"`
		BirthStones []uint8 `yaml:"birth_stones"`
		Hair        []uint8 `yaml:"hair"`
		Faces       []uint8 `yaml:"faces"`
	} `yaml:"appearance"`
	Reserved []string `yaml:"reserved_words"`
}

// loadRules reads the rules. A list that is empty, a word that no name could
// begin with, and a key that is not known are errors.
func loadRules(text []byte) (*rules, error) {
	var r rules
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("rules of characters: %w", err)
	}
	a := r.Appearance
	for _, list := range [][]uint8{a.Genders, a.BirthStones, a.Hair, a.Faces} {
		if len(list) == 0 {
			return nil, errors.New("rules of characters: every list of appearance needs an entry")
		}
	}
	for _, w := range r.Reserved {
		if len(w) < 2 || len(w) > MaxName || strings.ContainsFunc(w, func(c rune) bool { return c < 'a' || c > 'z' }) {
			return nil, fmt.Errorf("rules of characters: reserved word %q must be 2 to %d letters of a to z", w, MaxName)
		}
	}
	return &r, nil
}

// checkName reports what is wrong with a name: 4 to 20 letters and digits of
// ASCII, the first a letter, and not beginning with a reserved word, whatever
// its case. Whether the name is free only the database can say.
func (r *rules) checkName(name string) error {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		digit := c >= '0' && c <= '9'
		switch {
		case !letter && !digit:
			return errs.Invalid("name", "must be letters of A to Z and digits only")
		case i == 0 && digit:
			return errs.Invalid("name", "must begin with a letter of A to Z")
		}
	}
	if n := len(name); n < MinName || n > MaxName {
		return errs.Invalid("name", fmt.Sprintf("must be %d to %d characters long", MinName, MaxName))
	}
	lower := strings.ToLower(name)
	for _, w := range r.Reserved {
		if strings.HasPrefix(lower, w) {
			return errs.Invalid("name", "must not begin with the reserved word "+w)
		}
	}
	return nil
}

// checkAppearance reports which choice the client does not have.
func (r *rules) checkAppearance(a store.Appearance) error {
	for _, c := range []struct {
		field   string
		value   uint8
		allowed []uint8
	}{
		{"appearance.gender", a.Gender, r.Appearance.Genders},
		{"appearance.birth_stone", a.BirthStone, r.Appearance.BirthStones},
		{"appearance.hair", a.Hair, r.Appearance.Hair},
		{"appearance.face", a.Face, r.Appearance.Faces},
	} {
		if !slices.Contains(c.allowed, c.value) {
			return invalidAppearance(c.field, "must be one of "+numbers(c.allowed))
		}
	}
	return nil
}

func invalidAppearance(field, msg string) error {
	return &errs.Error{Kind: errs.InvalidArgument, Reason: "INVALID_APPEARANCE", Field: field, Msg: msg}
}

// numbers writes them as a sentence has them: 0, 5, 10.
func numbers(ns []uint8) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprintf("%d", ns), " ", ", "), "[]")
}
