package auth_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
)

// FuzzLogin holds that whatever is presented is refused, in a way that the
// contract knows, unless it is what was set up.
func FuzzLogin(f *testing.F) {
	right := auth.ClientForm(secret)
	for _, s := range []string{right, auth.NewTicket(), "", "\x00", right + "x", "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ"} {
		f.Add("ada", s, home)
		f.Add("zoe", s, "::1")
		f.Add("p.cleo0001", s, "nowhere")
	}
	w := newWorld(f)
	a, err := auth.New(auth.DefaultConfig(), auth.Deps{Store: w.store, Now: w.store.clock})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, presented, address string) {
		resp, err := a.Login(t.Context(), &authv1.LoginRequest{UserName: name, Secret: presented, Address: address})
		if err == nil {
			if presented != right {
				t.Fatalf("%q was let in by %q", resp.GetUser().GetId(), presented)
			}
			return
		}
		e := errs.Of(err)
		if e.Kind == errs.InvalidArgument {
			return
		}
		for _, known := range []*errs.Error{auth.ErrLoginRefused, auth.ErrTicketRefused, auth.ErrNoGamePassword, auth.ErrLoopbackOnly, store.ErrUserBanned} {
			if e.Is(known) {
				return
			}
		}
		t.Fatalf("refused with %v", err)
	})
}

// FuzzVerify holds that no stored hash makes the check fail, take gigabytes or
// fit a form it was not made of.
func FuzzVerify(f *testing.F) {
	good, err := auth.HashGamePassword(secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "x")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "x")
	f.Add("$argon2id$v=19$m=0,t=1,p=255$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "x")
	f.Fuzz(func(t *testing.T, hash, form string) {
		if auth.Verify(hash, form) && auth.Verify(hash, form+"x") {
			t.Fatalf("%q fits two forms", hash)
		}
	})
}
