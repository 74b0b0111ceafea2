package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func siteSessionTests() []test {
	return []test{
		{"MadeIsAliveAtOnce", siteMade},
		{"EndsByTheClock", siteExpiry},
		{"NotForABannedUser", siteBanned},
		{"NotForNobody", siteUnknown},
		{"ATokenIsUsedOnce", siteTaken},
		{"Limits", siteLimits},
		{"RevokedIsGoneAtOnce", siteRevoked},
		{"RevokingWhatIsGoneIsNoError", siteRevokedTwice},
	}
}

func oneTimeTests() []test {
	return []test{
		{"LetsInOnce", oneTimeOnce},
		{"HashedInEveryWay", oneTimeHashed},
		{"OfAHundredAtOnceOneGetsIt", oneTimeRace},
		{"EndsByTheClock", oneTimeExpiry},
		{"IsGoneWhateverBecameOfItsSession", oneTimeSession},
		{"UnknownIsRefused", oneTimeUnknown},
	}
}

func newSession(userID string, life time.Duration) store.NewSession {
	return store.NewSession{UserID: userID, Token: store.NewID(), Lifetime: life, IPAddress: "203.0.113.7", UserAgent: "launcher/1.0"}
}

// makeSession makes a session and checks what comes back.
func makeSession(ctx context.Context, t testing.TB, e Env, n store.NewSession) *store.Session {
	t.Helper()
	sess, u, err := e.Store.CreateSession(ctx, n)
	if err != nil {
		t.Fatalf("CreateSession: %v", err)
	}
	now := e.Clock.Now()
	wantTime(t, "ExpiresAt", sess.ExpiresAt, now.Add(n.Lifetime))
	wantTime(t, "CreatedAt", sess.CreatedAt, now)
	wantTime(t, "UpdatedAt", sess.UpdatedAt, now)
	if sess.ID == "" || u.ID != n.UserID {
		t.Errorf("session %q of user %q", sess.ID, u.ID)
	}
	got := *sess
	got.ID, got.ExpiresAt, got.CreatedAt, got.UpdatedAt = "", time.Time{}, time.Time{}, time.Time{}
	wantEqual(t, "the session", got, store.Session{UserID: n.UserID, IPAddress: n.IPAddress, UserAgent: n.UserAgent})
	return sess
}

func siteMade(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	n := newSession(u.ID, store.MaxSessionLifetime)
	// That there is none may be remembered from before.
	wantSession(ctx, t, e, n.Token, store.ErrSessionNotFound)
	made := makeSession(ctx, t, e, n)
	for _, c := range consistencies() {
		sess, user := getSession(ctx, t, e.Store, n.Token, c)
		wantEqual(t, "the session read again", sess, made)
		checkUser(t, user, u)
	}
	verdicts, err := e.Store.CheckSessions(ctx, []store.SessionSubject{{SessionID: made.ID, UserID: u.ID}})
	if err != nil || verdicts[0] != nil {
		t.Errorf("verdict %v, %v", verdicts, err)
	}
	bare := newSession(u.ID, store.MinSessionLifetime)
	bare.IPAddress, bare.UserAgent = "", ""
	if other := makeSession(ctx, t, e, bare); other.ID == made.ID {
		t.Error("two sessions have one id")
	}
	if sess, _, err := e.Store.RefreshSession(ctx, bare.Token); err != nil || !sess.ExpiresAt.Equal(e.Clock.Now().Add(SessionExpiresIn)) {
		t.Errorf("prolonged as any other: %+v, %v", sess, err)
	}
}

func siteExpiry(t *testing.T, e Env) {
	ctx := testContext(t)
	n := newSession(e.user(t, "spaces").ID, time.Minute)
	makeSession(ctx, t, e, n)
	e.Clock.Advance(time.Minute)
	wantSession(ctx, t, e, n.Token, nil)
	e.Clock.Advance(time.Millisecond)
	wantSession(ctx, t, e, n.Token, store.ErrSessionExpired)
}

func siteBanned(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	before := e.Website.CountSessions(t)
	refused := func(what string) {
		t.Helper()
		n := newSession(u.ID, time.Hour)
		sess, user, err := e.Store.CreateSession(ctx, n)
		wantErr(t, what, err, store.ErrUserBanned)
		if sess != nil || user != nil {
			t.Error("a refused session comes with data")
		}
		wantSession(ctx, t, e, n.Token, store.ErrSessionNotFound)
	}
	e.Website.Ban(t, u.ID, time.Time{})
	refused("banned for good")
	e.Website.Ban(t, u.ID, e.Clock.Now().Add(time.Minute))
	e.Clock.Advance(time.Minute)
	refused("at the very end of a ban")
	if n := e.Website.CountSessions(t); n != before {
		t.Errorf("%d sessions, and %d before", n, before)
	}
	e.Clock.Advance(time.Millisecond)
	makeSession(ctx, t, e, newSession(u.ID, time.Hour))
	e.Website.ClearVerdicts(t, u.ID)
	makeSession(ctx, t, e, newSession(u.ID, time.Hour))
}

func siteUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	before := e.Website.CountSessions(t)
	for _, id := range []string{"nobody", "0", "' OR true --"} {
		_, _, err := e.Store.CreateSession(ctx, newSession(id, time.Hour))
		wantErr(t, "for "+id, err, store.ErrUserNotFound)
	}
	if n := e.Website.CountSessions(t); n != before {
		t.Errorf("%d sessions, and %d before", n, before)
	}
}

func siteTaken(t *testing.T, e Env) {
	ctx := testContext(t)
	n := newSession(e.user(t, "spaces").ID, time.Hour)
	made := makeSession(ctx, t, e, n)
	for _, id := range []string{n.UserID, e.user(t, "alice").ID} {
		again := n
		again.UserID = id
		_, _, err := e.Store.CreateSession(ctx, again)
		wantErr(t, "a token in use", err, store.ErrSessionTokenTaken)
		if f := errs.Of(err); f == nil || f.Field != "token" {
			t.Errorf("got %v, want the field named", err)
		}
	}
	sess, _ := getSession(ctx, t, e.Store, n.Token, store.Fresh)
	wantEqual(t, "the session of the token", sess, made)
}

func siteLimits(t *testing.T, e Env) {
	ctx := testContext(t)
	for what, spoil := range map[string]func(*store.NewSession){
		"nobody":           func(n *store.NewSession) { n.UserID = "" },
		"a short token":    func(n *store.NewSession) { n.Token = n.Token[1:] },
		"a foreign token":  func(n *store.NewSession) { n.Token = n.Token[1:] + "-" },
		"too short a life": func(n *store.NewSession) { n.Lifetime = store.MinSessionLifetime - time.Second },
		"too long a life":  func(n *store.NewSession) { n.Lifetime = store.MaxSessionLifetime + time.Second },
		"a long address":   func(n *store.NewSession) { n.IPAddress = strings.Repeat("1", store.MaxAddressLength+1) },
		"a long agent":     func(n *store.NewSession) { n.UserAgent = strings.Repeat("x", store.MaxUserAgentLength+1) },
		"a control":        func(n *store.NewSession) { n.UserAgent = "a\nb" },
	} {
		n := newSession(e.user(t, "spaces").ID, time.Hour)
		spoil(&n)
		_, _, err := e.Store.CreateSession(ctx, n)
		wantKind(t, what, err, errs.InvalidArgument)
	}
	longest := newSession(e.user(t, "spaces").ID, time.Hour)
	longest.UserAgent = strings.Repeat("é", store.MaxUserAgentLength)
	makeSession(ctx, t, e, longest)
}

func siteRevoked(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	n, other := newSession(u.ID, time.Hour), newSession(u.ID, time.Hour)
	made := makeSession(ctx, t, e, n)
	makeSession(ctx, t, e, other)
	_, sites := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	for _, token := range []string{n.Token, sites} {
		wantSession(ctx, t, e, token, nil)
		if err := e.Store.RevokeSession(ctx, token); err != nil {
			t.Fatalf("RevokeSession: %v", err)
		}
		wantSession(ctx, t, e, token, store.ErrSessionNotFound)
		_, _, err := e.Store.RefreshSession(ctx, token)
		wantErr(t, "RefreshSession", err, store.ErrSessionNotFound)
	}
	wantSession(ctx, t, e, other.Token, nil)
	verdicts, err := e.Store.CheckSessions(ctx, []store.SessionSubject{{SessionID: made.ID, UserID: u.ID}})
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, "CheckSessions", verdicts[0], store.ErrSessionNotFound)
	// The token is free again, and what was remembered of it is not.
	makeSession(ctx, t, e, n)
	wantSession(ctx, t, e, n.Token, nil)
}

func siteRevokedTwice(t *testing.T, e Env) {
	ctx := testContext(t)
	before := e.Website.CountSessions(t)
	for _, token := range []string{store.NewID(), "x", "' OR true --"} {
		if err := e.Store.RevokeSession(ctx, token); err != nil {
			t.Errorf("RevokeSession(%q): %v", token, err)
		}
	}
	if n := e.Website.CountSessions(t); n != before {
		t.Errorf("%d sessions, and %d before", n, before)
	}
	_, token := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(-time.Hour))
	if err := e.Store.RevokeSession(ctx, token); err != nil {
		t.Errorf("one that has expired: %v", err)
	}
	wantSession(ctx, t, e, token, store.ErrSessionNotFound)
}

// addOneTime adds a one-time token of a session as the website does.
func addOneTime(t testing.TB, e Env, session string, life time.Duration) (token string) {
	t.Helper()
	token = store.NewID()
	e.Website.AddVerification(t, "one-time-token:"+token, session, e.Clock.Now().Add(life))
	return token
}

