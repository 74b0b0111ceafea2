package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
)

// change asks for a change of ada's game password; edit says what the caller
// shows.
func (w *world) change(t *testing.T, edit func(*authv1.SetGamePasswordRequest)) error {
	t.Helper()
	r := &authv1.SetGamePasswordRequest{UserId: "ada1", Password: "a fresh secret"}
	edit(r)
	_, err := w.SetGamePassword(t.Context(), r)
	return err
}

func TestASessionAloneChangesNoGamePassword(t *testing.T) {
	t.Parallel()
	type request = authv1.SetGamePasswordRequest
	for what, c := range map[string]struct {
		edit func(*request)
		want error
	}{
		"nothing":         {func(*request) {}, auth.ErrCurrentPasswordNeeded},
		"a fresh session": {func(r *request) { r.SessionToken = "token-ada1" }, auth.ErrCurrentPasswordNeeded},
		"a wrong password, and a fresh session": {func(r *request) {
			r.SessionToken, r.CurrentPassword, r.Address = "token-ada1", "wrong horse", home
		}, auth.ErrCurrentPasswordWrong},
		"a password that no website has": {func(r *request) {
			r.CurrentPassword, r.Address = fmt.Sprintf("%0200d", 1), home
		}, auth.ErrCurrentPasswordWrong},
		"no address":         {func(r *request) { r.CurrentPassword = secret }, errs.Invalid("address", "")},
		"the right password": {func(r *request) { r.CurrentPassword, r.Address = secret, home }, nil},
	} {
		for how, password := range map[string]string{"set": "a fresh secret", "removed": ""} {
			t.Run(what+", "+how, func(t *testing.T) {
				w := newWorld(t)
				before := w.store.account("ada1").PasswordHash
				err := w.change(t, func(r *request) { r.Password = password; c.edit(r) })
				if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if changed := w.store.account("ada1").PasswordHash != before; changed != (c.want == nil) {
					t.Errorf("changed: %t", changed)
				}
			})
		}
	}
}

// The current password cannot be judged: a sign-in of just now takes its place.
func TestAFreshSessionInPlaceOfAPassword(t *testing.T) {
	t.Parallel()
	type edit = func(s *testStore)
	madeBefore := func(d time.Duration) edit {
		return func(s *testStore) {
			s.exec(`UPDATE session SET "createdAt" = ?2 WHERE id = ?1`, "session-ada1", s.clock.Now().Add(-d))
		}
	}
	for what, without := range map[string]edit{
		"no website password": func(s *testStore) { s.site.DeleteAccounts(s.t, "ada1") },
		"hashes not granted":  func(s *testStore) { s.ungrant() },
		"hash of other shape": func(s *testStore) { s.site.SetPassword(s.t, "ada1", "$2b$10$other") },
	} {
		for how, c := range map[string]struct {
			token string
			edit  edit
			want  error
		}{
			"fresh":      {"token-ada1", madeBefore(0), nil},
			"just fresh": {"token-ada1", madeBefore(10 * time.Minute), nil},
			"not fresh":  {"token-ada1", madeBefore(10*time.Minute + time.Millisecond), auth.ErrSessionNotFresh},
			"an administrator": {"token-ada1", func(s *testStore) {
				s.exec(`UPDATE session SET "impersonatedBy" = 'ben1' WHERE id = 'session-ada1'`)
			}, auth.ErrSessionNotFresh},
			"over": {"token-ada1", func(s *testStore) {
				s.site.SetExpiry(s.t, "session-ada1", s.clock.Now().Add(-time.Second))
			}, auth.ErrSessionNotFresh},
			"another's": {"token-ben1", madeBefore(0), auth.ErrSessionNotFresh},
			"none":      {"", madeBefore(0), auth.ErrSessionNotFresh},
			"unknown":   {"token-nobody", madeBefore(0), auth.ErrSessionNotFresh},
		} {
			t.Run(what+", "+how, func(t *testing.T) {
				w := newWorld(t)
				without(w.store)
				c.edit(w.store)
				// A password that nobody can judge proves nothing.
				err := w.change(t, func(r *authv1.SetGamePasswordRequest) {
					r.SessionToken, r.CurrentPassword, r.Address = c.token, secret, home
				})
				if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
			})
		}
	}
}

// Guesses at the current password are slowed down like those at a sign-in, and
// neither take from the other.
func TestGuessesAtTheCurrentPasswordAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guess := func(password string) error {
		return w.change(t, func(r *authv1.SetGamePasswordRequest) { r.CurrentPassword, r.Address = password, abroad })
	}
	for range auth.DefaultConfig().AttemptDevice.Free {
		want(t, "a guess", guess("wrong horse"), auth.ErrCurrentPasswordWrong)
	}
	hashed := w.scrypts.Load()
	err := guess(secret)
	want(t, "after so many", err, auth.ErrTooManyAttempts)
	if errs.Of(err).RetryAfter <= 0 {
		t.Error("how long to wait is not said")
	}
	if w.scrypts.Load() != hashed {
		t.Error("a try that has to wait was looked at")
	}
	if _, err := w.login(t, "ada", auth.ClientForm(secret), abroad); err != nil {
		t.Errorf("a sign-in by game password: %v", err)
	}
}

// The website's password is changed while the call waits for the hash.
func TestAPasswordThatWasRightIsNotEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, another := w.store.account("ada1"), auth.SiteHash("another")
	w.duringScrypt = func() { w.store.site.SetPassword(t, "ada1", another) }
	err := w.change(t, func(r *authv1.SetGamePasswordRequest) { r.CurrentPassword, r.Address = secret, home })
	want(t, "changed meanwhile", err, auth.ErrCurrentPasswordWrong)
	if w.store.account("ada1") != before {
		t.Error("the game password was set")
	}
}

func TestAChangedWebsitePasswordEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const password = "a fresh secret"
	form := auth.ClientForm(password)
	set := func(current string) {
		t.Helper()
		if err := w.change(t, func(r *authv1.SetGamePasswordRequest) { r.CurrentPassword, r.Address = current, home }); err != nil {
			t.Fatal(err)
		}
	}
	set(secret)
	ticket, operators := w.ticket(t, "ada1", true), w.ticket(t, "ada1", false)
	w.store.site.SetPassword(t, "ada1", auth.SiteHash("another horse"))

	_, err := w.login(t, "ada", form, home)
	want(t, "the game password", err, auth.ErrGamePasswordEnded)
	_, err = w.login(t, "ada", auth.ClientForm("wrong horse"), home)
	want(t, "a wrong one is told nothing", err, auth.ErrLoginRefused)
	for what, secret := range map[string]string{"a ticket of before": ticket.GetTicket(), "an operator's": operators.GetTicket()} {
		_, err = w.login(t, "ada", secret, home)
		want(t, what, err, auth.ErrLoginRefused)
	}
	if in, _ := w.mustLogin(t, "ada1"); in != nil {
		w.end(t, in.GetPlay())
	}
	set("another horse")
	if _, err := w.login(t, "ada", form, home); err != nil {
		t.Errorf("set anew: %v", err)
	}
}
