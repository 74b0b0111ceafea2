package store

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// NameKey returns the key by which a character's name is unique: names with the
// same key are the same name. Compatibility forms and case are folded (NFKC and
// full case folding), so "Ｈｅｒｏ", "HERO" and "hero" share one key. Engines store
// it with the name. The folding is done here, because databases fold
// differently.
func NameKey(name string) string {
	// A Caser has state, so each call needs its own. Folding may produce text
	// that is not normalized, therefore it is normalized again.
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// lookAlikes is the table of characters and pairs that look alike to a reader,
// in any case. All that look alike are replaced by the same text. A character
// that looks like a pair becomes the pair, never the other way round: so "vw",
// "wv" and "vvv" become the same.
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

// NameSkeleton returns a name as a reader sees it: names with the same skeleton
// look alike ("Illia" and "I1l1a", "Morna" and "Moma"). A new name with the
// skeleton of another counts as taken. Names with the same NameKey have the
// same skeleton. Engines store the skeleton with the key. If the table changes,
// a migration has to empty the stored skeletons. Then they are computed again.
func NameSkeleton(name string) string { return lookAlikes.Replace(NameKey(name)) }
