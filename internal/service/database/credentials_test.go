package database_test

import (
	"context"
	"testing"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/store"
)

// revoked records the tokens whose sessions were ended.
type revoked struct {
	store.Store
	tokens []string
}

func (r *revoked) RevokeSession(_ context.Context, token string) error {
	r.tokens = append(r.tokens, token)
	return nil
}

// A session is ended by any form of its token, and by no other's signature.
func TestRevokeTakesEveryFormOfAToken(t *testing.T) {
	t.Parallel()
	secret, all := vectors(t)
	v := all[0]
	for name, c := range map[string]struct {
		presented string
		secrets   []string
		ends      bool
	}{
		"raw":                     {v.Token, []string{secret}, true},
		"raw bearer":              {"Bearer " + v.Token, []string{secret}, true},
		"signed":                  {"Bearer " + v.Bearer, []string{secret}, true},
		"cookie":                  {v.Name + "=" + v.Cookie, []string{secret}, true},
		"signed, no secret":       {v.Cookie, nil, true},
		"signed by somebody else": {v.Cookie, []string{"other"}, false},
		"malformed":               {v.Token + ".x", nil, false},
	} {
		inner := &revoked{}
		_, err := database.NewAuthStore(inner, c.secrets...).RevokeSession(t.Context(), &databasev1.RevokeSessionRequest{Token: c.presented})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.ends != (len(inner.tokens) == 1 && inner.tokens[0] == v.Token) || !c.ends && len(inner.tokens) != 0 {
			t.Errorf("%s: the sessions of %q were ended", name, inner.tokens)
		}
	}
}
