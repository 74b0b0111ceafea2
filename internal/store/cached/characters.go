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
	ch, err := do(ctx, s, c, read[store.Character]{
		name: "character", key: characterKey(id),
		find: func(ctx context.Context) (store.Character, bool) { return s.findCharacter(ctx, id) },
		load: value(func(ctx context.Context, c store.Consistency) (*store.Character, error) {
			return s.inner.GetCharacter(ctx, id, c)
		}),
		entries: func(ch store.Character) []entry { return []entry{characterEntry(&ch)} },
	})
	if err != nil {
		return nil, err
	}
	return &ch, nil
}

// ListCharacters implements store.Characters. The whole list is cached, and
// marked characters are left out when it is read.
func (s *Store) ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	all, err := do(ctx, s, c, read[[]store.Character]{
		name: "character_list", key: listKey(userID),
		find: func(ctx context.Context) ([]store.Character, bool) { return s.findList(ctx, userID) },
		load: func(ctx context.Context, c store.Consistency) ([]store.Character, error) {
			return s.loadList(ctx, userID, c)
		},
		entries: func(l []store.Character) []entry { return listEntries(userID, l) },
	})
	if err != nil {
		return nil, err
	}
	out := make([]*store.Character, 0, len(all))
	for _, ch := range all { // a copy for each caller
		if includeDeleted || ch.DeleteAt.IsZero() {
			out = append(out, &ch)
		}
	}
	return out, nil
}

func (s *Store) loadList(ctx context.Context, userID string, c store.Consistency) ([]store.Character, error) {
	list, err := s.inner.ListCharacters(ctx, userID, true, c)
	if err != nil {
		return nil, err
	}
	out := make([]store.Character, 0, len(list))
	for _, ch := range list {
		out = append(out, *ch)
	}
	return out, nil
}

// findCharacter does not find a character whose deletion is final: the purge
// may have taken it.
func (s *Store) findCharacter(ctx context.Context, id store.CharacterID) (store.Character, bool) {
	ch, ok := find(ctx, s, characterKey(id), decodeCharacter)
	if !ok || ch.ID != id {
		return store.Character{}, false
	}
	return ch, ch.DeleteAt.IsZero() || ch.DeleteAt.After(s.cfg.Now())
}

// findList finds a list when every character in it is found and still the
// user's.
func (s *Store) findList(ctx context.Context, userID string) ([]store.Character, bool) {
	ids, ok := find(ctx, s, listKey(userID), decodeList)
	if !ok {
		return nil, false
	}
	list := make([]store.Character, 0, len(ids))
	for _, id := range ids {
		ch, ok := s.findCharacter(ctx, id)
		if !ok || ch.UserID != userID {
			return nil, false
		}
		list = append(list, ch)
	}
	slices.SortFunc(list, func(a, b store.Character) int { return cmp.Compare(a.Slot, b.Slot) })
	return list, true
}

func listEntries(userID string, list []store.Character) []entry {
	entries := make([]entry, 0, len(list)+1)
	ids := make([]store.CharacterID, 0, len(list))
	for i := range list {
		entries = append(entries, characterEntry(&list[i]))
		ids = append(ids, list[i].ID)
	}
	return append(entries, listEntry(listKey(userID), ids))
}

// The writes evict whatever the outcome: one that failed may have been written.

// CreateCharacter implements store.Characters.
func (s *Store) CreateCharacter(ctx context.Context, n store.NewCharacter) (*store.Character, error) {
	ch, err := s.inner.CreateCharacter(ctx, n)
	keys := []string{listKey(n.UserID)}
	if err == nil {
		keys = append(keys, characterKey(ch.ID))
	}
	s.evict(ctx, keys...)
	return ch, err
}

// DeleteCharacter implements store.Characters.
func (s *Store) DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error) {
	at, err := s.inner.DeleteCharacter(ctx, id, userID)
	s.evict(ctx, characterKey(id), listKey(userID))
	return at, err
}

// RestoreCharacter implements store.Characters.
func (s *Store) RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	ch, err := s.inner.RestoreCharacter(ctx, id, userID)
	s.evict(ctx, characterKey(id), listKey(userID))
	return ch, err
}

// SaveCharacters implements store.Characters.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	results, err := s.inner.SaveCharacters(ctx, saves)
	keys := make([]string, 0, len(saves))
	for i := range saves {
		keys = append(keys, characterKey(saves[i].ID))
	}
	s.evict(ctx, keys...)
	return results, err
}
