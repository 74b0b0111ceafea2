package auth_test

import (
	"sync"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// From an operator's ticket through both stages, each of which one of many joins
// at once gets into, to the end.
func TestAPlayFromItsTicketToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket(t, "ada1", false)
	in, err := w.login(t, ticket.GetUserName(), ticket.GetTicket(), home)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.login(t, ticket.GetUserName(), ticket.GetTicket(), home)
	want(t, "the ticket again", err, auth.ErrTicketRefused)

	for _, stage := range []databasev1.Stage{toWorld, toGame} {
		out, err := w.handOver(t, in.GetPlay(), stage, map[databasev1.Stage]string{toGame: "7"}[stage])
		if err != nil {
			t.Fatal(err)
		}
		got := make([]error, 100)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { _, got[i] = w.join(t, out.GetToken(), ticket.GetTicket(), stage, home) })
		}
		wg.Wait()
		won := 0
		for _, err := range got {
			if err == nil {
				won++
				continue
			}
			want(t, "a join that lost", err, store.ErrJoinRefused)
		}
		if won != 1 {
			t.Errorf("%v: %d of 100 joins were admitted", stage, won)
		}
	}

	verdict := func() string {
		t.Helper()
		resp, err := w.KeepAlive(t.Context(), &authv1.KeepAliveRequest{Plays: []*databasev1.PlayRef{ref(in.GetPlay())}})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetVerdicts()[0].GetReason()
	}
	if got := verdict(); got != "" {
		t.Errorf("in play: %q", got)
	}
	if err := w.store.db.SetBan(t.Context(), "ada1", store.Ban{Banned: true}); err != nil {
		t.Fatal(err)
	}
	if got := verdict(); got != "USER_BANNED" {
		t.Errorf("banned: %q", got)
	}
	if _, err := w.EndPlay(t.Context(), &authv1.EndPlayRequest{Play: ref(in.GetPlay())}); err != nil {
		t.Fatal(err)
	}
	if got := verdict(); got != "PLAY_NOT_FOUND" {
		t.Errorf("ended: %q", got)
	}
}

// Set by fresh sessions that the store made, used, changed while in play, and
// bound to this machine.
func TestAGamePasswordFromItsFirstDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, ben, zed := w.store.db, "ben1", "zed1"
	w.store.addUser(zed, "zed")
	form := auth.ClientForm("a fresh secret")
	_, err := w.login(t, "nobody", form, home)
	want(t, "unknown user", err, auth.ErrLoginRefused)
	_, err = w.login(t, "ben", form, home)
	want(t, "no password yet", err, auth.ErrNoGamePassword)
	if err := db.SetGameAccount(t.Context(), store.GameAccount{UserID: zed, LoopbackOnly: true}); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for _, id := range []string{ben, zed} {
		tokens[id] = store.NewID()
		if _, _, err := db.CreateSession(t.Context(), store.NewSession{UserID: id, Token: tokens[id], Lifetime: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SetGamePassword(t.Context(), &authv1.SetGamePasswordRequest{UserId: id, Password: "a fresh secret", SessionToken: tokens[id]}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.login(t, "ben", auth.ClientForm("another one"), home)
	want(t, "wrong", err, auth.ErrLoginRefused)
	in, err := w.login(t, "Ben", form, home)
	if err != nil {
		t.Fatalf("right: %v", err)
	}
	if got := w.keepAlive(t, true, in.GetPlay())[0]; got != "" {
		t.Errorf("in play: %q", got)
	}
	if _, err := w.SetGamePassword(t.Context(), &authv1.SetGamePasswordRequest{UserId: ben, Password: "another secret", SessionToken: tokens[ben]}); err != nil {
		t.Fatal(err)
	}
	if got := w.keepAlive(t, true, in.GetPlay())[0]; got != "PASSWORD_CHANGED" {
		t.Errorf("with another password: %q", got)
	}
	_, err = w.login(t, "zed", form, home)
	want(t, "loopback only, from elsewhere", err, auth.ErrLoopbackOnly)
	if _, err := w.login(t, "zed", form, "::ffff:127.0.0.1"); err != nil {
		t.Errorf("loopback only, from here: %v", err)
	}
}
