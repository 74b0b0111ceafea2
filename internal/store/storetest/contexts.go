package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func contextTests() []test {
	return []test{
		{"CancelledIsCancelledAndWritesNothing", contextsCancelled},
		{"DeadlineIsKept", contextsDeadline},
		{"PingAnswers", contextsPing},
	}
}

func closedTests() []test {
	return []test{{"EveryCallIsUnavailable", closedUnavailable}}
}

// calls is every call of the contract, on things that may or may not exist.
func calls(s store.Store) map[string]func(context.Context) error {
	state := sampleState()
	play := store.PlayRef{ID: "nothing", Generation: 1}
	return map[string]func(context.Context) error{
		"GetUser":           func(ctx context.Context) error { _, err := s.GetUser(ctx, "u", store.Fresh); return err },
		"GetUserByUsername": func(ctx context.Context) error { _, err := s.GetUserByUsername(ctx, "u", store.Fresh); return err },
		"GetUserByEmail":    func(ctx context.Context) error { _, err := s.GetUserByEmail(ctx, "u", store.Fresh); return err },
		"GetSession":        func(ctx context.Context) error { _, _, err := s.GetSession(ctx, "t", store.Fresh); return err },
		"RefreshSession":    func(ctx context.Context) error { _, _, err := s.RefreshSession(ctx, "t"); return err },
		"RefreshSessions":   func(ctx context.Context) error { _, err := s.RefreshSessions(ctx, []string{"s"}); return err },
		"CheckSessions": func(ctx context.Context) error {
			_, err := s.CheckSessions(ctx, []store.SessionSubject{{UserID: "u"}})
			return err
		},
		"GetCharacter":   func(ctx context.Context) error { _, err := s.GetCharacter(ctx, 1, store.Fresh); return err },
		"ListCharacters": func(ctx context.Context) error { _, err := s.ListCharacters(ctx, "u", true, store.Fresh); return err },
		"CreateCharacter": func(ctx context.Context) error {
			_, err := s.CreateCharacter(ctx, newCharacter("u", "Ghost"))
			return err
		},
		"DeleteCharacter":  func(ctx context.Context) error { _, err := s.DeleteCharacter(ctx, 1, "u"); return err },
		"RestoreCharacter": func(ctx context.Context) error { _, err := s.RestoreCharacter(ctx, 1, "u"); return err },
		"SaveCharacters": func(ctx context.Context) error {
			_, err := s.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, Version: 1, Key: "k", State: state}})
			return err
		},
		"GetGameAccount": func(ctx context.Context) error { _, err := s.GetGameAccount(ctx, "u"); return err },
		"SetGameAccount": func(ctx context.Context) error { return s.SetGameAccount(ctx, store.GameAccount{UserID: "u"}) },
		"CreateTicket": func(ctx context.Context) error {
			_, err := s.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("ghost"), UserID: "u"}, time.Minute)
			return err
		},
		"RedeemTicket": func(ctx context.Context) error {
			_, err := s.RedeemTicket(ctx, store.DigestOf("ghost"), "")
			return err
		},
		"BeginPlay": func(ctx context.Context) error {
			_, err := s.BeginPlay(ctx, store.NewPlay{UserID: "u", Digest: secretOf("u")})
			return err
		},
		"HandOverPlay": func(ctx context.Context) error {
			_, err := s.HandOverPlay(ctx, store.HandOver{PlayRef: play, Stage: store.StageWorld, Token: 1})
			return err
		},
		"AdmitPlay": func(ctx context.Context) error {
			_, err := s.AdmitPlay(ctx, 1, secretOf("u"), store.StageWorld)
			return err
		},
		"GetCredential": func(ctx context.Context) error { _, err := s.GetCredential(ctx, store.ByID, "u"); return err },
		"CreateSession": func(ctx context.Context) error {
			_, _, err := s.CreateSession(ctx, store.NewSession{UserID: "u", Token: strings.Repeat("g", 32), Lifetime: time.Hour})
			return err
		},
		"RevokeSession": func(ctx context.Context) error { return s.RevokeSession(ctx, "t") },
		"RedeemOneTimeToken": func(ctx context.Context) error {
			_, _, err := s.RedeemOneTimeToken(ctx, strings.Repeat("g", 32))
			return err
		},
		"RenewPlays": func(ctx context.Context) error { _, err := s.RenewPlays(ctx, []store.PlayRef{play}); return err },
		"EndedPlay":  func(ctx context.Context) error { _, err := s.EndedPlay(ctx, secretOf("u"), ""); return err },
		"EndPlay":    func(ctx context.Context) error { return s.EndPlay(ctx, play) },
		"BeginAttempt": func(ctx context.Context) error {
			_, err := s.BeginAttempt(ctx, attempt("ghost", "net"), onDevice())
			return err
		},
		"EndAttempt": func(ctx context.Context) error { return s.EndAttempt(ctx, attempt("ghost", "net"), time.Hour) },
	}
}

func contextsCancelled(t *testing.T, e Env) {
	for name, call := range calls(e.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantKind(t, name, call(ctx), errs.Canceled)
	}
	ctx := testContext(t)
	if list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "u", true, store.Fresh)); len(list) != 0 {
		t.Error("a cancelled call made a character")
	}
	_, err := e.Store.RedeemTicket(ctx, store.DigestOf("ghost"), "")
	wantErr(t, "the ticket of a cancelled call", err, store.ErrTicketInvalid)
	wantTries(ctx, t, e, "after a try that was cancelled", narrow.Free, attempt("ghost", "net"), onDevice())
	// The store is as good as before.
	create(ctx, t, e, "u", "Ghost")
}

func contextsDeadline(t *testing.T, e Env) {
	for name, call := range calls(e.Store) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		wantKind(t, name, call(ctx), errs.DeadlineExceeded)
		cancel()
	}
	create(testContext(t), t, e, "u", "Ghost")
}

func contextsPing(t *testing.T, e Env) {
	if err := e.Store.Ping(testContext(t)); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

func closedUnavailable(t *testing.T, e Env) {
	ctx := testContext(t)
	create(ctx, t, e, "u", "Ghost")
	if err := e.Store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for name, call := range calls(e.Store) {
		wantKind(t, name, call(ctx), errs.Unavailable)
	}
	wantKind(t, "Ping", e.Store.Ping(ctx), errs.Unavailable)
	if err := e.Store.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}
