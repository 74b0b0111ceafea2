package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestHandle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, username, want string }{
		{"u1", "ada", "ada"},
		{"u1", "ada_l.90", "ada_l.90"},
		{"u1", strings.Repeat("a", 30), strings.Repeat("a", 30)},
		{"u1", strings.Repeat("a", 31), "p.u1"},
		{"u1", "ada lovelace", "p.u1"},
		{"u1", "ädä", "p.u1"},
		{"u1", "_server", "p.u1"},
		{"u1", "", "p.u1"},
		{"42", "", "p.42"},
		{"6f1c2f0e-8a57-4f3c-9a51-1d4c0f7be2aa", "", "p.6f1c2f0e8a574f3c9a511d4c0f7b"},
		{"kJ9sLmQ2xV7bN4cT8yR1wE6uI3oP5aZ0", "", "p.kJ9sLmQ2xV7bN4cT8yR1wE6uI3oP"},
		{"ü-☃", "", "p."},
	} {
		if got := auth.Handle(&store.User{ID: c.id, Username: c.username}); got != c.want {
			t.Errorf("Handle(id %q, user name %q) = %q, want %q", c.id, c.username, got, c.want)
		}
	}
}

func TestEveryHandleFitsALink(t *testing.T) {
	t.Parallel()
	fits := regexp.MustCompile(`^[A-Za-z0-9.][A-Za-z0-9_.]{0,29}$`)
	rapid.Check(t, func(t *rapid.T) {
		u := &store.User{ID: rapid.String().Draw(t, "id"), Username: rapid.String().Draw(t, "username")}
		if h := auth.Handle(u); !fits.MatchString(h) || h != auth.Handle(u) {
			t.Fatalf("Handle(%+v) = %q", u, h)
		}
	})
}
