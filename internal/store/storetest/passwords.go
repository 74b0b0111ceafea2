package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func passwordTests() []test {
	return []test{
		{"AChangeOfTheWebsitesIsNoticed", passwordsSite},
		{"AChangeOfTheGamePasswordEndsWhatItOpened", passwordsGame},
		{"AFirstPasswordIsNoChange", passwordsFirst},
		{"AGamePasswordRestsOnTheWebsites", passwordsUnderGame},
		{"AGamePasswordWithoutOneRestsOnTheFirst", passwordsAdopted},
		{"ATicketRestsOnTheWebsites", passwordsTicket},
		{"ARecordRestsOnWhatTheSecretDid", passwordsTold},
		{"OtherAccountsAreOfNoConcern", passwordsOthers},
		{"TheStampIsOfItsRecordAlone", passwordsNewRecord},
		{"EverythingElseIsJudgedFirst", passwordsOrder},
		{"AGamePasswordOfNoFormIsRefused", passwordsInvalid},
	}
}

// beginFor opens a user's record; game is the hash of the game password shown.
func beginFor(ctx context.Context, t testing.TB, e Env, user, session, game string) *store.Play {
	t.Helper()
	return must[*store.Play](t)(e.Store.BeginPlay(ctx, store.NewPlay{
		UserID: user, SessionID: session, Digest: secretOf(user), GamePassword: store.PasswordState(game),
	}))
}

// wantJudged judges one subject.
func wantJudged(ctx context.Context, t testing.TB, e Env, what string, sub store.SessionSubject, want error) {
	t.Helper()
	got := must[[]error](t)(e.Store.CheckSessions(ctx, []store.SessionSubject{sub}))
	if len(got) != 1 {
		t.Fatalf("%s: %d verdicts on one subject", what, len(got))
	}
	wantErr(t, what, got[0], want)
}

func setGamePassword(ctx context.Context, t testing.TB, e Env, a store.GameAccount) {
	t.Helper()
	if err := e.Store.SetGameAccount(ctx, a); err != nil {
		t.Fatalf("SetGameAccount: %v", err)
	}
}

func passwordsSite(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	session, _ := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	p := beginFor(ctx, t, e, u.ID, session, "")
	if p.Stamp == "" {
		t.Fatal("the record of a user with a password has no stamp")
	}
	again := renew(ctx, t, e, p.Ref())
	wantEqual(t, "the stamp of the record, renewed", again.Stamp, p.Stamp)
	handOver(ctx, t, e, p, store.StageWorld, 0, 7)
	admitted := must[*store.Play](t)(e.Store.AdmitPlay(ctx, 7, secretOf(u.ID), store.StageWorld))
	wantEqual(t, "the stamp of the record, admitted", admitted.Stamp, p.Stamp)

	wantJudged(ctx, t, e, "as it was", p.Subject(), nil)
	wantJudged(ctx, t, e, "by the user alone, as it was", store.SessionSubject{UserID: u.ID, Stamp: p.Stamp}, nil)
	e.Website.SetPassword(t, u.ID, "another hash")
	// Never from a cache, and for every caller.
	wantJudged(ctx, t, e, "changed", p.Subject(), store.ErrPasswordChanged)
	wantJudged(ctx, t, e, "by the user alone, changed", store.SessionSubject{UserID: u.ID, Stamp: p.Stamp}, store.ErrPasswordChanged)
	wantJudged(ctx, t, e, "changed, without the stamp", store.SessionSubject{SessionID: session, UserID: u.ID}, nil)
	e.Website.DeleteAccounts(t, u.ID)
	wantJudged(ctx, t, e, "taken away", p.Subject(), store.ErrPasswordChanged)

	// Many in one call, each by its own.
	a, b := e.user(t, "bjorn"), e.user(t, "long128")
	ofA, ofB := beginFor(ctx, t, e, a.ID, "", ""), beginFor(ctx, t, e, b.ID, "", "")
	e.Website.SetPassword(t, b.ID, "another hash")
	got := must[[]error](t)(e.Store.CheckSessions(ctx, []store.SessionSubject{
		ofA.Subject(), {UserID: "nobody", Stamp: ofA.Stamp}, ofB.Subject(), {UserID: b.ID}, {UserID: a.ID, Stamp: ofB.Stamp},
	}))
	for i, want := range []error{nil, store.ErrUserNotFound, store.ErrPasswordChanged, nil, store.ErrPasswordChanged} {
		wantErr(t, "one of many", got[i], want)
	}
}

