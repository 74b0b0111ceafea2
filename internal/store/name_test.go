package store_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

func TestNameKeyFoldsWhatReadsTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b string }{
		{"Hero", "hERO"},
		{"Ｈｅｒｏ", "hero"},               // full width
		{"Ångström", "a\u030angstrÖm"}, // composed and combining
		{"Straße", "STRASSE"},
		{"ﬁre", "FIRE"}, // ligature
		{"Σίσυφος", "ΣΊΣΥΦΟΣ"},
	} {
		if ka, kb := store.NameKey(c.a), store.NameKey(c.b); ka != kb {
			t.Errorf("NameKey(%q) = %q, NameKey(%q) = %q: want one key", c.a, ka, c.b, kb)
		}
		if k := store.NameKey(c.a); store.NameKey(k) != k {
			t.Errorf("NameKey(%q) is not its own key", k)
		}
	}
}

func TestNameKeyKeepsDifferentNamesApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b string }{{"Hero", "Her0"}, {"Hero", "Hero "}, {"a", "á"}} {
		if store.NameKey(c.a) == store.NameKey(c.b) {
			t.Errorf("%q and %q share the key %q", c.a, c.b, store.NameKey(c.a))
		}
	}
}
