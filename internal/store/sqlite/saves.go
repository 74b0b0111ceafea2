package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

// SaveCharacters implements store.Characters. All saves share one
// transaction, because a commit is what costs; a refused save leaves the
// others alone.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	if err := store.CheckBatch("saves", len(saves)); err != nil {
		return nil, err
	}
	for i := range saves {
		if err := saves[i].Validate(); err != nil {
			return nil, err
		}
	}
	if len(saves) == 0 {
		return nil, nil
	}
	results := make([]store.SaveResult, len(saves))
	err := s.write(ctx, "save characters", func(t *tx) error {
		for i := range saves {
			version, err := t.save(ctx, &saves[i])
			var refused *errs.Error
			if err != nil && !errors.As(err, &refused) {
				return err
			}
			results[i] = store.SaveResult{Version: version, Err: err}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// save writes one state and returns the version that is stored now. An
// *errs.Error refuses this save alone.
func (t *tx) save(ctx context.Context, sv *store.CharacterSave) (int64, error) {
	have, err := t.GetSaveState(ctx, uint32(sv.ID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, store.ErrCharacterNotFound
	case err != nil:
		return 0, err
	case have.LastSaveKey != nil && *have.LastSaveKey == sv.Key:
		return have.Version, nil // written already; only the answer was lost
	case have.Generation != nil && sv.Generation < *have.Generation:
		return 0, store.ErrStaleGeneration
	case have.Version != sv.Version:
		return 0, store.ErrVersionConflict
	}
	st := &sv.State
	err = t.SaveCharacter(ctx, db.SaveCharacterParams{
		Zone: st.Position.Zone, X: st.Position.X, Y: st.Position.Y, ReviveZone: st.ReviveZone,
		Job: st.Job, Level: st.Level, Xp: st.XP, Hp: st.HP, Mp: st.MP,
		Strength: st.Stats.Strength, Dexterity: st.Stats.Dexterity, Intelligence: st.Stats.Intelligence,
		Concentration: st.Stats.Concentration, Charm: st.Stats.Charm, Sense: st.Stats.Sense,
		StatPoints: st.StatPoints, SkillPoints: st.SkillPoints, Stamina: st.Stamina, Money: st.Money,
		LastSaveKey: &sv.Key, UpdatedAt: millis(t.now), ID: uint32(sv.ID),
	})
	if err != nil {
		return 0, err
	}
	return have.Version + 1, nil
}
