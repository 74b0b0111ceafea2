package storepb_test

import (
	"testing"

	"pgregory.net/rapid"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

func TestCredentialsComeBackAsSent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		by, value := store.UserKey(rapid.Uint8Max(2).Draw(t, "by")), text.Draw(t, "value")
		gotBy, gotValue := storepb.CredentialRequest(overTheWire(t, storepb.CredentialRequestPB(by, value), &databasev1.GetCredentialRequest{}))
		same(t, []any{by, value}, []any{gotBy, gotValue})
		c := &store.Credential{
			User:         store.User{ID: text.Draw(t, "id"), Banned: rapid.Bool().Draw(t, "banned"), CreatedAt: instant.Draw(t, "created")},
			PasswordHash: text.Draw(t, "hash"), TwoFactor: rapid.Bool().Draw(t, "two factors"),
		}
		same(t, c, storepb.Credential(overTheWire(t, storepb.CredentialPB(c), &databasev1.GetCredentialResponse{})))
	})
}
