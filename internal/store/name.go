package store

import (
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
