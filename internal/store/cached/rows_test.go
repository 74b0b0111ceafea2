package cached_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// rows is the engine beneath: a few tables that tests write as the website
// would, with transactions that may take their time to become visible. It has
// the methods that are cached; calling another one panics.
type rows struct {
	store.Engine

	mu         sync.Mutex
	users      map[string]store.User
	sessions   map[string]store.Session // by token
	characters map[store.CharacterID]store.Character
	now        func() time.Time
	closed     bool
	plain      bool              // reads carry no snapshot, as on SQLite
	next       uint64            // transaction id
	underWay   []uint64          // begun and not visible
	pending    map[uint64]func() // what becomes visible with them
}

func newRows(now func() time.Time) *rows {
	return &rows{
		users: map[string]store.User{}, sessions: map[string]store.Session{},
		characters: map[store.CharacterID]store.Character{}, now: now,
		next: 100, pending: map[uint64]func(){},
	}
}

// edit commits a transaction and returns its id.
func (r *rows) edit(f func(r *rows)) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r)
	r.next++
	return r.next - 1
}

// begin is an edit that becomes visible with show.
func (r *rows) begin(f func(r *rows)) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	xid := r.next
	r.next++
	r.underWay = append(r.underWay, xid)
	r.pending[xid] = func() { f(r) }
	return xid
}

func (r *rows) show(xid uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[xid]()
	delete(r.pending, xid)
	r.underWay = slices.DeleteFunc(r.underWay, func(x uint64) bool { return x == xid })
}

// snapshot is what a statement would see now.
func (r *rows) snapshot() store.Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen()
}

func (r *rows) seen() store.Snapshot {
	if r.plain {
		return store.Snapshot{}
	}
	s := store.Snapshot{Xmin: r.next, Xmax: r.next, Xip: slices.Clone(r.underWay)}
	if len(s.Xip) > 0 {
		s.Xmin = s.Xip[0]
	}
	return s
}

func (r *rows) ReadUser(_ context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, store.Snapshot{}, store.ErrUnavailable
	}
	var alike *store.User
	for _, u := range r.users {
		name := map[store.UserKey]string{store.ByID: u.ID, store.ByUsername: u.Username, store.ByEmail: u.Email}[by]
		switch {
		case name == value:
			return &u, r.seen(), nil
		case by != store.ByID && strings.EqualFold(name, value):
			alike = &u
		}
	}
	if alike == nil {
		return nil, r.seen(), store.ErrUserNotFound
	}
	return alike, r.seen(), nil
}

func (r *rows) ReadSession(_ context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.sessions[token]
	u, there := r.users[s.UserID]
	if !ok || !there {
		return nil, nil, r.seen(), store.ErrSessionNotFound
	}
	return &s, &u, r.seen(), nil
}

func (r *rows) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	r.edit(func(r *rows) {
		if s, ok := r.sessions[token]; ok {
			s.ExpiresAt = s.ExpiresAt.Add(time.Hour)
			r.sessions[token] = s
		}
	})
	s, u, _, err := r.ReadSession(ctx, token)
	return s, u, err
}

func (r *rows) RefreshSessions(_ context.Context, ids []string) ([]string, error) {
	r.edit(func(r *rows) {
		for token, s := range r.sessions {
			if slices.Contains(ids, s.ID) {
				s.ExpiresAt = s.ExpiresAt.Add(time.Hour)
				r.sessions[token] = s
			}
		}
	})
	return ids, nil
}

func (r *rows) CreateSession(ctx context.Context, n store.NewSession) (*store.Session, *store.User, error) {
	r.edit(func(r *rows) {
		r.sessions[n.Token] = store.Session{ID: "of " + n.Token, UserID: n.UserID, ExpiresAt: r.now().Add(n.Lifetime)}
	})
	s, u, _, err := r.ReadSession(ctx, n.Token)
	return s, u, err
}

func (r *rows) RevokeSession(_ context.Context, token string) error {
	r.edit(func(r *rows) { delete(r.sessions, token) })
	return nil
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

func (r *rows) ReadCharacter(_ context.Context, id store.CharacterID) (*store.Character, store.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.characters[id]
	if !ok {
		return nil, r.seen(), store.ErrCharacterNotFound
	}
	return &c, r.seen(), nil
}

func (r *rows) ReadCharacters(_ context.Context, userID string) ([]*store.Character, store.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []*store.Character{}
	for _, c := range r.characters {
		if c.UserID == userID {
			list = append(list, &c)
		}
	}
	slices.SortFunc(list, func(a, b *store.Character) int { return int(a.Slot) - int(b.Slot) })
	return list, r.seen(), nil
}

func (r *rows) CreateCharacter(_ context.Context, n store.NewCharacter) (*store.Character, error) {
	var c store.Character
	r.edit(func(r *rows) {
		id := store.CharacterID(len(r.characters) + 1)
		c = store.Character{ID: id, UserID: n.UserID, Name: n.Name, Slot: uint8(id - 1), Version: 1, State: n.State}
		r.characters[id] = c
	})
	return &c, nil
}

func (r *rows) mark(id store.CharacterID, at time.Time) (c store.Character, err error) {
	r.edit(func(r *rows) {
		var ok bool
		if c, ok = r.characters[id]; !ok {
			err = store.ErrCharacterNotFound
			return
		}
		c.DeleteAt = at
		c.Version++
		r.characters[id] = c
	})
	return c, err
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
	results := make([]store.SaveResult, len(saves))
	r.edit(func(r *rows) {
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
	})
	return results, nil
}

func (r *rows) Ping(context.Context) error { return nil }

func (r *rows) Close() error {
	r.edit(func(r *rows) { r.closed = true })
	return nil
}
