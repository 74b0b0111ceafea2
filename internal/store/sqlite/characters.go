package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

func character(r db.GameCharacter) *store.Character {
	c := &store.Character{
		ID: store.CharacterID(r.ID), UserID: r.UserID, Name: r.Name, Slot: r.Slot,
		Appearance: store.Appearance{Gender: r.Gender, BirthStone: r.BirthStone, Hair: r.Hair, Face: r.Face},
		State: store.CharacterState{
			Position:   store.Position{Zone: r.Zone, X: r.X, Y: r.Y},
			ReviveZone: r.ReviveZone, Job: r.Job, Level: r.Level, XP: r.Xp, HP: r.Hp, MP: r.Mp,
			Stats: store.Stats{
				Strength: r.Strength, Dexterity: r.Dexterity, Intelligence: r.Intelligence,
				Concentration: r.Concentration, Charm: r.Charm, Sense: r.Sense,
			},
			StatPoints: r.StatPoints, SkillPoints: r.SkillPoints, Stamina: r.Stamina, Money: r.Money,
		},
		CreatedAt: fromMillis(r.CreatedAt), UpdatedAt: fromMillis(r.UpdatedAt), Version: r.Version,
	}
	if r.DeleteAt != nil {
		c.DeleteAt = fromMillis(*r.DeleteAt)
	}
	return c
}

// ReadCharacter implements store.Reader.
func (s *Store) ReadCharacter(ctx context.Context, id store.CharacterID) (*store.Character, store.Snapshot, error) {
	r, err := s.reading.GetCharacter(ctx, uint32(id))
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "get character", orNotFound(err, store.ErrCharacterNotFound))
	}
	return character(r), store.Snapshot{}, nil
}

// ReadCharacters implements store.Reader.
func (s *Store) ReadCharacters(ctx context.Context, userID string) ([]*store.Character, store.Snapshot, error) {
	rows, err := s.reading.ListCharacters(ctx, userID)
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "list characters", err)
	}
	list := make([]*store.Character, len(rows))
	for i, r := range rows {
		list[i] = character(r)
	}
	return list, store.Snapshot{}, nil
}

// GetCharacter implements store.Characters.
func (s *Store) GetCharacter(ctx context.Context, id store.CharacterID, _ store.Consistency) (*store.Character, error) {
	c, _, err := s.ReadCharacter(ctx, id)
	return c, err
}

// ListCharacters implements store.Characters.
func (s *Store) ListCharacters(ctx context.Context, userID string, includeDeleted bool, _ store.Consistency) ([]*store.Character, error) {
	list, _, err := s.ReadCharacters(ctx, userID)
	if !includeDeleted {
		list = slices.DeleteFunc(list, func(c *store.Character) bool { return !c.DeleteAt.IsZero() })
	}
	return list, err
}

// CreateCharacter implements store.Characters.
func (s *Store) CreateCharacter(ctx context.Context, n store.NewCharacter) (*store.Character, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	var made db.GameCharacter
	err := s.write(ctx, "create character", func(t *tx) (err error) {
		made, err = t.GetCharacterByCreateKey(ctx, db.GetCharacterByCreateKeyParams{UserID: n.UserID, CreateKey: n.Key})
		if !errors.Is(err, sql.ErrNoRows) {
			return err // made before, or the read failed
		}
		slot, err := t.freeSlot(ctx, n.UserID)
		if err != nil {
			return err
		}
		key := store.NameKey(n.Name)
		used, err := t.NameInUse(ctx, key)
		if err != nil {
			return err
		}
		if used > 0 {
			return store.ErrNameTaken
		}
		made, err = t.InsertCharacter(ctx, insertParams(n, key, slot, millis(t.now)))
		return err
	})
	if err != nil {
		return nil, err
	}
	return character(made), nil
}

