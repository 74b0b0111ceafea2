package cached

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, c store.Consistency) (*store.User, error) {
	r, err := s.user(ctx, id, c)
	return r.copyOfUser(), err
}

// user is GetUser for the record.
func (s *Store) user(ctx context.Context, id string, c store.Consistency) (*record, error) {
	key := userKey(id)
	if to, ok := s.usable(ctx, c); ok {
		if r, ok, err := s.findUser(ctx, to, key); ok {
			s.metrics.hits[wayUser].Inc()
			return r, err
		}
	}
	return do(ctx, s, c, read[*record]{
		way: wayUser, key: key,
		find: func(ctx context.Context, to reach) (*record, bool, error) { return s.findUser(ctx, to, key) },
		load: func(ctx context.Context) (*record, store.Snapshot, error) {
			return s.loadUser(ctx, store.ByID, id)
		},
		entries: func(r *record) []entry { return []entry{userEntry(r)} },
		absent:  store.ErrUserNotFound, table: store.TableUser,
	})
}

func (s *Store) loadUser(ctx context.Context, by store.UserKey, value string) (*record, store.Snapshot, error) {
	u, snapshot, err := s.inner.ReadUser(ctx, by, value)
	if err != nil {
		return nil, snapshot, err
	}
	return userRecord(u), snapshot, nil
}

// GetUserByUsername implements store.Users.
func (s *Store) GetUserByUsername(ctx context.Context, username string, c store.Consistency) (*store.User, error) {
	return s.byIndex(ctx, c, wayUsername, usernameKey(username), store.ByUsername, username,
		func(u *store.User) bool { return u.Username != "" && u.Username == username })
}

// GetUserByEmail implements store.Users.
func (s *Store) GetUserByEmail(ctx context.Context, email string, c store.Consistency) (*store.User, error) {
	return s.byIndex(ctx, c, wayEmail, emailKey(email), store.ByEmail, email,
		func(u *store.User) bool { return u.Email != "" && u.Email == email })
}

// byIndex reads a user through a key that holds an id. A record is an answer
// from the cache, and is kept under the key, only if it has exactly the name or
// address that was asked for: a user with exactly that name may come at any
// time.
func (s *Store) byIndex(ctx context.Context, c store.Consistency, way way, key string,
	by store.UserKey, value string, carries func(*store.User) bool,
) (*store.User, error) {
	if to, ok := s.usable(ctx, c); ok {
		if r, ok, err := s.findByIndex(ctx, to, key, carries); ok {
			s.metrics.hits[way].Inc()
			return r.copyOfUser(), err
		}
	}
	r, err := do(ctx, s, c, read[*record]{
		way: way, key: key,
		find: func(ctx context.Context, to reach) (*record, bool, error) {
			return s.findByIndex(ctx, to, key, carries)
		},
		load: func(ctx context.Context) (*record, store.Snapshot, error) { return s.loadUser(ctx, by, value) },
		entries: func(r *record) []entry {
			if !carries(r.user) {
				return []entry{userEntry(r)}
			}
			return []entry{userEntry(r), idEntry(key, r.user.ID)}
		},
		absent: store.ErrUserNotFound, table: store.TableUser,
	})
	return r.copyOfUser(), err
}

func (s *Store) findUser(ctx context.Context, to reach, key string) (*record, bool, error) {
	r, _ := s.look(ctx, to, key, "")
	switch {
	case r == nil:
		return nil, false, nil
	case r.kind == kindAbsent:
		return nil, true, r.err
	case r.kind != kindUser:
		return nil, false, nil
	}
	return r, true, nil
}

func (s *Store) findByIndex(ctx context.Context, to reach, key string, carries func(*store.User) bool) (*record, bool, error) {
	index, _ := s.look(ctx, to, key, "")
	switch {
	case index == nil:
		return nil, false, nil
	case index.kind == kindAbsent:
		return nil, true, index.err
	case index.kind != kindID:
		return nil, false, nil
	}
	r, ok, err := s.findUser(ctx, to, userKey(index.id))
	return r, ok && err == nil && carries(r.user), nil
}

// copyOfUser returns a copy for a caller, who may change it; nil of nil.
func (r *record) copyOfUser() *store.User {
	if r == nil {
		return nil
	}
	return copied(r.user)
}

// copied returns a copy.
func copied[T any](p *T) *T {
	v := *p
	return &v
}
