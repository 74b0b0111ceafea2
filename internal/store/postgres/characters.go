package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// creationLock is the class of the advisory locks that let only one creation of
// a user run at a time. Two users whose ids have the same hash wait for each
// other too, which does no harm.
const creationLock int32 = 0x63686172

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
	if err := s.makeSkeletons(ctx); err != nil {
		return nil, err
	}
	there, _, err := s.person(ctx, n.UserID)
	if err != nil {
		return nil, err
	}
	var made *store.Character
	err = s.inTx(ctx, func(q *db.Queries) error {
		// Under the lock no other call creates a character for this user: so
		// the free slot stays free, and a repeated call finds what the first
		// one has created.
		if err := q.LockUser(ctx, creationLock, n.UserID); err != nil {
			return err
		}
		before, err := q.ListCharactersByCreateKey(ctx, n.UserID, n.Key)
		if err != nil {
			return err
		}
		if own := ownCharacters(before, there); len(own) > 0 { // made before
			made, err = loadItems(ctx, q, own[0])
			return err
		}
		slots, err := q.ListSlots(ctx, n.UserID)
		if err != nil {
			return err
		}
		var used []int16
		for _, sl := range slots {
			if store.Belongs(sl.UserCreatedAt, sl.CreatedAt, there) {
				used = append(used, sl.Slot)
			}
		}
		if len(used) >= store.MaxCharacters {
			return store.ErrCharacterLimit
		}
		// Asked first, so that a taken name uses no number of the sequence.
		// Between two new names the constraints decide. Existing names that
		// look alike are found only here.
		taken, err := q.NameTaken(ctx, store.NameKey(n.Name), store.NameSkeleton(n.Name))
		if err != nil {
			return err
		}
		if taken {
			return store.ErrNameTaken
		}
		row, err := q.InsertCharacter(ctx, insertParams(n, there, lowestFree(used), s.now()))
		if violates(err, nameUnique) || violates(err, skeletonUnique) {
			return store.ErrNameTaken
		}
		if err != nil {
			return err
		}
		if len(n.Items) == 0 {
			made = character(row, nil)
			return nil
		}
		if err := q.InsertItems(ctx, itemParams(row.ID, n.Items)); err != nil {
			return err
		}
		made, err = loadItems(ctx, q, row)
		return err
	})
	if err != nil {
		return nil, translate(ctx, "create character", err)
	}
	return made, nil
}

// loadItems adds the items to a character that is locked until the transaction
// ends.
func loadItems(ctx context.Context, q *db.Queries, row db.GameCharacter) (*store.Character, error) {
	items, err := q.ListItems(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	return withItems(row, items)
}

// lowestFree returns the lowest slot that is not among the used ones, which
// come in order.
func lowestFree(used []int16) int16 {
	var free int16
	for _, slot := range used {
		if slot == free {
			free++
		}
	}
	return free
}

// DeleteCharacter implements store.Characters.
func (s *Store) DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error) {
	var at time.Time
	_, err := s.mark(ctx, "delete character", id, userID, func(q *db.Queries, c db.GameCharacter, now time.Time) (*time.Time, error) {
		if c.DeleteAt != nil {
			return nil, store.ErrAlreadyDeleted
		}
		playing, err := q.CharacterInPlay(ctx, now, c.ID, userID)
		if err != nil {
			return nil, err
		}
		if playing {
			return nil, store.ErrCharacterInPlay
		}
		at = now.Add(store.DeletionGrace)
		return &at, nil
	})
	if err != nil {
		return time.Time{}, err
	}
	return at, nil
}

// RestoreCharacter implements store.Characters.
func (s *Store) RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	return s.mark(ctx, "restore character", id, userID, func(_ *db.Queries, c db.GameCharacter, now time.Time) (*time.Time, error) {
		switch {
		case c.DeleteAt == nil:
			return nil, store.ErrNotDeleted
		case !now.Before(*c.DeleteAt):
			return nil, store.ErrCharacterNotFound
		}
		return nil, nil
	})
}

// mark sets or clears the deletion of a user's character. decide gets the
// locked row and returns what to do.
func (s *Store) mark(ctx context.Context, op string, id store.CharacterID, userID string,
	decide func(q *db.Queries, c db.GameCharacter, now time.Time) (*time.Time, error),
) (*store.Character, error) {
	if !storable(userID) {
		return nil, store.ErrCharacterNotFound
	}
	there, _, err := s.person(ctx, userID)
	if err != nil {
		return nil, err
	}
	var marked *store.Character
	err = s.inTx(ctx, func(q *db.Queries) error {
		c, err := q.LockCharacter(ctx, int64(id), userID)
		if errors.Is(err, pgx.ErrNoRows) {
			return s.noRows(ctx, op, err, store.ErrCharacterNotFound)
		}
		if err != nil {
			return err
		}
		if !store.Belongs(c.UserCreatedAt, c.CreatedAt, there) {
			return store.ErrCharacterNotFound
		}
		now := s.now()
		deleteAt, err := decide(q, c, now)
		if err != nil {
			return err
		}
		row, err := q.MarkCharacter(ctx, deleteAt, now, c.ID)
		if err != nil {
			return err
		}
		marked, err = loadItems(ctx, q, row)
		return err
	})
	if err != nil {
		return nil, translate(ctx, op, err)
	}
	return marked, nil
}

// beginSQL starts a transaction in which the server waits at most two seconds
// for the next statement. Otherwise, if the client has vanished, its locks
// could stay for hours. The setting ends with the transaction, so it works with
// a pooler too.
const beginSQL = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '2s'"

// inTx runs f in one transaction.
func (s *Store) inTx(ctx context.Context, f func(q *db.Queries) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: beginSQL}, func(tx pgx.Tx) error { return f(s.q.WithTx(tx)) })
}