// freeSlot returns the lowest slot that a user has free.
func (t *tx) freeSlot(ctx context.Context, userID string) (uint8, error) {
	used, err := t.ListSlots(ctx, userID)
	if err != nil {
		return 0, err
	}
	if len(used) >= store.MaxCharacters {
		return 0, store.ErrCharacterLimit
	}
	free := uint8(0)
	for _, slot := range used { // in order
		if slot == free {
			free++
		}
	}
	return free, nil
}

func insertParams(n store.NewCharacter, key string, slot uint8, now int64) db.InsertCharacterParams {
	a, st := n.Appearance, n.State
	return db.InsertCharacterParams{
		UserID: n.UserID, Name: n.Name, NameKey: key, Slot: slot,
		Gender: a.Gender, BirthStone: a.BirthStone, Hair: a.Hair, Face: a.Face,
		Zone: st.Position.Zone, X: st.Position.X, Y: st.Position.Y, ReviveZone: st.ReviveZone,
		Job: st.Job, Level: st.Level, Xp: st.XP, Hp: st.HP, Mp: st.MP,
		Strength: st.Stats.Strength, Dexterity: st.Stats.Dexterity, Intelligence: st.Stats.Intelligence,
		Concentration: st.Stats.Concentration, Charm: st.Stats.Charm, Sense: st.Stats.Sense,
		StatPoints: st.StatPoints, SkillPoints: st.SkillPoints, Stamina: st.Stamina, Money: st.Money,
		CreateKey: n.Key, CreatedAt: now, UpdatedAt: now,
	}
}

// DeleteCharacter implements store.Characters.
func (s *Store) DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error) {
	var at time.Time
	err := s.write(ctx, "delete character", func(t *tx) error {
		c, err := t.ownCharacter(ctx, id, userID)
		if err != nil {
			return err
		}
		if c.DeleteAt != nil {
			return store.ErrAlreadyDeleted
		}
		playing, err := t.InPlay(ctx, db.InPlayParams{UserID: userID, Now: millis(t.now), CharacterID: &c.ID})
		if err != nil {
			return err
		}
		if playing > 0 {
			return store.ErrCharacterInPlay
		}
		at = t.now.Add(store.DeletionGrace)
		ms := millis(at)
		_, err = t.SetDeleteAt(ctx, db.SetDeleteAtParams{DeleteAt: &ms, UpdatedAt: millis(t.now), ID: c.ID})
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	return at, nil
}

// RestoreCharacter implements store.Characters.
func (s *Store) RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	var restored db.GameCharacter
	err := s.write(ctx, "restore character", func(t *tx) error {
		c, err := t.ownCharacter(ctx, id, userID)
		if err != nil {
			return err
		}
		if c.DeleteAt == nil {
			return store.ErrNotDeleted
		}
		if *c.DeleteAt <= millis(t.now) {
			return store.ErrCharacterNotFound // final, and waiting for the purge
		}
		restored, err = t.SetDeleteAt(ctx, db.SetDeleteAtParams{UpdatedAt: millis(t.now), ID: c.ID})
		return err
	})
	if err != nil {
		return nil, err
	}
	return character(restored), nil
}

func (t *tx) ownCharacter(ctx context.Context, id store.CharacterID, userID string) (db.GameCharacter, error) {
	c, err := t.GetCharacterOf(ctx, db.GetCharacterOfParams{ID: uint32(id), UserID: userID})
	return c, orNotFound(err, store.ErrCharacterNotFound)
}

// PurgeCharacters implements store.Purger.
func (s *Store) PurgeCharacters(ctx context.Context, limit int) (int, error) {
	if limit < 1 {
		return 0, errs.Invalid("limit", "must be 1 or more")
	}
	var n int64
	err := s.write(ctx, "purge characters", func(t *tx) (err error) {
		now := millis(t.now)
		n, err = t.PurgeCharacters(ctx, db.PurgeCharactersParams{DeleteAt: &now, Limit: int64(limit)})
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}
