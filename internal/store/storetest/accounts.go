package storetest

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func accountTests() []test {
	return []test{
		{"IsWrittenAsAWhole", accountsWrite},
		{"UnknownUser", accountsUnknown},
		{"Limits", accountsLimits},
	}
}

func accountsWrite(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	_, err := e.Store.GetGameAccount(ctx, u.ID)
	wantErr(t, "before the first write", err, store.ErrGameAccountNotFound)
	for _, a := range []store.GameAccount{
		{UserID: u.ID, PasswordHash: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA", LoopbackOnly: true},
		{UserID: u.ID, PasswordHash: "another"},
		{UserID: u.ID, LoopbackOnly: true},
		{UserID: u.ID},
	} {
		if err := e.Store.SetGameAccount(ctx, a); err != nil {
			t.Fatalf("SetGameAccount: %v", err)
		}
		got := must[*store.GameAccount](t)(e.Store.GetGameAccount(ctx, u.ID))
		if known := got.SitePassword != ""; known != (a.PasswordHash != "") {
			t.Errorf("the state of the website's password is known: %t", known)
		}
		got.SitePassword = ""
		wantEqual(t, "account", got, &a)
	}
	_, err = e.Store.GetGameAccount(ctx, e.user(t, "alice").ID)
	wantErr(t, "another user's", err, store.ErrGameAccountNotFound)
}

func accountsUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, id := range []string{"nobody", "' OR 1=1 --"} {
		err := e.Store.SetGameAccount(ctx, store.GameAccount{UserID: id, PasswordHash: "x"})
		wantErr(t, "SetGameAccount", err, store.ErrUserNotFound)
		_, err = e.Store.GetGameAccount(ctx, id)
		wantErr(t, "GetGameAccount", err, store.ErrGameAccountNotFound)
	}
}

func accountsLimits(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	long := store.GameAccount{UserID: u.ID, PasswordHash: strings.Repeat("x", 256)}
	if err := e.Store.SetGameAccount(ctx, long); err != nil {
		t.Errorf("a hash of 256 characters: %v", err)
	}
	long.PasswordHash += "x"
	wantKind(t, "a hash of 257 characters", e.Store.SetGameAccount(ctx, long), errs.InvalidArgument)
}
