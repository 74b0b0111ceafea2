package store_test

import (
	"errors"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

func TestPasswordStamp(t *testing.T) {
	t.Parallel()
	site, game := store.PasswordState("row 1"), store.PasswordState("hash 1")
	both, siteOnly, gameOnly := store.StampPasswords(site, game), store.StampPasswords(site, ""), store.StampPasswords("", game)
	if none := store.StampPasswords(store.PasswordState(""), ""); none != "" {
		t.Errorf("nothing kept is stamped %q", none)
	}
	for name, c := range map[string]struct {
		stamp   store.PasswordStamp
		now     store.Passwords
		changed bool
	}{
		"as it was":                      {both, store.Passwords{Site: "row 1", Game: "hash 1"}, false},
		"the website's changed":          {both, store.Passwords{Site: "row 2", Game: "hash 1"}, true},
		"the game's changed":             {both, store.Passwords{Site: "row 1", Game: "hash 2"}, true},
		"the website's gone":             {both, store.Passwords{Game: "hash 1"}, true},
		"the game's gone":                {both, store.Passwords{Site: "row 1"}, true},
		"the website's hidden":           {both, store.Passwords{SiteHidden: true, Game: "hash 1"}, false},
		"hidden, and the game's changed": {both, store.Passwords{SiteHidden: true, Game: "hash 2"}, true},
		"another way in, game's changed": {siteOnly, store.Passwords{Site: "row 1", Game: "hash 2"}, false},
		"none before, a first one":       {gameOnly, store.Passwords{Site: "row 1", Game: "hash 1"}, false},
		"no stamp":                       {"", store.Passwords{Site: "row 1", Game: "hash 1"}, false},
		"of no form that is known":       {"x", store.Passwords{Site: "row 1"}, true},
	} {
		if got := errors.Is(c.stamp.Judge(c.now), store.ErrPasswordChanged); got != c.changed {
			t.Errorf("%s: changed %t, want %t", name, got, c.changed)
		}
	}
}
