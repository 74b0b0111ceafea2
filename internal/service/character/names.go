package character

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Bounds of a name, in characters, which are bytes: names are letters and
// digits of ASCII, the one alphabet that every client's code page has.
const (
	MinName = 4
	MaxName = 20
)

// checkName reports what is wrong with a name: 4 to 20 letters and digits of
// ASCII, the first a letter, not beginning with a reserved word and with no
// word of the operator's list in it. Whether the name is free only the
// database can say.
func checkName(name string, reserved, words []word) error {
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
	seen := runsOf(name)
	for _, w := range reserved {
		if w.beginsAt(seen, 0) {
			return errs.Invalid("name", "must not begin with the reserved word "+w.text)
		}
	}
	for i := range seen {
		if slices.ContainsFunc(words, func(w word) bool { return w.beginsAt(seen, i) }) {
			return errs.Invalid("name", "must not have a word in it that is not allowed here")
		}
	}
	return nil
}

// word is a word that names are held against.
type word struct {
	text string // as the operator wrote it
	runs []run
}

// run is a letter and how often it comes in a row.
type run struct {
	letter byte
	times  int
}

func newWord(text string) word { return word{text: text, runs: runsOf(text)} }

// beginsAt reports whether a word begins in the i-th run of a name: it may have
// each letter more often than the word has it in that place, but not less
// often. So "Addmiin" is seen as "admin", and "Staf" is not "staff".
func (w word) beginsAt(name []run, i int) bool {
	if len(name)-i < len(w.runs) {
		return false
	}
	for j, r := range w.runs {
		if n := name[i+j]; n.letter != r.letter || n.times < r.times {
			return false
		}
	}
	return true
}

// Digits that stand for letters in words, beside those that look like one.
var digitLetters = strings.NewReplacer("3", "e", "4", "a", "6", "g", "7", "t", "9", "g") //nolint:gochecknoglobals // a constant table

// Pairs that look like one letter, put back together, so that "Addrnmin" has
// its runs as "admin" has.
var pairs = strings.NewReplacer("rn", "m", "vv", "w") //nolint:gochecknoglobals // a constant table

// runsOf returns what a reader sees in a text: its skeleton, with the digits
// that stand for letters read as these, as runs of letters. Of a text of
// letters and digits of ASCII every run is one letter; others are bytes.
func runsOf(text string) []run {
	var runs []run
	seen := pairs.Replace(store.NameSkeleton(digitLetters.Replace(text)))
	for i := range len(seen) {
		if n := len(runs); n > 0 && runs[n-1].letter == seen[i] {
			runs[n-1].times++
			continue
		}
		runs = append(runs, run{letter: seen[i], times: 1})
	}
	return runs
}
