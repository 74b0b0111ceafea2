package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

func character(r db.GameCharacter, items store.Inventory) *store.Character {
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
		Items: items, Hotbar: store.ParseHotbar(r.Hotbar),
		CreatedAt: fromMillis(r.CreatedAt), UpdatedAt: fromMillis(r.UpdatedAt), Version: r.Version,
	}
	if r.DeleteAt != nil {
		c.DeleteAt = fromMillis(*r.DeleteAt)
	}
	return c
}

// withItems is a character whose items were selected with it.
func withItems(r db.GameCharacter, items string) (*store.Character, error) {
	inv, err := store.ParseInventory([]byte(items))
	if err != nil {
		return nil, err
	}
	return character(r, inv), nil
}

// ReadCharacter implements store.Reader.
func (s *Store) ReadCharacter(ctx context.Context, id store.CharacterID) (*store.Character, store.Snapshot, error) {
	r, err := s.reading.GetCharacter(ctx, uint32(id))
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "get character", orNotFound(err, store.ErrCharacterNotFound))
	}
	there, err := s.person(ctx, s.reads, r.GameCharacter.UserID)
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "get character", err)
	}
	if !belongs(r.GameCharacter.UserCreatedAt, r.GameCharacter.CreatedAt, there) {
		return nil, store.Snapshot{}, store.ErrCharacterNotFound
	}
	c, err := withItems(r.GameCharacter, r.Items)
	return c, store.Snapshot{}, s.fail(ctx, "get character", err)
}

// ReadCharacters implements store.Reader.
func (s *Store) ReadCharacters(ctx context.Context, userID string) ([]*store.Character, store.Snapshot, error) {
	there, err := s.person(ctx, s.reads, userID)
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "list characters", err)
	}
	rows, err := s.reading.ListCharacters(ctx, userID)
	if err != nil {
		return nil, store.Snapshot{}, s.fail(ctx, "list characters", err)
	}
	var list []*store.Character
	for _, r := range rows {
		if !belongs(r.GameCharacter.UserCreatedAt, r.GameCharacter.CreatedAt, there) {
			continue
		}
		c, err := withItems(r.GameCharacter, r.Items)
		if err != nil {
			return nil, store.Snapshot{}, s.fail(ctx, "list characters", err)
		}
		list = append(list, c)
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
	var (
		made  db.GameCharacter
		items store.Inventory
	)
	err := s.write(ctx, "create character", func(t *tx) (err error) {
		there, err := t.person(ctx, n.UserID)
		if err != nil {
			return err
		}
		before, err := t.ListCharactersByCreateKey(ctx, db.ListCharactersByCreateKeyParams{UserID: n.UserID, CreateKey: n.Key})
		if err != nil {
			return err
		}
		for _, made = range before {
			if belongs(made.UserCreatedAt, made.CreatedAt, there) { // made before
				items, err = t.items(ctx, made.ID)
				return err
			}
		}
		slot, err := t.freeSlot(ctx, n.UserID, there)
		if err != nil {
			return err
		}
		if err := t.makeSkeletons(ctx); err != nil {
			return err
		}
		key, skeleton := store.NameKey(n.Name), store.NameSkeleton(n.Name)
		used, err := t.NameInUse(ctx, db.NameInUseParams{NameKey: key, NameSkeleton: &skeleton})
		if err != nil {
			return err
		}
		if used > 0 {
			return store.ErrNameTaken
		}
		made, err = t.InsertCharacter(ctx, insertParams(n, there, key, skeleton, slot, millis(t.now)))
		if err != nil {
			return err
		}
		items, err = t.putNew(ctx, made.ID, n.Items)
		return err
	})
	if err != nil {
		return nil, err
	}
	return character(made, items), nil
}

// freeSlot returns the lowest slot that a person has free.
func (t *tx) freeSlot(ctx context.Context, userID string, there *time.Time) (uint8, error) {
	used, err := t.ListSlots(ctx, userID)
	if err != nil {
		return 0, err
	}
	own, free := 0, uint8(0)
	for _, r := range used { // in the order of slots
		if !belongs(r.UserCreatedAt, r.CreatedAt, there) {
			continue
		}
		own++
		if r.Slot == free {
			free++
		}
	}
	if own >= store.MaxCharacters {
		return 0, store.ErrCharacterLimit
	}
	return free, nil
}

func insertParams(n store.NewCharacter, there *time.Time, key, skeleton string, slot uint8, now int64) db.InsertCharacterParams {
	a, st := n.Appearance, n.State
	return db.InsertCharacterParams{
		UserID: n.UserID, UserCreatedAt: stored(there), Name: n.Name, NameKey: key, NameSkeleton: &skeleton, Slot: slot,
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
	var (
		restored db.GameCharacter
		items    store.Inventory
	)
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
		if restored, err = t.SetDeleteAt(ctx, db.SetDeleteAtParams{UpdatedAt: millis(t.now), ID: c.ID}); err != nil {
			return err
		}
		items, err = t.items(ctx, c.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return character(restored, items), nil
}

func (t *tx) ownCharacter(ctx context.Context, id store.CharacterID, userID string) (db.GameCharacter, error) {
	c, err := t.GetCharacterOf(ctx, db.GetCharacterOfParams{ID: uint32(id), UserID: userID})
	if err != nil {
		return c, orNotFound(err, store.ErrCharacterNotFound)
	}
	there, err := t.person(ctx, userID)
	if err == nil && !belongs(c.UserCreatedAt, c.CreatedAt, there) {
		err = store.ErrCharacterNotFound
	}
	return c, err
}
