package sqlite_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// What a site numbers and writes in milliseconds is written so, and what has
// names of its own is found.
func TestSiteWritesOnOtherShapes(t *testing.T) {
	t.Parallel()
	given, err := siteschema.ParseNames(
		[]string{"user=people", "session=logins", "account=credentials", "verification=proofs"},
		[]string{
			"user.id=uid", "user.email=mail", "user.username=nick", "user.displayUsername=shown_nick",
			"session.token=secret", "session.userId=owner", "session.expiresAt=valid_until", "account.userId=owner",
			"account.password=hash", "user.twoFactorEnabled=two", "verification.value=stands_for",
		})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		schema, user, account, proof, stored string
		names                                siteschema.Names
		userID                               string
		twoFactor                            bool
		time                                 func(time.Time) any
	}{
		"numbers in snake case": {
			snake + `ALTER TABLE accounts ADD account_id text; ALTER TABLE accounts ADD password text;
				CREATE TABLE verifications (id integer primary key, identifier text, value text, expires_at integer)`,
			`INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES (?1, 'Ann', 'ann@example.com', 1, ?2, ?2)`,
			`INSERT INTO accounts (user_id, provider_id, account_id, password) VALUES (?1, 'credential', ?1, 'salt:key')`,
			`INSERT INTO verifications (identifier, value, expires_at) VALUES (?1, ?2, ?3)`,
			`SELECT count(*) FROM sessions WHERE token = ?1 AND user_id = 41 AND expires_at = ?2 AND typeof(id) = 'integer'`,
			siteschema.Names{}, "41", false, func(at time.Time) any { return at.UnixMilli() },
		},
		"names of its own": {
			renamed + `ALTER TABLE credentials ADD accountId text; ALTER TABLE credentials ADD hash text;
				ALTER TABLE people ADD two integer; CREATE TABLE proofs (id text, identifier text, stands_for text, expiresAt date)`,
			`INSERT INTO people (uid, name, mail, emailVerified, createdAt, updatedAt, two) VALUES (?1, 'Ann', 'ann@example.com', 1, ?2, ?2, 1)`,
			`INSERT INTO credentials (owner, providerId, accountId, hash) VALUES (?1, 'credential', ?1, 'salt:key')`,
			`INSERT INTO proofs (identifier, stands_for, expiresAt) VALUES (?1, ?2, ?3)`,
			`SELECT count(*) FROM logins WHERE secret = ?1 AND owner = 'u1' AND valid_until = ?2 AND length(id) = 32`,
			given, "u1", true, func(at time.Time) any { return at.Format("2006-01-02T15:04:05.000Z") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "site.db")
			d := sqlOpen(t, path)
			clock := storetest.NewClock()
			exec(t, d, c.schema)
			exec(t, d, c.user, c.userID, c.time(clock.Now()))
			exec(t, d, c.account, c.userID)
			s := open(t, sqlite.Config{Path: path, Now: clock.Now, Names: c.names})
			ctx := t.Context()
			got, err := s.GetCredential(ctx, store.ByEmail, "ANN@example.com")
			if err != nil || got.PasswordHash != "salt:key" || got.TwoFactor != c.twoFactor || got.User.ID != c.userID {
				t.Errorf("credential %+v, %v", got, err)
			}
			if _, err := s.GetCredential(ctx, store.ByID, "0"+c.userID); !errors.Is(err, store.ErrUserNotFound) {
				t.Errorf("another spelling of the id: %v", err)
			}
			n := store.NewSession{UserID: c.userID, Token: store.NewID(), Lifetime: time.Hour}
			made, _, err := s.CreateSession(ctx, n)
			if err != nil || !made.ExpiresAt.Equal(clock.Now().Add(time.Hour)) {
				t.Fatalf("made %+v, %v", made, err)
			}
			var count int
			if err := d.QueryRowContext(ctx, c.stored, n.Token, c.time(clock.Now().Add(time.Hour))).Scan(&count); err != nil || count != 1 {
				t.Errorf("stored as the site stores it: %d, %v", count, err)
			}
			n.UserID = "0" + c.userID
			if _, _, err := s.CreateSession(ctx, n); !errors.Is(err, store.ErrUserNotFound) {
				t.Errorf("for another spelling of the id: %v", err)
			}
			one, over := store.NewID(), store.NewID()
			exec(t, d, c.proof, "one-time-token:"+one, n.Token, c.time(clock.Now()))
			exec(t, d, c.proof, "one-time-token:"+over, n.Token, "garbage")
			if sess, _, err := s.RedeemOneTimeToken(ctx, one); err != nil || sess.ID != made.ID {
				t.Errorf("redeemed %+v, %v", sess, err)
			}
			if _, _, err := s.RedeemOneTimeToken(ctx, over); !errors.Is(err, store.ErrTicketInvalid) {
				t.Errorf("one with an end that cannot be read: %v", err)
			}
			if err := s.RevokeSession(ctx, n.Token); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.GetSession(ctx, n.Token, store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
				t.Errorf("revoked: %v", err)
			}
		})
	}
}

