package cached_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// rows is the store beneath: a few tables that tests write as the website
// would. It has the methods that are cached; calling another one panics.
type rows struct {
	store.Store

	mu         sync.Mutex
	users      map[string]store.User
	sessions   map[string]store.Session // by token
	characters map[store.CharacterID]store.Character
	now        func() time.Time
	closed     bool
	asked      store.Consistency // by the last GetUser
}

func newRows(now func() time.Time) *rows {
	return &rows{
		users: map[string]store.User{}, sessions: map[string]store.Session{},
		characters: map[store.CharacterID]store.Character{}, now: now,
	}
}

// edit changes rows behind the cache's back.
func (r *rows) edit(f func(r *rows)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r)
}

func (r *rows) user(is func(store.User) bool) (*store.User, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, store.ErrUnavailable
	}
	for _, u := range r.users {
		if is(u) {
			return &u, nil
		}
	}
	return nil, store.ErrUserNotFound
}

func (r *rows) GetUser(_ context.Context, id string, c store.Consistency) (*store.User, error) {
	r.edit(func(r *rows) { r.asked = c })
	return r.user(func(u store.User) bool { return u.ID == id })
}

func (r *rows) GetUserByUsername(_ context.Context, name string, _ store.Consistency) (*store.User, error) {
	return r.user(func(u store.User) bool { return u.Username == strings.ToLower(name) })
}

func (r *rows) GetUserByEmail(_ context.Context, email string, _ store.Consistency) (*store.User, error) {
	return r.user(func(u store.User) bool { return u.Email == strings.ToLower(email) })
}

func (r *rows) GetSession(_ context.Context, token string, _ store.Consistency) (*store.Session, *store.User, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.sessions[token]
	if !ok {
		return nil, nil, store.ErrSessionNotFound
	}
	u := r.users[s.UserID]
	if err := store.Judge(&s, &u, r.now()); err != nil {
		return nil, nil, err
	}
	return &s, &u, nil
}

func (r *rows) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	if _, _, err := r.GetSession(ctx, token, store.Fresh); err != nil {
		return nil, nil, err
	}
	r.edit(func(r *rows) {
		s := r.sessions[token]
		s.ExpiresAt = s.ExpiresAt.Add(time.Hour)
		r.sessions[token] = s
	})
	return r.GetSession(ctx, token, store.Fresh)
}

func (r *rows) CheckSessions(_ context.Context, subjects []store.SessionSubject) ([]error, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	verdicts := make([]error, len(subjects))
	for i, subject := range subjects {
		verdicts[i] = store.ErrSessionNotFound
		for _, s := range r.sessions {
			if s.ID == subject.SessionID {
				u := r.users[s.UserID]
				verdicts[i] = store.Judge(&s, &u, r.now())
			}
		}
	}
	return verdicts, nil
}

func (r *rows) GetCharacter(_ context.Context, id store.CharacterID, _ store.Consistency) (*store.Character, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.characters[id]
	if !ok {
		return nil, store.ErrCharacterNotFound
	}
	return &c, nil
}

func (r *rows) ListCharacters(_ context.Context, userID string, deleted bool, _ store.Consistency) ([]*store.Character, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []*store.Character{}
	for _, c := range r.characters {
		if c.UserID == userID && (deleted || c.DeleteAt.IsZero()) {
			list = append(list, &c)
		}
	}
	slices.SortFunc(list, func(a, b *store.Character) int { return int(a.Slot) - int(b.Slot) })
	return list, nil
}

func (r *rows) CreateCharacter(_ context.Context, n store.NewCharacter) (*store.Character, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := store.CharacterID(len(r.characters) + 1)
	c := store.Character{ID: id, UserID: n.UserID, Name: n.Name, Slot: uint8(id - 1), Version: 1, State: n.State}
	r.characters[id] = c
	return &c, nil
}

func (r *rows) mark(id store.CharacterID, at time.Time) (store.Character, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.characters[id]
	if !ok {
		return c, store.ErrCharacterNotFound
	}
	c.DeleteAt = at
	c.Version++
	r.characters[id] = c
	return c, nil
}

func (r *rows) DeleteCharacter(_ context.Context, id store.CharacterID, _ string) (time.Time, error) {
	c, err := r.mark(id, r.now().Add(store.DeletionGrace))
	return c.DeleteAt, err
}

func (r *rows) RestoreCharacter(_ context.Context, id store.CharacterID, _ string) (*store.Character, error) {
	c, err := r.mark(id, time.Time{})
	return &c, err
}

func (r *rows) SaveCharacters(_ context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	results := make([]store.SaveResult, len(saves))
	for i, save := range saves {
		c, ok := r.characters[save.ID]
		if !ok {
			results[i].Err = store.ErrCharacterNotFound
			continue
		}
		c.State, c.Version = save.State, c.Version+1
		r.characters[save.ID] = c
		results[i].Version = c.Version
	}
	return results, nil
}

func (r *rows) Ping(context.Context) error { return nil }

func (r *rows) Close() error {
	r.edit(func(r *rows) { r.closed = true })
	return nil
}
