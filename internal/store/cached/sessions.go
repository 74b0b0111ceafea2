package cached

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// login is a session and its user, dead or alive.
type login struct {
	session *store.Session
	user    *store.User
	token   store.Digest
}

// GetSession implements store.Sessions. The verdict is made here, by the clock,
// of rows that may come from the cache.
func (s *Store) GetSession(ctx context.Context, token string, c store.Consistency) (*store.Session, *store.User, error) {
	l, err := s.login(ctx, token, c)
	if err != nil {
		return nil, nil, err
	}
	if err := store.Judge(l.session, l.user, s.cfg.Now()); err != nil {
		return nil, nil, err
	}
	return copied(l.session), copied(l.user), nil
}

func (s *Store) login(ctx context.Context, token string, c store.Consistency) (login, error) {
	d := store.DigestOf(token)
	key := tokenKey(d)
	if to, ok := s.usable(ctx, c); ok {
		if l, ok, err := s.findLogin(ctx, to, key, d); ok {
			s.metrics.hits[waySession].Inc()
			return l, err
		}
	}
	return do(ctx, s, c, read[login]{
		way: waySession, key: key,
		find: func(ctx context.Context, to reach) (login, bool, error) { return s.findLogin(ctx, to, key, d) },
		load: func(ctx context.Context) (login, store.Snapshot, error) {
			sess, u, snapshot, err := s.inner.ReadSession(ctx, token)
			return login{sess, u, d}, snapshot, err
		},
		entries: func(l login) []entry {
			return []entry{userEntry(l.user), sessionEntry(l.session, d), tokenEntry(l.session, d)}
		},
		absent: absentEntry(key, store.TableSession, store.ErrSessionNotFound),
	})
}

func (s *Store) findLogin(ctx context.Context, to reach, key string, d store.Digest) (login, bool, error) {
	index, _ := s.look(ctx, to, key, "")
	switch {
	case index == nil:
		return login{}, false, nil
	case index.kind == kindAbsent:
		return login{}, true, index.err
	case index.kind != kindToken:
		return login{}, false, nil
	}
	sess, u := s.look(ctx, to, sessionKey(index.id), userKey(index.owner))
	if sess == nil || sess.kind != kindSession || sess.session.ID != index.id || sess.token != d ||
		u == nil || u.kind != kindUser || u.user.ID != sess.session.UserID {
		return login{}, false, nil
	}
	return login{sess.session, u.user, d}, true, nil
}

// CheckSessions implements store.Sessions: the store judges.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	return s.inner.CheckSessions(ctx, subjects)
}

// RefreshSession implements store.Sessions. It evicts whatever the outcome: a
// refresh that failed may have been written.
func (s *Store) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	sess, u, err := s.inner.RefreshSession(ctx, token)
	keys := []string{tokenKey(store.DigestOf(token))}
	if err == nil {
		keys = append(keys, sessionKey(sess.ID))
	}
	s.evict(keys...)
	return sess, u, err
}
