package database_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/store"
)

// asked records the tokens that the store was asked for, and how.
type asked struct {
	store.Sessions
	tokens []string
	how    []store.Consistency
}

func (a *asked) GetSession(_ context.Context, token string, c store.Consistency) (*store.Session, *store.User, error) {
	a.tokens, a.how = append(a.tokens, token), append(a.how, c)
	return &store.Session{}, &store.User{}, nil
}

func (a *asked) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	return a.GetSession(ctx, token, store.Fresh)
}

// The store is asked as the caller asks.
func TestSessionsAreAskedForWithTheCallersConsistency(t *testing.T) {
	t.Parallel()
	inner := &asked{}
	s := database.NewSessions(inner)
	for _, c := range []databasev1.Consistency{
		databasev1.Consistency_CONSISTENCY_FRESH, databasev1.Consistency_CONSISTENCY_CACHED, databasev1.Consistency_CONSISTENCY_UNSPECIFIED,
	} {
		if _, err := s.GetSession(t.Context(), &databasev1.GetSessionRequest{Token: "token", Consistency: c}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []store.Consistency{store.Fresh, store.Cached, store.Cached}; !slices.Equal(inner.how, want) {
		t.Errorf("the store was asked with %v, want %v", inner.how, want)
	}
}

// A signed token is looked up by the token alone; one that cannot be is
// refused without a query.
func TestSessionsAreAskedForByTheRawToken(t *testing.T) {
	t.Parallel()
	secret, all := vectors(t)
	v := all[0]
	for name, c := range map[string]struct {
		presented string
		secrets   []string
		asks      bool
	}{
		"raw":                     {v.Token, []string{secret}, true},
		"signed":                  {"Bearer " + v.Bearer, []string{secret}, true},
		"cookie":                  {v.Name + "=" + v.Cookie, []string{secret}, true},
		"signed, no secret":       {v.Cookie, nil, true},
		"signed by somebody else": {v.Cookie, []string{"other"}, false},
		"malformed":               {v.Token + ".x", nil, false},
	} {
		inner := &asked{}
		s := database.NewSessions(inner, c.secrets...)
		_, get := s.GetSession(t.Context(), &databasev1.GetSessionRequest{Token: c.presented})
		_, refresh := s.RefreshSession(t.Context(), &databasev1.RefreshSessionRequest{Token: c.presented})
		if !c.asks {
			if !errors.Is(get, store.ErrSessionNotFound) || !errors.Is(refresh, store.ErrSessionNotFound) || len(inner.tokens) != 0 {
				t.Errorf("%s: %v, %v, and the store was asked %d times", name, get, refresh, len(inner.tokens))
			}
			continue
		}
		if get != nil || refresh != nil || len(inner.tokens) != 2 || inner.tokens[0] != v.Token || inner.tokens[1] != v.Token {
			t.Errorf("%s: %v, %v, and the store was asked for %q", name, get, refresh, inner.tokens)
		}
	}
}