func TestSiteWritesWithHashedTokens(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	s := open(t, sqlite.Config{Path: path, TokenForm: store.TokenSHA256Base64URL})
	ctx := t.Context()
	n := store.NewSession{UserID: storetest.Fixtures(t, "sqlite")["spaces"].ID, Token: store.NewID(), Lifetime: time.Hour}
	made, _, err := s.CreateSession(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	var stored string
	if err := w.DB.QueryRowContext(ctx, `SELECT token FROM session WHERE id = ?`, made.ID).Scan(&stored); err != nil || stored != store.TokenSHA256Base64URL.Stored(n.Token) {
		t.Errorf("stored %q, %v", stored, err)
	}
	token := store.NewID()
	w.AddVerification(t, "one-time-token:"+token, n.Token, time.Now().Add(time.Minute))
	if sess, _, err := s.RedeemOneTimeToken(ctx, token); err != nil || sess.ID != made.ID {
		t.Errorf("redeemed %+v, %v", sess, err)
	}
	if err := s.RevokeSession(ctx, stored); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.GetSession(ctx, n.Token, store.Fresh); err != nil {
		t.Errorf("what is stored ends the session: %v", err)
	}
	if err := s.RevokeSession(ctx, n.Token); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.GetSession(ctx, n.Token, store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
		t.Errorf("revoked: %v", err)
	}
}

// What the file lacks keeps one thing off, and says why.
func TestWhatStaysOff(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	exec(t, w.DB, `ALTER TABLE account DROP COLUMN password; ALTER TABLE account DROP COLUMN updatedAt; DROP TABLE verification; CREATE TABLE verification (id integer, done integer);
		ALTER TABLE session RENAME TO old;
		CREATE TABLE session (id text primary key, token text unique, userId text, expiresAt date, createdAt date, updatedAt date,
			ipAddress text, userAgent text, impersonatedBy text, deviceId text not null)`)
	s := open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	report, err := s.Check(ctx)
	if err != nil || !report.OK() {
		t.Fatalf("check: %v, %+v", err, report)
	}
	all := describe(report)
	for _, want := range []string{
		"noticing changed passwords: off; ", "updatedAt", "reading password hashes: off; ", "making sessions: off; ", `"deviceId"`, "redeeming one-time tokens: off; ", `"verification"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the check does not say %s:\n%s", want, all)
		}
	}
	id := storetest.Fixtures(t, "sqlite")["spaces"].ID
	if _, err := s.GetCredential(ctx, store.ByID, id); !errors.Is(err, store.ErrNoCredentialsGrant) {
		t.Errorf("a credential: %v", err)
	}
	if _, _, err := s.CreateSession(ctx, store.NewSession{UserID: id, Token: store.NewID(), Lifetime: time.Hour}); !errors.Is(err, store.ErrNoSessionsGrant) {
		t.Errorf("a session: %v", err)
	}
	if _, _, err := s.RedeemOneTimeToken(ctx, store.NewID()); !errors.Is(err, store.ErrNoOneTimeGrant) {
		t.Errorf("a one-time token: %v", err)
	}
	if err := s.RevokeSession(ctx, "none"); err != nil {
		t.Errorf("ending a session: %v", err)
	}
	if p, err := s.BeginPlay(ctx, store.NewPlay{UserID: id}); err != nil || p.Stamp != "" {
		t.Errorf("a play is %+v, %v; want no stamp", p, err)
	}
	stamped := store.SessionSubject{UserID: id, Stamp: store.StampPasswords(store.PasswordState("of before"), "")}
	if verdicts, err := s.CheckSessions(ctx, []store.SessionSubject{stamped}); err != nil || verdicts[0] != nil {
		t.Errorf("a stamp of before: %v, %v", verdicts, err)
	}
}