func passwordsGame(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	account := store.GameAccount{UserID: u.ID, PasswordHash: "hash 1"}
	setGamePassword(ctx, t, e, account)
	p := beginFor(ctx, t, e, u.ID, "", "hash 1")
	account.LoopbackOnly = true
	setGamePassword(ctx, t, e, account)
	wantJudged(ctx, t, e, "another setting of the account", p.Subject(), nil)
	account.PasswordHash = "hash 2"
	setGamePassword(ctx, t, e, account)
	wantJudged(ctx, t, e, "changed", p.Subject(), store.ErrPasswordChanged)
	account.PasswordHash = ""
	setGamePassword(ctx, t, e, account)
	wantJudged(ctx, t, e, "taken away", p.Subject(), store.ErrPasswordChanged)

	// Changed while the sign-in waited for an earlier record to end.
	if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
		t.Fatal(err)
	}
	wantJudged(ctx, t, e, "begun with the one before", beginFor(ctx, t, e, u.ID, "", "hash 1").Subject(), store.ErrPasswordChanged)

	// Another way in has nothing to do with it.
	other := e.user(t, "bjorn")
	ticket := beginFor(ctx, t, e, other.ID, "", "")
	setGamePassword(ctx, t, e, store.GameAccount{UserID: other.ID, PasswordHash: "hash 3"})
	wantJudged(ctx, t, e, "signed in by ticket", ticket.Subject(), nil)
}

func passwordsFirst(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "oauth_only")
	session, _ := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	p := beginFor(ctx, t, e, u.ID, session, "")
	if p.Stamp != "" {
		t.Errorf("a user without a password is stamped %q", p.Stamp)
	}
	e.Website.AddAccount(t, u.ID, "credential", u.ID, "hash")
	setGamePassword(ctx, t, e, store.GameAccount{UserID: u.ID, PasswordHash: "hash"})
	wantJudged(ctx, t, e, "a first password", p.Subject(), nil)
}

// sitePassword is what a user's game password rests on.
func sitePassword(ctx context.Context, t testing.TB, e Env, user string) string {
	t.Helper()
	return must[*store.GameAccount](t)(e.Store.GetGameAccount(ctx, user)).SitePassword
}

func passwordsUnderGame(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	account := store.GameAccount{UserID: u.ID, PasswordHash: "hash 1", SitePassword: store.PasswordState("not asked for")}
	setGamePassword(ctx, t, e, account)
	first := sitePassword(ctx, t, e, u.ID)
	judged := store.SessionSubject{UserID: u.ID, Stamp: store.StampPasswords(first, "")}
	if first == "" || first == account.SitePassword {
		t.Fatalf("it rests on %q", first)
	}
	wantJudged(ctx, t, e, "as it was", judged, nil)
	e.Website.SetPassword(t, u.ID, "another hash")
	wantJudged(ctx, t, e, "changed", judged, store.ErrPasswordChanged)

	// Nothing but another game password revives it: not another setting of the
	// account, and not a sign-in that waited.
	account.LoopbackOnly = true
	setGamePassword(ctx, t, e, account)
	beginFor(ctx, t, e, u.ID, "", "hash 1")
	wantEqual(t, "what it rests on, with another setting", sitePassword(ctx, t, e, u.ID), first)
	account.PasswordHash = "hash 2"
	setGamePassword(ctx, t, e, account)
	second := sitePassword(ctx, t, e, u.ID)
	wantJudged(ctx, t, e, "set anew", store.SessionSubject{UserID: u.ID, Stamp: store.StampPasswords(second, "")}, nil)
}

func passwordsAdopted(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "oauth_only")
	setGamePassword(ctx, t, e, store.GameAccount{UserID: u.ID, PasswordHash: "hash 1"})
	wantEqual(t, "what it rests on without a password of the website", sitePassword(ctx, t, e, u.ID), "")
	e.Website.AddAccount(t, u.ID, "credential", u.ID, "hash")
	p := beginFor(ctx, t, e, u.ID, "", "another hash")
	wantEqual(t, "after a sign-in by another game password", sitePassword(ctx, t, e, u.ID), "")
	if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
		t.Fatal(err)
	}
	beginFor(ctx, t, e, u.ID, "", "hash 1")
	adopted := sitePassword(ctx, t, e, u.ID)
	if adopted == "" {
		t.Fatal("a sign-in leaves it without one")
	}
	e.Website.SetPassword(t, u.ID, "another hash")
	wantJudged(ctx, t, e, "changed", store.SessionSubject{UserID: u.ID, Stamp: store.StampPasswords(adopted, "")}, store.ErrPasswordChanged)
}

