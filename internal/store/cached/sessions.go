package cached

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// login is the records of a session and its user, dead or alive.
type login struct{ session, user *record }

// GetSession implements store.Sessions. The verdict is made here, by the clock,
// of rows that may come from the cache.
func (s *Store) GetSession(ctx context.Context, token string, c store.Consistency) (*store.Session, *store.User, error) {
	l, err := s.alive(ctx, token, c)
	if err != nil {
		return nil, nil, err
	}
	return copied(l.session.session), copied(l.user.user), nil
}

// alive returns the login of a token, if the session is alive now.
func (s *Store) alive(ctx context.Context, token string, c store.Consistency) (login, error) {
	l, err := s.login(ctx, token, c)
	if err != nil {
		return login{}, err
	}
	return l, store.Judge(l.session.session, l.user.user, s.cfg.Now())
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
	return s.doLogin(ctx, token, key, d, c)
}

// doLogin reads the login of a token if the cache in the process has no answer.
func (s *Store) doLogin(ctx context.Context, token, key string, d store.Digest, c store.Consistency) (login, error) {
	return do(ctx, s, c, read[login]{
		way: waySession, key: key,
		find: func(ctx context.Context, to reach) (login, bool, error) { return s.findLogin(ctx, to, key, d) },
		load: func(ctx context.Context) (login, store.Snapshot, error) {
			sess, u, snapshot, err := s.inner.ReadSession(ctx, token)
			if err != nil {
				return login{}, snapshot, err
			}
			return login{sessionRecord(sess, d), userRecord(u)}, snapshot, nil
		},
		entries: func(l login) []entry {
			return []entry{userEntry(l.user), sessionEntry(l.session), tokenEntry(l.session.session, d)}
		},
		absent: store.ErrSessionNotFound, table: store.TableSession,
	})
}

func (s *Store) findLogin(ctx context.Context, to reach, key string, d store.Digest) (login, bool, error) {
	index := s.get(to, key)
	if index == nil && to == reachBoth {
		if index = s.hinted(key); index == nil {
			index, _ = s.look(ctx, to, key, "")
		}
	}
	return s.followToken(ctx, to, index, d)
}

// followToken finds the session and the user to which the entry of a token
// leads. Their records decide whether they really belong to the token.
func (s *Store) followToken(ctx context.Context, to reach, index *record, d store.Digest) (login, bool, error) {
	switch {
	case index == nil:
		return login{}, false, nil
	case index.kind == kindAbsent:
		return login{}, true, index.err
	case index.kind != kindToken:
		return login{}, false, nil
	}
	sess, u := s.look(ctx, to, index.idKey, index.ownerKey)
	if sess == nil || sess.kind != kindSession || sess.token != d ||
		u == nil || u.kind != kindUser || u.user.ID != sess.session.UserID {
		return login{}, false, nil
	}
	return login{sess, u}, true, nil
}

// CheckSessions implements store.Sessions: it always asks the store beneath.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	return s.inner.CheckSessions(ctx, subjects)
}

// RefreshSession implements store.Sessions. It evicts with any outcome: a
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

// RefreshSessions implements store.Sessions. After a failure any of them may
// have been written.
func (s *Store) RefreshSessions(ctx context.Context, ids []string) ([]string, error) {
	refreshed, err := s.inner.RefreshSessions(ctx, ids)
	written := refreshed
	if err != nil {
		written = ids
	}
	keys := make([]string, len(written))
	for i, id := range written {
		keys[i] = sessionKey(id)
	}
	s.evict(keys...)
	return refreshed, err
}
