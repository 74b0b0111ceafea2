package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// SaveCharacters implements store.Characters. All saves share one transaction,
// because the commit is the expensive part. A refused group does not affect the
// others.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	if err := store.CheckSaves(saves); err != nil || len(saves) == 0 {
		return nil, err
	}
	members := make([][]int, len(saves)) // by the first save of the group
	for i, first := range store.SaveGroups(saves) {
		members[first] = append(members[first], i)
	}
	results := make([]store.SaveResult, len(saves))
	err := s.write(ctx, "save characters", func(t *tx) error {
		for _, indices := range members {
			group := make([]*store.CharacterSave, len(indices))
			for i, at := range indices {
				group[i] = &saves[at]
			}
			outcome, err := t.saveGroup(ctx, group)
			if err != nil {
				return err
			}
			for i, at := range indices {
				results[at] = outcome[i]
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// saveGroup checks saves and writes all of them if none is refused.
func (t *tx) saveGroup(ctx context.Context, group []*store.CharacterSave) ([]store.SaveResult, error) {
	have, claims, err := t.holdings(ctx, group)
	if err != nil {
		return nil, err
	}
	results := make([]store.SaveResult, len(group))
	fresh := make([]bool, len(group)) // to be written if all are
	all := true
	for i, sv := range group {
		stored, repeated, err := t.judge(ctx, sv)
		if err == nil && !repeated && !entitled(sv, have, claims) {
			err = store.ErrItemConflict
		}
		var refused *errs.Error
		switch {
		case errors.As(err, &refused):
			results[i].Err = err
		case err != nil:
			return nil, err
		case repeated: // only the answer was lost
			results[i].Version = stored
			if results[i].ItemIDs, err = t.storedIDs(ctx, sv); err != nil {
				return nil, err
			}
		default:
			fresh[i] = true
		}
		all = all && fresh[i]
	}
	if !all {
		for i := range group {
			if fresh[i] {
				results[i].Err = store.ErrGroupRefused
			}
		}
		return results, nil
	}
	for i, sv := range group {
		if err := t.writeState(ctx, sv); err != nil {
			return nil, err
		}
		results[i].Version = sv.Version + 1
	}
	ids, err := t.writeItems(ctx, group, have)
	for i := range ids {
		results[i].ItemIDs = ids[i]
	}
	return results, err
}

// judge returns the version that is stored and whether the save was the last
// one written. It returns an *errs.Error if the save is refused. It does not
// look at the items.
func (t *tx) judge(ctx context.Context, sv *store.CharacterSave) (stored int64, repeated bool, err error) {
	have, err := t.GetSaveState(ctx, uint32(sv.ID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, store.ErrCharacterNotFound
	case err != nil:
		return 0, false, err
	case have.LastSaveKey != nil && *have.LastSaveKey == sv.Key:
		return have.Version, true, nil
	case have.Generation != nil && sv.Generation < *have.Generation:
		return 0, false, store.ErrStaleGeneration
	case have.Version != sv.Version:
		return 0, false, store.ErrVersionConflict
	}
	return have.Version, false, nil
}

func (t *tx) writeState(ctx context.Context, sv *store.CharacterSave) error {
	st := &sv.State
	var hotbar []byte // as it is
	if sv.Hotbar != nil {
		hotbar = sv.Hotbar.Bytes()
	}
	return t.SaveCharacter(ctx, db.SaveCharacterParams{
		Zone: st.Position.Zone, X: st.Position.X, Y: st.Position.Y, ReviveZone: st.ReviveZone,
		Job: st.Job, Level: st.Level, Xp: st.XP, Hp: st.HP, Mp: st.MP,
		Strength: st.Stats.Strength, Dexterity: st.Stats.Dexterity, Intelligence: st.Stats.Intelligence,
		Concentration: st.Stats.Concentration, Charm: st.Stats.Charm, Sense: st.Stats.Sense,
		StatPoints: st.StatPoints, SkillPoints: st.SkillPoints, Stamina: st.Stamina, Money: st.Money,
		Hotbar: hotbar, LastSaveKey: &sv.Key, UpdatedAt: millis(t.now), ID: uint32(sv.ID),
	})
}
