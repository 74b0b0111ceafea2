package character

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

//go:embed rules.yaml
var builtInRules []byte

// Gender as the client counts it.
const (
	male   = 0
	female = 1
)

// rules is what rules.yaml holds. It is not changed after it was loaded.
type rules struct {
	Appearance struct {
		Genders     []uint8 `yaml:"genders"`
		BirthStones []uint8 `yaml:"birth_stones"`
		Hair        []uint8 `yaml:"hair"`
		Faces       []uint8 `yaml:"faces"`
	} `yaml:"appearance"`
	ReservedWords []string `yaml:"reserved_words"`

	reserved []word
}

// loadRules reads the rules of a file; no path means the built-in ones. A list
// that is empty, a word that no name could begin with, and a key that is not
// known are errors.
func loadRules(path string) (*rules, error) {
	var r rules
	file, err := readYAML(path, "built-in rules.yaml", builtInRules, &r)
	if err != nil {
		return nil, fmt.Errorf("rules of characters: %w", err)
	}
	if err := r.complete(file); err != nil {
		return nil, fmt.Errorf("rules of characters: %w", err)
	}
	return &r, nil
}

// complete checks the rules and prepares the words.
func (r *rules) complete(file string) error {
	p := problems{file: file}
	for _, l := range r.looks(store.Appearance{}) {
		if len(l.allowed) == 0 {
			p.add(l.list, "needs an entry: what the client offers")
		}
	}
	for _, g := range r.Appearance.Genders {
		if g > female {
			p.add("appearance.genders", "has %d; the client knows %d and %d", g, male, female)
		}
	}
	for i, w := range r.ReservedWords {
		if len(w) < MinWord || len(w) > MaxName || strings.ContainsFunc(w, func(c rune) bool { return c < 'a' || c > 'z' }) {
			p.add(fmt.Sprintf("reserved_words[%d]", i), "is %q, must be %d to %d letters of a to z", w, MinWord, MaxName)
			continue
		}
		r.reserved = append(r.reserved, newWord(w))
	}
	return p.err()
}

// look is one choice of an appearance, and what it may be.
type look struct {
	field   string // of a request
	list    string // of the rules
	value   uint8
	allowed []uint8
}

func (r *rules) looks(a store.Appearance) []look {
	return []look{
		{"appearance.gender", "appearance.genders", a.Gender, r.Appearance.Genders},
		{"appearance.birth_stone", "appearance.birth_stones", a.BirthStone, r.Appearance.BirthStones},
		{"appearance.hair", "appearance.hair", a.Hair, r.Appearance.Hair},
		{"appearance.face", "appearance.faces", a.Face, r.Appearance.Faces},
	}
}

// checkAppearance reports which choice the client does not have.
func (r *rules) checkAppearance(a store.Appearance) error {
	for _, l := range r.looks(a) {
		if !slices.Contains(l.allowed, l.value) {
			return invalidAppearance(l.field, "must be one of "+numbers(l.allowed))
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