func redeem(ctx context.Context, t testing.TB, e Env, token string, want error) *store.Session {
	t.Helper()
	sess, u, err := e.Store.RedeemOneTimeToken(ctx, token)
	if want != nil {
		wantErr(t, "RedeemOneTimeToken", err, want)
		if sess != nil || u != nil {
			t.Error("RedeemOneTimeToken: a refusal comes with data")
		}
		return nil
	}
	if err != nil {
		t.Fatalf("RedeemOneTimeToken: %v", err)
	}
	if u.ID != sess.UserID {
		t.Errorf("a session of %q comes with user %q", sess.UserID, u.ID)
	}
	return sess
}

func oneTimeOnce(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	id, session := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	before := e.Website.CountVerifications(t)
	token, other := addOneTime(t, e, session, time.Minute), addOneTime(t, e, session, time.Minute)
	if sess := redeem(ctx, t, e, token, nil); sess.ID != id || sess.UserID != u.ID {
		t.Errorf("got session %q of %q", sess.ID, sess.UserID)
	}
	redeem(ctx, t, e, token, store.ErrTicketInvalid)
	wantSession(ctx, t, e, session, nil)
	redeem(ctx, t, e, other, nil)
	if n := e.Website.CountVerifications(t); n != before {
		t.Errorf("%d verifications, and %d before", n, before)
	}
}

func oneTimeHashed(t *testing.T, e Env) {
	ctx := testContext(t)
	id, session := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for what, identifier := range map[string]func(token string) string{
		"the token":               func(token string) string { return "one-time-token:" + hash(token) },
		"the identifier":          func(token string) string { return hash("one-time-token:" + token) },
		"first one and then both": func(token string) string { return hash("one-time-token:" + hash(token)) },
	} {
		token := store.NewID()
		e.Website.AddVerification(t, identifier(token), session, e.Clock.Now().Add(time.Minute))
		sess, _, err := e.Store.RedeemOneTimeToken(ctx, token)
		if err != nil || sess.ID != id {
			t.Errorf("%s hashed: %+v, %v", what, sess, err)
		}
		redeem(ctx, t, e, token, store.ErrTicketInvalid)
	}
}

func oneTimeRace(t *testing.T, e Env) {
	ctx := testContext(t)
	_, session := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	token := addOneTime(t, e, session, time.Minute)
	if n := wins(t, race(100, func(int) error {
		_, _, err := e.Store.RedeemOneTimeToken(ctx, token)
		return err
	}), store.ErrTicketInvalid); n != 1 {
		t.Errorf("%d of 100 got the session, want 1", n)
	}
}

func oneTimeExpiry(t *testing.T, e Env) {
	ctx := testContext(t)
	_, session := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	one, two := addOneTime(t, e, session, time.Minute), addOneTime(t, e, session, time.Minute)
	e.Clock.Advance(time.Minute)
	redeem(ctx, t, e, one, nil)
	e.Clock.Advance(time.Millisecond)
	redeem(ctx, t, e, two, store.ErrTicketInvalid)
}

func oneTimeSession(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	over, overToken := e.addSession(t, u.ID, e.Clock.Now().Add(-time.Millisecond))
	gone, goneToken := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	banned, bannedToken := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))
	before := e.Website.CountVerifications(t)
	ofOver, ofGone := addOneTime(t, e, overToken, time.Minute), addOneTime(t, e, goneToken, time.Minute)
	ofBanned := addOneTime(t, e, bannedToken, time.Minute)
	e.Website.DeleteSession(t, gone)
	redeem(ctx, t, e, ofOver, store.ErrTicketInvalid)
	redeem(ctx, t, e, ofGone, store.ErrTicketInvalid)
	e.Website.Ban(t, u.ID, e.Clock.Now())
	redeem(ctx, t, e, ofBanned, store.ErrUserBanned)
	// Another try does not tell more, and the tokens stay gone.
	e.Website.ClearVerdicts(t, u.ID)
	e.Website.SetExpiry(t, over, e.Clock.Now().Add(time.Hour))
	for _, token := range []string{ofOver, ofGone, ofBanned} {
		redeem(ctx, t, e, token, store.ErrTicketInvalid)
	}
	if n := e.Website.CountVerifications(t); n != before {
		t.Errorf("%d verifications, and %d before", n, before)
	}
	e.settle()
	if sess, _ := getSession(ctx, t, e.Store, bannedToken, store.Fresh); sess.ID != banned {
		t.Errorf("got session %q", sess.ID)
	}
}

func oneTimeUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	_, session := e.addSession(t, e.user(t, "spaces").ID, e.Clock.Now().Add(time.Hour))
	token := addOneTime(t, e, session, time.Minute)
	e.Website.AddVerification(t, "reset-password:"+token[:24], session, e.Clock.Now().Add(time.Minute))
	for _, bad := range []string{store.NewID(), session, token[:31], token + "x", token[:24]} {
		redeem(ctx, t, e, bad, store.ErrTicketInvalid)
	}
	for _, bad := range []string{"", "short", token + "=", strings.Repeat("x", 129), "one-time-token:" + token} {
		_, _, err := e.Store.RedeemOneTimeToken(ctx, bad)
		wantKind(t, "what can be no token: "+bad, err, errs.InvalidArgument)
	}
	redeem(ctx, t, e, token, nil)
}
