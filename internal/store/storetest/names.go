package storetest

import (
	"context"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

// lookup is a way to find a user by a name, with a spelling of somebody's.
type lookup struct {
	get  func(context.Context, string, store.Consistency) (*store.User, error)
	by   store.UserKey
	name func(string) string
}

func (e *Env) lookups() map[string]lookup {
	mail := func(name string) string { return name + "@Example.com" }
	return map[string]lookup{
		"GetUserByUsername": {e.Store.GetUserByUsername, store.ByUsername, strings.Clone},
		"GetUserByEmail":    {e.Store.GetUserByEmail, store.ByEmail, mail},
	}
}

// addCase adds users whose names and addresses differ in case alone; each has the
// name as its password's hash.
func (e *Env) addCase(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		id := "id of " + name
		e.Website.AddUser(t, id, name, name+"@Example.com")
		e.Website.AddAccount(t, id, "credential", id, "hash of "+name)
	}
	e.settle()
}

func usersExactName(t *testing.T, e Env) {
	ctx := testContext(t)
	names := []string{"Zoe", "zoe", "ZOE"}
	e.addCase(t, names...)
	for range 2 { // from the store, then from a cache if there is one
		for what, l := range e.lookups() {
			for _, name := range names {
				for _, c := range consistencies() {
					if u := must[*store.User](t)(l.get(ctx, l.name(name), c)); u.ID != "id of "+name {
						t.Errorf("%s(%q) is the user with the %s", what, name, u.ID)
					}
				}
				c := must[*store.Credential](t)(e.Store.GetCredential(ctx, l.by, l.name(name)))
				if c.User.ID != "id of "+name || c.PasswordHash != "hash of "+name {
					t.Errorf("the credential of %q is the %q of the user with the %s", name, c.PasswordHash, c.User.ID)
				}
			}
		}
	}
}

func usersAmbiguous(t *testing.T, e Env) {
	ctx := testContext(t)
	e.addCase(t, "Zoe", "ZOE")
	for what, l := range e.lookups() {
		for _, c := range consistencies() {
			_, err := l.get(ctx, l.name("zOe"), c)
			wantErr(t, what, err, store.ErrNameAmbiguous)
			for _, id := range []string{"id of Zoe", "id of ZOE"} {
				if err == nil || !strings.Contains(err.Error(), id) {
					t.Errorf("%s: %v does not name %s", what, err, id)
				}
			}
		}
		_, err := e.Store.GetCredential(ctx, l.by, l.name("zOe"))
		wantErr(t, "GetCredential", err, store.ErrNameAmbiguous)
	}
	e.Website.DeleteUser(t, "id of ZOE")
	e.settle()
	for what, l := range e.lookups() {
		for _, c := range consistencies() {
			if u := must[*store.User](t)(l.get(ctx, l.name("zOe"), c)); u.ID != "id of Zoe" {
				t.Errorf("%s finds the %s", what, u.ID)
			}
		}
	}
}

// A spelling that has found somebody else's name until now is the new user's as
// soon as there is one.
func usersExactLater(t *testing.T, e Env) {
	ctx := testContext(t)
	e.addCase(t, "zoe")
	for _, l := range e.lookups() {
		for range 3 {
			if u := must[*store.User](t)(l.get(ctx, l.name("ZOE"), store.Cached)); u.ID != "id of zoe" {
				t.Fatalf("the only one with the name is the %s", u.ID)
			}
		}
	}
	e.addCase(t, "ZOE")
	for what, l := range e.lookups() {
		for _, c := range consistencies() {
			if u := must[*store.User](t)(l.get(ctx, l.name("ZOE"), c)); u.ID != "id of ZOE" {
				t.Errorf("%s finds the %s", what, u.ID)
			}
		}
	}
}
