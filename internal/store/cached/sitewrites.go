package cached

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// What the auth part does with the website's own rows is never answered from a
// cache. A session that is created or ended is removed from the cache with any
// outcome: a write that failed may have been made.

// GetCredential implements store.Credentials.
func (s *Store) GetCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	return s.inner.GetCredential(ctx, by, value)
}

// CreateSession implements store.SessionWriter. The cache may remember that the
// token has no session.
func (s *Store) CreateSession(ctx context.Context, n store.NewSession) (*store.Session, *store.User, error) {
	sess, u, err := s.inner.CreateSession(ctx, n)
	keys := []string{tokenKey(store.DigestOf(n.Token))}
	if err == nil {
		keys = append(keys, sessionKey(sess.ID))
	}
	s.evict(keys...)
	return sess, u, err
}

// RevokeSession implements store.SessionWriter. A session is reached only
// through the entry of its token, so it is enough to remove that.
func (s *Store) RevokeSession(ctx context.Context, token string) error {
	err := s.inner.RevokeSession(ctx, token)
	s.evict(tokenKey(store.DigestOf(token)))
	return err
}

// RedeemOneTimeToken implements store.SessionWriter. It writes nothing that is
// cached.
func (s *Store) RedeemOneTimeToken(ctx context.Context, token string) (*store.Session, *store.User, error) {
	return s.inner.RedeemOneTimeToken(ctx, token)
}
