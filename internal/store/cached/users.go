package cached

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, c store.Consistency) (*store.User, error) {
	return s.user(ctx, c, read[store.User]{
		name: "user", key: userKey(id),
		find: func(ctx context.Context) (store.User, bool) { return s.findUser(ctx, id) },
		load: value(func(ctx context.Context, c store.Consistency) (*store.User, error) {
			return s.inner.GetUser(ctx, id, c)
		}),
		entries: func(u store.User) []entry { return []entry{userEntry(&u)} },
	})
}

// GetUserByUsername implements store.Users.
func (s *Store) GetUserByUsername(ctx context.Context, username string, c store.Consistency) (*store.User, error) {
	return s.user(ctx, c, s.byIndex("user_by_username", usernameKey(username),
		func(u *store.User) bool { return u.Username != "" && u.Username == fold(username) },
		func(ctx context.Context, c store.Consistency) (*store.User, error) {
			return s.inner.GetUserByUsername(ctx, username, c)
		}))
}

// GetUserByEmail implements store.Users.
func (s *Store) GetUserByEmail(ctx context.Context, email string, c store.Consistency) (*store.User, error) {
	return s.user(ctx, c, s.byIndex("user_by_email", emailKey(email),
		func(u *store.User) bool { return u.Email != "" && u.Email == fold(email) },
		func(ctx context.Context, c store.Consistency) (*store.User, error) {
			return s.inner.GetUserByEmail(ctx, email, c)
		}))
}

// byIndex reads a user through a key that holds an id. A record that no longer
// carries what was asked for is no answer.
func (s *Store) byIndex(name, key string, carries func(*store.User) bool,
	load func(context.Context, store.Consistency) (*store.User, error),
) read[store.User] {
	return read[store.User]{
		name: name, key: key,
		find: func(ctx context.Context) (store.User, bool) {
			id, ok := s.findID(ctx, key)
			if !ok {
				return store.User{}, false
			}
			u, ok := s.findUser(ctx, id)
			return u, ok && carries(&u)
		},
		load:    value(load),
		entries: func(u store.User) []entry { return []entry{userEntry(&u), idEntry(key, u.ID)} },
	}
}

func (s *Store) user(ctx context.Context, c store.Consistency, r read[store.User]) (*store.User, error) {
	u, err := do(ctx, s, c, r)
	if err != nil {
		return nil, err
	}
	return &u, nil
}

func (s *Store) findUser(ctx context.Context, id string) (store.User, bool) {
	u, ok := find(ctx, s, userKey(id), decodeUser)
	return u, ok && u.ID == id
}

func (s *Store) findID(ctx context.Context, key string) (string, bool) {
	return find(ctx, s, key, decodeID)
}

// find decodes what is cached under a key. Another layout, another kind of
// value or garbage is as good as nothing.
func find[T any](ctx context.Context, s *Store, key string, decode func([]byte) (T, bool)) (v T, ok bool) {
	b, ok := s.get(ctx, key)
	if !ok {
		return v, false
	}
	if v, ok = decode(b); !ok {
		s.metrics.errors.WithLabelValues("decode").Inc()
	}
	return v, ok
}

// value turns a load of *T into one of T.
func value[T any](load func(context.Context, store.Consistency) (*T, error)) func(context.Context, store.Consistency) (T, error) {
	return func(ctx context.Context, c store.Consistency) (v T, err error) {
		p, err := load(ctx, c)
		if err != nil {
			return v, err
		}
		return *p, nil
	}
}
