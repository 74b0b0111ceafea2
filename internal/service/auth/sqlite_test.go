package auth_test

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// onSQLite starts a part over a real database file with the users ada and zed.
func onSQLite(t *testing.T) (w *world, db *sqlite.Store, ada, zed *store.User) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	user := func(name string) *store.User {
		u, err := db.CreateUser(t.Context(), store.NewUser{Username: name, Name: name, Email: name + "@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	ada, zed = user("ada"), user("zed")
	a, err := auth.New(auth.DefaultConfig(), auth.Deps{Store: db})
	if err != nil {
		t.Fatal(err)
	}
	return &world{AuthServiceClient: authv1.NewAuthServiceClient(serve(t, slog.New(slog.DiscardHandler), a))}, db, ada, zed
}

func TestTheWayInOnSQLite(t *testing.T) {
	t.Parallel()
	w, db, ada, _ := onSQLite(t)
	ticket := w.ticket(t, ada.ID, false)
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
	if err := db.SetBan(t.Context(), ada.ID, store.Ban{Banned: true}); err != nil {
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

func TestGamePasswordsOnSQLite(t *testing.T) {
	t.Parallel()
	w, db, ada, zed := onSQLite(t)
	form := auth.ClientForm("a fresh secret")
	_, err := w.login(t, "nobody", form, home)
	want(t, "unknown user", err, auth.ErrLoginRefused)
	_, err = w.login(t, "ada", form, home)
	want(t, "no password yet", err, auth.ErrNoGamePassword)
	if err := db.SetGameAccount(t.Context(), store.GameAccount{UserID: zed.ID, LoopbackOnly: true}); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for _, u := range []*store.User{ada, zed} {
		tokens[u.ID] = store.NewID()
		if _, _, err := db.CreateSession(t.Context(), store.NewSession{UserID: u.ID, Token: tokens[u.ID], Lifetime: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SetGamePassword(t.Context(), &authv1.SetGamePasswordRequest{UserId: u.ID, Password: "a fresh secret", SessionToken: tokens[u.ID]}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.login(t, "ada", auth.ClientForm("another one"), home)
	want(t, "wrong", err, auth.ErrLoginRefused)
	in, err := w.login(t, "Ada", form, home)
	if err != nil {
		t.Fatalf("right: %v", err)
	}
	if got := w.keepAlive(t, true, in.GetPlay())[0]; got != "" {
		t.Errorf("in play: %q", got)
	}
	if _, err := w.SetGamePassword(t.Context(), &authv1.SetGamePasswordRequest{UserId: ada.ID, Password: "another secret", SessionToken: tokens[ada.ID]}); err != nil {
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
