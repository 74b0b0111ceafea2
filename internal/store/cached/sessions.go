package cached

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// login is a session and its user, as one query brings them.
type login struct {
	session store.Session
	user    store.User
}

// GetSession implements store.Sessions. Only an answer that the session lives
// comes from the cache; what looks over there is asked of the store.
func (s *Store) GetSession(ctx context.Context, token string, c store.Consistency) (*store.Session, *store.User, error) {
	d := store.DigestOf(token)
	l, err := do(ctx, s, c, read[login]{
		name: "session_by_token", key: tokenKey(d),
		find: func(ctx context.Context) (login, bool) { return s.findLogin(ctx, d) },
		load: func(ctx context.Context, c store.Consistency) (login, error) {
			sess, u, err := s.inner.GetSession(ctx, token, c)
			if err != nil {
				return login{}, err
			}
			return login{session: *sess, user: *u}, nil
		},
		entries: func(l login) []entry {
			return []entry{userEntry(&l.user), sessionEntry(&l.session, d), idEntry(tokenKey(d), l.session.ID)}
		},
	})
	if err != nil {
		return nil, nil, err
	}
	return &l.session, &l.user, nil
}

func (s *Store) findLogin(ctx context.Context, d store.Digest) (login, bool) {
	id, ok := s.findID(ctx, tokenKey(d))
	if !ok {
		return login{}, false
	}
	rec, ok := find(ctx, s, sessionKey(id), decodeSession)
	if !ok || rec.session.ID != id || rec.token != d {
		return login{}, false
	}
	u, ok := s.findUser(ctx, rec.session.UserID)
	if !ok || store.Judge(&rec.session, &u, s.cfg.Now()) != nil {
		return login{}, false
	}
	return login{session: rec.session, user: u}, true
}

// CheckSessions implements store.Sessions. The store judges; whoever it finds
// dead leaves the cache.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	verdicts, err := s.inner.CheckSessions(ctx, subjects)
	if err != nil {
		return nil, err
	}
	var keys []string
	for i, v := range verdicts {
		if v == nil || i >= len(subjects) {
			continue
		}
		if id := subjects[i].SessionID; id != "" {
			keys = append(keys, sessionKey(id))
		}
		if id := subjects[i].UserID; id != "" {
			keys = append(keys, userKey(id))
		}
	}
	s.evict(ctx, keys...)
	return verdicts, nil
}

// RefreshSession implements store.Sessions. It evicts whatever the outcome: a
// refresh that failed may have been written.
func (s *Store) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	sess, u, err := s.inner.RefreshSession(ctx, token)
	keys := []string{tokenKey(store.DigestOf(token))}
	if err == nil {
		keys = append(keys, sessionKey(sess.ID))
	}
	s.evict(ctx, keys...)
	return sess, u, err
}
