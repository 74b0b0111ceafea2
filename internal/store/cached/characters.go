package cached

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetCharacter implements store.Characters.
func (s *Store) GetCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error) {
	key := characterKey(id)
	if to, ok := s.usable(ctx, c); ok {
		if ch, ok, err := s.findCharacter(ctx, to, key, id); ok {
			s.metrics.hits[wayCharacter].Inc()
			return copied(ch), err
		}
	}
	ch, err := do(ctx, s, c, read[*store.Character]{
		way: wayCharacter, key: key,
		find: func(ctx context.Context, to reach) (*store.Character, bool, error) {
			return s.findCharacter(ctx, to, key, id)
		},
		load: func(ctx context.Context) (*store.Character, store.Snapshot, error) {
			return s.inner.ReadCharacter(ctx, id)
		},
		entries: func(ch *store.Character) []entry { return []entry{characterEntry(ch)} },
		absent:  absentEntry(key, store.TableCharacter, store.ErrCharacterNotFound),
	})
	return copied(ch), err
}

// ListCharacters implements store.Characters. The whole list is kept, and
// marked characters are left out when it is read.
func (s *Store) ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	all, err := s.list(ctx, userID, c)
	if err != nil {
		return nil, err
	}
	out := make([]*store.Character, 0, len(all))
	for _, ch := range all {
		if includeDeleted || ch.DeleteAt.IsZero() {
			out = append(out, copied(ch))
		}
	}
	return out, nil
}

func (s *Store) list(ctx context.Context, userID string, c store.Consistency) ([]*store.Character, error) {
	if to, ok := s.usable(ctx, c); ok {
		if l, ok, err := s.findList(ctx, to, userID); ok {
			s.metrics.hits[wayList].Inc()
			return l, err
		}
	}
	return do(ctx, s, c, read[[]*store.Character]{
		way: wayList, key: listKey(userID),
		find: func(ctx context.Context, to reach) ([]*store.Character, bool, error) {
			return s.findList(ctx, to, userID)
		},
		load: func(ctx context.Context) ([]*store.Character, store.Snapshot, error) {
			return s.inner.ReadCharacters(ctx, userID)
		},
		entries: func(list []*store.Character) []entry {
			entries := make([]entry, 0, len(list)+1)
			for _, ch := range list {
				entries = append(entries, characterEntry(ch))
			}
			return append(entries, listEntry(userID, list))
		},
	})
}

func (s *Store) findCharacter(ctx context.Context, to reach, key string, id store.CharacterID) (*store.Character, bool, error) {
	r, _ := s.look(ctx, to, key, "")
	switch {
	case r == nil:
		return nil, false, nil
	case r.kind == kindAbsent:
		return nil, true, r.err
	}
	return r.character, s.alive(r, id), nil
}

// alive reports whether a record is a character's that the purge cannot have
// taken.
func (s *Store) alive(r *record, id store.CharacterID) bool {
	return r != nil && r.kind == kindCharacter && r.character.ID == id &&
		(r.character.DeleteAt.IsZero() || r.character.DeleteAt.After(s.cfg.Now()))
}

// findList finds a list when every character in it is found and still the
// user's.
func (s *Store) findList(ctx context.Context, to reach, userID string) ([]*store.Character, bool, error) {
	index := s.lookMany(ctx, to, []string{listKey(userID)})[0]
	if index == nil || index.kind != kindList {
		return nil, false, nil
	}
	keys := make([]string, len(index.list))
	for i, id := range index.list {
		keys[i] = characterKey(id)
	}
	list := make([]*store.Character, len(keys))
	for i, r := range s.lookMany(ctx, to, keys) {
		if !s.alive(r, index.list[i]) || r.character.UserID != userID {
			return nil, false, nil
		}
		list[i] = r.character
	}
	slices.SortFunc(list, func(a, b *store.Character) int { return cmp.Compare(a.Slot, b.Slot) })
	return list, true, nil
}

// The writes evict whatever the outcome: one that failed may have been written.

// CreateCharacter implements store.Characters.
func (s *Store) CreateCharacter(ctx context.Context, n store.NewCharacter) (*store.Character, error) {
	ch, err := s.inner.CreateCharacter(ctx, n)
	keys := []string{listKey(n.UserID)}
	if err == nil {
		keys = append(keys, characterKey(ch.ID))
	}
	s.evict(keys...)
	return ch, err
}

// DeleteCharacter implements store.Characters.
func (s *Store) DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error) {
	at, err := s.inner.DeleteCharacter(ctx, id, userID)
	s.evict(characterKey(id), listKey(userID))
	return at, err
}

// RestoreCharacter implements store.Characters.
func (s *Store) RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	ch, err := s.inner.RestoreCharacter(ctx, id, userID)
	s.evict(characterKey(id), listKey(userID))
	return ch, err
}

// SaveCharacters implements store.Characters.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	results, err := s.inner.SaveCharacters(ctx, saves)
	keys := make([]string, 0, len(saves))
	for i := range saves {
		keys = append(keys, characterKey(saves[i].ID))
	}
	s.evict(keys...)
	return results, err
}
