package failure

import (
	"context"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// getCredential reads a hash that nobody changes.
func (s *subject) getCredential(t *testing.T, tag string) *call {
	t.Helper()
	id := tag + "_credential"
	s.addUser(t, id, time.Now().Add(time.Hour))
	s.exec(t, `INSERT INTO account (id, "accountId", "providerId", "userId", password, "updatedAt") VALUES ($1, $1, 'credential', $1, 'hash of ' || $1, now())`, id)
	return &call{name: "GetCredential", kind: needsRead, do: func(ctx context.Context) error {
		c, err := s.db().GetCredential(ctx, store.ByUsername, id)
		if err != nil {
			return err
		}
		return same("the credential", []any{c.User.ID, c.PasswordHash, c.TwoFactor}, []any{id, "hash of " + id, false})
	}}
}

// siteWrites write the website's own rows.
func (s *subject) siteWrites(t *testing.T, tag string) []*call {
	t.Helper()
	id := tag + "_site"
	session := s.addUser(t, id, time.Now().Add(time.Hour))
	ended := s.addUser(t, tag+"_ended", time.Now().Add(time.Hour))
	made := store.NewSession{UserID: id, Token: store.NewID(), Lifetime: time.Hour, IPAddress: "203.0.113.7", UserAgent: "launcher"}
	oneTime := store.NewID()
	s.exec(t, `INSERT INTO verification (id, identifier, value, "expiresAt") VALUES ($1, 'one-time-token:' || $1, $2, now() + interval '1 hour')`, oneTime, session)
	holds := func(what, query string, arg any, want int) func(context.Context, error) error {
		return func(ctx context.Context, _ error) error {
			var n int
			if err := s.one(ctx, query, []any{arg}, &n); err != nil {
				return err
			}
			return same(what, n, want)
		}
	}
	create := func(ctx context.Context) error {
		sess, u, err := s.db().CreateSession(ctx, made)
		if err != nil {
			return err
		}
		return same("the session", []any{sess.UserID, sess.UserAgent, sess.ExpiresAt.Sub(sess.CreatedAt), u.ID}, []any{id, "launcher", time.Hour, id})
	}
	redeem := func(ctx context.Context) error {
		sess, u, err := s.db().RedeemOneTimeToken(ctx, oneTime)
		if err != nil {
			return err
		}
		return same("whose token it is", []string{sess.ID, u.ID}, []string{"session-" + id, id})
	}
	return []*call{
		{
			name: "CreateSession", kind: needsWrite, do: create,
			after: holds("how often the session is there", `SELECT count(*) FROM session WHERE token = $1`, made.Token, 1),
			again: func(ctx context.Context, first error) error {
				return once(create(ctx), first, store.ErrSessionTokenTaken)
			},
		},
		{
			name: "RevokeSession", kind: needsWrite,
			do:    func(ctx context.Context) error { return s.db().RevokeSession(ctx, ended) },
			after: holds("how often the ended session is there", `SELECT count(*) FROM session WHERE token = $1`, ended, 0),
		},
		{
			name: "RedeemOneTimeToken", kind: needsWrite, do: redeem,
			after: holds("how often the token is there", `SELECT count(*) FROM verification WHERE id = $1`, oneTime, 0),
			again: func(ctx context.Context, first error) error { return once(redeem(ctx), first, store.ErrTicketInvalid) },
		},
	}
}
