package cached

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, c store.Consistency) (*store.User, error) {
	key := userKey(id)
	if to, ok := s.usable(ctx, c); ok {
		if u, ok, err := s.findUser(ctx, to, key, id); ok {
			s.metrics.hits[wayUser].Inc()
			return copied(u), err
		}
	}
	u, err := do(ctx, s, c, read[*store.User]{
		way: wayUser, key: key,
		find: func(ctx context.Context, to reach) (*store.User, bool, error) { return s.findUser(ctx, to, key, id) },
		load: func(ctx context.Context) (*store.User, store.Snapshot, error) {
			return s.inner.ReadUser(ctx, store.ByID, id)
		},
		entries: func(u *store.User) []entry { return []entry{userEntry(u)} },
		absent:  absentEntry(key, store.TableUser, store.ErrUserNotFound),
	})
	return copied(u), err
}

// GetUserByUsername implements store.Users.
func (s *Store) GetUserByUsername(ctx context.Context, username string, c store.Consistency) (*store.User, error) {
	return s.byIndex(ctx, c, wayUsername, usernameKey(username), store.ByUsername, username,
		func(u *store.User) bool { return u.Username != "" && u.Username == fold(username) })
}

// GetUserByEmail implements store.Users.
func (s *Store) GetUserByEmail(ctx context.Context, email string, c store.Consistency) (*store.User, error) {
	return s.byIndex(ctx, c, wayEmail, emailKey(email), store.ByEmail, email,
		func(u *store.User) bool { return u.Email != "" && u.Email == fold(email) })
}

// byIndex reads a user through a key that holds an id. A record that no longer
// carries what was asked for is no answer.
func (s *Store) byIndex(ctx context.Context, c store.Consistency, way way, key string,
	by store.UserKey, value string, carries func(*store.User) bool,
) (*store.User, error) {
	if to, ok := s.usable(ctx, c); ok {
		if u, ok, err := s.findByIndex(ctx, to, key, carries); ok {
			s.metrics.hits[way].Inc()
			return copied(u), err
		}
	}
	u, err := do(ctx, s, c, read[*store.User]{
		way: way, key: key,
		find: func(ctx context.Context, to reach) (*store.User, bool, error) {
			return s.findByIndex(ctx, to, key, carries)
		},
		load: func(ctx context.Context) (*store.User, store.Snapshot, error) {
			return s.inner.ReadUser(ctx, by, value)
		},
		entries: func(u *store.User) []entry { return []entry{userEntry(u), idEntry(key, u.ID)} },
		absent:  absentEntry(key, store.TableUser, store.ErrUserNotFound),
	})
	return copied(u), err
}

func (s *Store) findUser(ctx context.Context, to reach, key, id string) (*store.User, bool, error) {
	r, _ := s.look(ctx, to, key, "")
	switch {
	case r == nil:
		return nil, false, nil
	case r.kind == kindAbsent:
		return nil, true, r.err
	case r.kind != kindUser || r.user.ID != id:
		return nil, false, nil
	}
	return r.user, true, nil
}

func (s *Store) findByIndex(ctx context.Context, to reach, key string, carries func(*store.User) bool) (*store.User, bool, error) {
	index, _ := s.look(ctx, to, key, "")
	switch {
	case index == nil:
		return nil, false, nil
	case index.kind == kindAbsent:
		return nil, true, index.err
	case index.kind != kindID:
		return nil, false, nil
	}
	u, ok, err := s.findUser(ctx, to, userKey(index.id), index.id)
	return u, ok && err == nil && carries(u), nil
}

// copied returns a copy for a caller, who may change it; nil of nil.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
