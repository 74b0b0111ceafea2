package store

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// NameKey returns what makes a character's name unique: names with the same
// key are the same name. Compatibility forms and case are folded (NFKC and
// full case folding), so "Ｈｅｒｏ", "HERO" and "hero" share one key. Engines
// store it beside the name; the folding is done here, in one place, because
// databases disagree about it.
func NameKey(name string) string {
	// A Caser keeps state and is made anew for each call. Folding may leave
	// text that is not normalised any more, hence the second pass.
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// lookAlikes is the table of characters and pairs that a reader takes for each
// other, in whatever case: each is replaced by what stands for all of them.
// What looks like a pair becomes the pair, never the other way round: "vw",
// "wv" and "vvv" are then one.
//
//	I i L l 1   l
//	O o 0       o
//	S s 5       s
//	B b 8       b
//	Z z 2       z
//	M m rn      rn
//	W w vv      vv
var lookAlikes = strings.NewReplacer( //nolint:gochecknoglobals // a constant table
	"i", "l", "1", "l", "0", "o", "5", "s", "8", "b", "2", "z", "m", "rn", "w", "vv",
)

// NameSkeleton returns what a reader sees of a name: names with the same
// skeleton look alike ("Illia" and "I1l1a", "Morna" and "Moma"), and a new name
// with the skeleton of another is taken. Names with the same NameKey have the
// same skeleton. Engines store it beside the key; one that changes the table
// has to be brought in by a migration that empties the stored skeletons, which
// are then made anew.
func NameSkeleton(name string) string { return lookAlikes.Replace(NameKey(name)) }
