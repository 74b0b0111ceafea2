package store_test

import (
	"strconv"
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

func TestNameSkeletonIsSharedByLookAlikes(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{
		{"Illia", "I1lia", "lLIIA", "1111a"},
		{"Oboe", "0boe", "OB0E", "o8oe"},
		{"Sassy", "5a5sy", "SAS5Y"},
		{"Zazoo", "2a2oo", "ZAZ0O"},
		{"Morna", "Moma", "Rnoma", "m0RNA"},
		{"Swami", "Svvami", "5VVarni"},
		{"Vvvw", "vwvv", "wvvv", "Wvw"},
		{"Ｈｅｒｏ", "Her0"},
		{"Name10", "NameIO"},
	} {
		for _, name := range names {
			got := store.NameSkeleton(name)
			if want := store.NameSkeleton(names[0]); got != want {
				t.Errorf("NameSkeleton(%q) = %q, that of %q is %q", name, got, names[0], want)
			}
			if store.NameSkeleton(got) != got {
				t.Errorf("NameSkeleton(%q) is not its own skeleton", got)
			}
		}
	}
}

func TestNameSkeletonKeepsNamesApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, name := range []string{
		"Hero", "Heron", "Clara", "Dara", "Nina", "Mina", "Uma", "Vera", "Hera", "Ada", "Gus", "Cus", "Jon", "Quo",
		"Name3", "Name4", "Name6", "Name7", "Name9", "Name33", "Arn", "Am1", "字", "á", "a",
	} {
		k := store.NameSkeleton(name)
		if other, taken := seen[k]; taken {
			t.Errorf("%q and %q share the skeleton %q", name, other, k)
		}
		seen[k] = name
	}
	// Numbers stay different ones.
	for i := range 2000 {
		name := "Name" + strconv.Itoa(i)
		k := store.NameSkeleton(name)
		if other, taken := seen[k]; taken && other != name {
			t.Errorf("%q and %q share the skeleton %q", name, other, k)
		}
		seen[k] = name
	}
}
