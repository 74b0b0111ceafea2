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
	r, err := s.character(ctx, id, c)
	if err != nil {
		return nil, err
	}
	return copied(r.character), nil
}

// character is GetCharacter for the record.
func (s *Store) character(ctx context.Context, id store.CharacterID, c store.Consistency) (*record, error) {
	key := characterKey(id)
	if to, ok := s.usable(ctx, c); ok {
		if r, ok, err := s.findCharacter(ctx, to, key); ok {
			s.metrics.hits[wayCharacter].Inc()
			return r, err
		}
	}
	return do(ctx, s, c, read[*record]{
		way: wayCharacter, key: key,
		find: func(ctx context.Context, to reach) (*record, bool, error) { return s.findCharacter(ctx, to, key) },
		load: func(ctx context.Context) (*record, store.Snapshot, error) {
			ch, snapshot, err := s.inner.ReadCharacter(ctx, id)
			if err != nil {
				return nil, snapshot, err
			}
			return characterRecord(ch), snapshot, nil
		},
		entries: func(r *record) []entry { return []entry{characterEntry(r)} },
		absent:  store.ErrCharacterNotFound, table: store.TableCharacter,
	})
}

// ListCharacters implements store.Characters. The whole list is kept, and
// marked characters are left out when it is read.
func (s *Store) ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	all, err := s.list(ctx, userID, c)
	if err != nil {
		return nil, err
	}
	out := make([]*store.Character, 0, len(all))
	for _, r := range all {
		if includeDeleted || r.character.DeleteAt.IsZero() {
			out = append(out, copied(r.character))
		}
	}
	return out, nil
}

func (s *Store) list(ctx context.Context, userID string, c store.Consistency) ([]*record, error) {
	if to, ok := s.usable(ctx, c); ok {
		if l, ok, err := s.findList(ctx, to, userID); ok {
			s.metrics.hits[wayList].Inc()
			return l, err
		}
	}
	return do(ctx, s, c, read[[]*record]{
		way: wayList, key: listKey(userID),
		find: func(ctx context.Context, to reach) ([]*record, bool, error) {
			return s.findList(ctx, to, userID)
		},
		load: func(ctx context.Context) ([]*record, store.Snapshot, error) {
			list, snapshot, err := s.inner.ReadCharacters(ctx, userID)
			records := make([]*record, len(list))
			for i, ch := range list {
				records[i] = characterRecord(ch)
			}
			return records, snapshot, err
		},
		entries: func(list []*record) []entry {
			entries := make([]entry, 0, len(list)+1)
			for _, r := range list {
				entries = append(entries, characterEntry(r))
			}
			return append(entries, listEntry(userID, list))
		},
	})
}

func (s *Store) findCharacter(ctx context.Context, to reach, key string) (*record, bool, error) {
	r, _ := s.look(ctx, to, key, "")
	switch {
	case r == nil:
		return nil, false, nil
	case r.kind == kindAbsent:
		return nil, true, r.err
	}
	return r, s.stands(r), nil
}

// stands reports whether a record is of a character that the purge cannot have
// removed, and whose user has not changed since it was read: another person may
// have the id of the owner now.
func (s *Store) stands(r *record) bool {
	return r != nil && r.kind == kindCharacter && r.begun >= r.changed.Load() &&
		(r.until == 0 || s.cfg.Now().UnixMicro() < r.until)
}

// seesOwner reports whether a record of a character is as new as the last known
// change of the character's user. It notes in the record where later changes of
// the user will be found. For other records it returns true.
func (s *Store) seesOwner(rules *rules, r *record, own bool) bool {
	if r.kind != kindCharacter {
		return true
	}
	r.changed = s.guard.owner(r.character.UserID)
	return s.guard.sees(rules, s.guard.hash(userKey(r.character.UserID)), r.snapshot, own)
}

// findList finds a list if every character in it is found and still belongs to
// the user.
func (s *Store) findList(ctx context.Context, to reach, userID string) ([]*record, bool, error) {
	index := s.lookMany(ctx, to, []string{listKey(userID)})[0]
	if index == nil || index.kind != kindList {
		return nil, false, nil
	}
	keys := make([]string, len(index.list))
	for i, id := range index.list {
		keys[i] = characterKey(id)
	}
	list := s.lookMany(ctx, to, keys)
	for _, r := range list {
		if !s.stands(r) || r.character.UserID != userID {
			return nil, false, nil
		}
	}
	slices.SortFunc(list, func(a, b *record) int { return cmp.Compare(a.character.Slot, b.character.Slot) })
	return list, true, nil
}

// The writes evict with any outcome: a write that failed may have been made.

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
