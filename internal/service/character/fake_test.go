package character_test

import (
	"context"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// fakeStore keeps characters in slices. It does what the contract says of the
// calls that the character part makes, and can be made to fail.
type fakeStore struct {
	mu     sync.Mutex
	now    time.Time
	down   error
	stale  int // reads that were not asked to be fresh
	inPlay store.CharacterID
	all    []*store.Character
	keys   map[string]*store.Character // by user and key
}

func newFake() *fakeStore {
	return &fakeStore{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), keys: map[string]*store.Character{}}
}

// open locks the store, notes a read that may be stale, and reports whether
// the store is down. The caller unlocks.
func (f *fakeStore) open(c store.Consistency) error {
	f.mu.Lock()
	if c != store.Fresh {
		f.stale++
	}
	return f.down
}

func (f *fakeStore) find(id store.CharacterID, userID string) *store.Character {
	for _, c := range f.all {
		if c.ID == id && (userID == "" || c.UserID == userID) {
			return c
		}
	}
	return nil
}

func (f *fakeStore) GetCharacter(_ context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error) {
	defer f.mu.Unlock()
	if err := f.open(c); err != nil {
		return nil, err
	}
	if found := f.find(id, ""); found != nil {
		return found, nil
	}
	return nil, store.ErrCharacterNotFound
}

func (f *fakeStore) ListCharacters(_ context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	defer f.mu.Unlock()
	if err := f.open(c); err != nil {
		return nil, err
	}
	var list []*store.Character
	for _, c := range f.all {
		if c.UserID == userID && (includeDeleted || c.DeleteAt.IsZero()) {
			list = append(list, c)
		}
	}
	return list, nil
}

func (f *fakeStore) CreateCharacter(_ context.Context, n store.NewCharacter) (*store.Character, error) {
	defer f.mu.Unlock()
	if err := f.open(store.Fresh); err != nil {
		return nil, err
	}
	if err := n.Validate(); err != nil {
		return nil, err
	}
	key := n.UserID + "/" + n.Key
	if c := f.keys[key]; c != nil {
		return c, nil
	}
	slot := 0
	for _, c := range f.all {
		if store.NameSkeleton(c.Name) == store.NameSkeleton(n.Name) {
			return nil, store.ErrNameTaken
		}
		if c.UserID == n.UserID {
			slot++
		}
	}
	if slot == store.MaxCharacters {
		return nil, store.ErrCharacterLimit
	}
	c := &store.Character{
		ID: store.CharacterID(len(f.all) + 1), UserID: n.UserID, Name: n.Name, Slot: uint8(slot),
		Appearance: n.Appearance, State: n.State, Items: n.Items, CreatedAt: f.now, UpdatedAt: f.now, Version: 1,
	}
	f.all = append(f.all, c)
	f.keys[key] = c
	return c, nil
}

func (f *fakeStore) DeleteCharacter(_ context.Context, id store.CharacterID, userID string) (time.Time, error) {
	defer f.mu.Unlock()
	if err := f.open(store.Fresh); err != nil {
		return time.Time{}, err
	}
	c := f.find(id, userID)
	switch {
	case c == nil:
		return time.Time{}, store.ErrCharacterNotFound
	case !c.DeleteAt.IsZero():
		return time.Time{}, store.ErrAlreadyDeleted
	case f.inPlay == id:
		return time.Time{}, store.ErrCharacterInPlay
	}
	c.DeleteAt = f.now.Add(store.DeletionGrace)
	return c.DeleteAt, nil
}

func (f *fakeStore) RestoreCharacter(_ context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	defer f.mu.Unlock()
	if err := f.open(store.Fresh); err != nil {
		return nil, err
	}
	c := f.find(id, userID)
	switch {
	case c == nil:
		return nil, store.ErrCharacterNotFound
	case c.DeleteAt.IsZero():
		return nil, store.ErrNotDeleted
	}
	c.DeleteAt = time.Time{}
	return c, nil
}