func passwordsTicket(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	for _, secret := range []string{"one", "two"} {
		must[time.Time](t)(e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf(secret), UserID: u.ID}, time.Minute))
	}
	judge := func(what, secret string, want error) {
		t.Helper()
		got := must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf(secret), ""))
		if got.SitePassword == "" {
			t.Fatalf("%s: it rests on nothing", what)
		}
		wantJudged(ctx, t, e, what, store.SessionSubject{UserID: u.ID, Stamp: store.StampPasswords(got.SitePassword, "")}, want)
	}
	judge("as it was", "one", nil)
	e.Website.SetPassword(t, u.ID, "another hash")
	judge("changed", "two", store.ErrPasswordChanged)
}

// The website's password is changed while a sign-in waits for its record.
func passwordsTold(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	setGamePassword(ctx, t, e, store.GameAccount{UserID: u.ID, PasswordHash: "hash 1"})
	n := store.NewPlay{UserID: u.ID, Digest: secretOf(u.ID), SitePassword: sitePassword(ctx, t, e, u.ID)}
	e.Website.SetPassword(t, u.ID, "another hash")
	p := must[*store.Play](t)(e.Store.BeginPlay(ctx, n))
	wantJudged(ctx, t, e, "changed during the wait", p.Subject(), store.ErrPasswordChanged)
}

func passwordsOthers(t *testing.T, e Env) {
	ctx := testContext(t)
	u, other := e.user(t, "spaces"), e.user(t, "bjorn")
	p := beginFor(ctx, t, e, u.ID, "", "")
	e.Website.AddAccount(t, u.ID, "github", "gh-1", "")
	e.Website.AddAccount(t, other.ID, "credential", other.ID, "hash")
	e.Website.SetPassword(t, other.ID, "another hash")
	wantJudged(ctx, t, e, "what is no password, and another's", p.Subject(), nil)
}

func passwordsNewRecord(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	old := beginFor(ctx, t, e, u.ID, "", "")
	e.Website.SetPassword(t, u.ID, "another hash")
	if err := e.Store.EndPlay(ctx, old.Ref()); err != nil {
		t.Fatal(err)
	}
	p := beginFor(ctx, t, e, u.ID, "", "")
	if p.Stamp == old.Stamp || p.Stamp == "" {
		t.Errorf("the next record is stamped %q, the one before %q", p.Stamp, old.Stamp)
	}
	wantJudged(ctx, t, e, "the next record", p.Subject(), nil)
}

func passwordsOrder(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	session, _ := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	p := beginFor(ctx, t, e, u.ID, session, "")
	e.Website.SetPassword(t, u.ID, "another hash")
	e.Website.Ban(t, u.ID, time.Time{})
	wantJudged(ctx, t, e, "banned", p.Subject(), store.ErrUserBanned)
	e.Website.ClearVerdicts(t, u.ID)
	e.Website.SetExpiry(t, session, e.Clock.Now().Add(-time.Millisecond))
	wantJudged(ctx, t, e, "expired", p.Subject(), store.ErrSessionExpired)
	e.Website.DeleteSession(t, session)
	wantJudged(ctx, t, e, "signed out", p.Subject(), store.ErrSessionNotFound)
	// Those who are in the game are told what was meant.
	got := must[[]error](t)(store.CheckPlayers(ctx, e.Store, []store.SessionSubject{p.Subject()}))
	wantErr(t, "of a player whose sessions went with the password", got[0], store.ErrPasswordChanged)
	e.Website.DeleteUser(t, u.ID)
	wantJudged(ctx, t, e, "the user deleted", store.SessionSubject{UserID: u.ID, Stamp: p.Stamp}, store.ErrUserNotFound)
}

func passwordsInvalid(t *testing.T, e Env) {
	for _, bad := range []string{"x", "hash 1", store.PasswordState("hash")[:31], store.PasswordState("hash") + "0", "G" + store.PasswordState("hash")[1:]} {
		_, err := e.Store.BeginPlay(testContext(t), store.NewPlay{UserID: "user", Digest: secretOf("user"), GamePassword: bad})
		wantKind(t, "BeginPlay with "+bad, err, errs.InvalidArgument)
		_, err = e.Store.BeginPlay(testContext(t), store.NewPlay{UserID: "user", Digest: secretOf("user"), SitePassword: bad})
		wantKind(t, "BeginPlay on "+bad, err, errs.InvalidArgument)
	}
}
