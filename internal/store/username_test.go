package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

func TestPickUser(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		has   string
		asked string
		rule  store.NameCase
		want  string // "" for nobody, "?" for several
	}{
		{"alice", "ALICE", store.NameCaseAuto, "alice"},
		{"Alice", "alice", store.NameCaseAuto, "Alice"},
		{"Alice alice ALICE", "ALICE", store.NameCaseAuto, "ALICE"},
		{"Alice alice ALICE", "aLICE", store.NameCaseAuto, "?"},
		{"alice alice", "alice", store.NameCaseAuto, "?"},
		{"", "alice", store.NameCaseAuto, ""},
		{"Alice alice ALICE", "ALICE", store.NameCaseExact, "ALICE"},
		{"alice", "Alice", store.NameCaseExact, ""},
		{"Alice alice", "ALICE", store.NameCaseFold, "alice"},
		{"Alice", "Alice", store.NameCaseFold, ""},
		{"alice", "ALICE", "", "alice"},
	} {
		var users []*store.User
		for _, name := range strings.Fields(c.has) {
			users = append(users, &store.User{ID: name, Username: name})
		}
		got := ""
		i, err := store.PickUser(users, store.ByUsername, c.asked, c.rule)
		switch {
		case errors.Is(err, store.ErrNameAmbiguous):
			got = "?"
			if !strings.Contains(err.Error(), `"`+users[0].Username+`" (id `+users[0].ID+")") {
				t.Errorf("%v does not name the candidates", err)
			}
		case err != nil:
			t.Fatal(err)
		case i >= 0:
			got = users[i].Username
		}
		if got != c.want {
			t.Errorf("%q among %q by %q: got %q, want %q", c.asked, c.has, c.rule, got, c.want)
		}
	}
}

// people are users by name, address and id.
type people struct {
	names, mails, ids map[string]string // to ids
}

func (p people) get(m map[string]string, key string) (*store.User, error) {
	if id, ok := m[key]; ok {
		return &store.User{ID: id, Username: "name of " + id}, nil
	}
	return nil, store.ErrUserNotFound
}

func (p people) GetUser(_ context.Context, id string, _ store.Consistency) (*store.User, error) {
	return p.get(p.ids, id)
}

func (p people) GetUserByUsername(_ context.Context, name string, _ store.Consistency) (*store.User, error) {
	return p.get(p.names, name)
}

func (p people) GetUserByEmail(_ context.Context, mail string, _ store.Consistency) (*store.User, error) {
	return p.get(p.mails, mail)
}

func TestFindUser(t *testing.T) {
	t.Parallel()
	p := people{
		names: map[string]string{"ann": "7", "123": "7", "both": "7"},
		mails: map[string]string{"ann@example.com": "7", "both": "7"},
		ids:   map[string]string{"7": "7", "123": "123"},
	}
	for name, want := range map[string]string{
		"ann": "7", "ann@example.com": "7", "7": "7", "both": "7", "id:123": "123", "123": "?", "nobody": "", "id:ann": "",
	} {
		got := ""
		u, err := store.FindUser(t.Context(), p, name)
		switch {
		case errors.Is(err, store.ErrNameAmbiguous):
			got = "?"
		case err == nil:
			got = u.ID
		case !errors.Is(err, store.ErrUserNotFound):
			t.Error(err)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
