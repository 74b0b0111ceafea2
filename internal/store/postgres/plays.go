package postgres

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// BeginPlay implements store.Plays.
func (s *Store) BeginPlay(ctx context.Context, n store.NewPlay) (*store.Play, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	// Read before the record is written: if the password changes in between,
	// the stamp is the old one, and the play ends with its first check.
	kept, err := s.sitePassword(ctx, n.UserID)
	if err != nil {
		return nil, err
	}
	there, _, err := s.person(ctx, n.UserID)
	if err != nil {
		return nil, err
	}
	stamp := string(store.StampPasswords(cmp.Or(n.SitePassword, store.PasswordState(kept)), n.GamePassword))
	if n.GamePassword != "" && n.SitePassword == "" && kept != "" {
		if err := s.q.StampAccount(ctx, stamp, n.UserID, n.GamePassword); err != nil {
			return nil, translate(ctx, "stamp game password", err)
		}
	}
	id, now := store.NewID(), s.now()
	row, err := s.q.BeginPlay(ctx, db.BeginPlayParams{
		UserID: n.UserID, UserCreatedAt: *passing(there), Present: there != nil, PlayID: id, SessionID: n.SessionID, Digest: n.Digest[:], Address: n.Address,
		LeaseExpiresAt: now.Add(store.PlayLease), At: now, Overdue: now.Add(-store.PlayClosingLimit), PasswordStamp: stamp,
	})
	if errors.Is(err, pgx.ErrNoRows) && n.KeepEarlier {
		return nil, store.ErrPlayLives
	}
	if errors.Is(err, pgx.ErrNoRows) {
		// A record that has ended meanwhile is not marked. One that has begun
		// meanwhile is, because this sign-in is the newer one.
		if err := s.q.MarkClosing(ctx, now, n.UserID); err != nil {
			return nil, translate(ctx, "mark play as closing", err)
		}
		return nil, store.ErrPlayClosing
	}
	if err != nil {
		return nil, translate(ctx, "begin play", err)
	}
	return play(row), nil
}

// HandOverPlay implements store.Plays.
func (s *Store) HandOverPlay(ctx context.Context, h store.HandOver) (time.Time, error) {
	if err := h.Validate(); err != nil {
		return time.Time{}, err
	}
	if !storable(h.ID) {
		return time.Time{}, store.ErrPlayNotFound
	}
	now := s.now()
	token, stage, expires := int64(h.Token), int16(h.Stage), now.Add(store.HandOverLifetime)
	params := db.HandOverPlayParams{
		Token: &token, NextStage: &stage, TokenExpiresAt: &expires,
		PlayID: &h.ID, Generation: h.Generation, At: now,
	}
	if h.Stage == store.StageGame {
		id := int64(h.CharacterID)
		params.NextCharacterID = &id
	}
	rows, err := s.q.HandOverPlay(ctx, params)
	if violates(err, tokenUnique) {
		// The token of the other record may have expired unused.
		freed, freeErr := s.q.FreeToken(ctx, &token, now)
		if freeErr != nil {
			return time.Time{}, translate(ctx, "free token", freeErr)
		}
		if freed == 0 {
			return time.Time{}, store.ErrTokenTaken
		}
		rows, err = s.q.HandOverPlay(ctx, params)
	}
	switch {
	case violates(err, tokenUnique):
		return time.Time{}, store.ErrTokenTaken
	case err != nil:
		return time.Time{}, translate(ctx, "hand over play", err)
	case len(rows) == 0:
		return time.Time{}, s.noRows(ctx, "hand over play", pgx.ErrNoRows, store.ErrPlayNotFound)
	}
	if still, err := s.stillPlays(ctx, rows[0]); err != nil || !still {
		return time.Time{}, cmp.Or(err, error(store.ErrPlayNotFound))
	}
	return expires, nil
}

// AdmitPlay implements store.Plays.
func (s *Store) AdmitPlay(ctx context.Context, token uint32, digest store.Digest, stage store.Stage) (*store.Play, error) {
	now := s.now()
	tok, st := int64(token), int16(stage)
	row, err := s.q.AdmitPlay(ctx, db.AdmitPlayParams{
		LeaseExpiresAt: now.Add(store.PlayLease), Token: &tok, Digest: digest[:], Stage: &st, At: now,
	})
	if err != nil {
		return nil, s.noRows(ctx, "admit play", err, store.ErrJoinRefused)
	}
	if still, err := s.stillPlays(ctx, row); err != nil || !still {
		return nil, cmp.Or(err, error(store.ErrJoinRefused))
	}
	return play(row), nil
}

// RenewPlays implements store.Plays.
func (s *Store) RenewPlays(ctx context.Context, refs []store.PlayRef) ([]*store.Play, error) {
	if err := store.CheckBatch("plays", len(refs)); err != nil || len(refs) == 0 {
		return nil, err
	}
	ids := make([]string, 0, len(refs))
	generations := make([]int64, 0, len(refs))
	for _, ref := range refs {
		if storable(ref.ID) {
			ids = append(ids, ref.ID)
			generations = append(generations, ref.Generation)
		}
	}
	now := s.now()
	rows, err := s.q.RenewPlays(ctx, now.Add(store.PlayLease), ids, generations)
	if err != nil {
		return nil, translate(ctx, "renew plays", err)
	}
	if len(rows) < len(ids) {
		if err := s.absent(ctx, nil); err != nil {
			return nil, err
		}
	}
	alive := make(map[store.PlayRef]*store.Play, len(rows))
	users := make([]string, len(rows))
	for i, row := range rows {
		users[i] = row.UserID
	}
	there, err := s.persons(ctx, users)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if p := play(row); store.Belongs(row.UserCreatedAt, row.LeaseExpiresAt, there[p.UserID]) {
			alive[p.Ref()] = p
		}
	}
	plays := make([]*store.Play, len(refs))
	for i, ref := range refs {
		plays[i] = alive[ref]
	}
	return plays, nil
}

// EndedPlay implements store.Plays.
func (s *Store) EndedPlay(ctx context.Context, digest store.Digest, address string) (*store.Play, error) {
	if !storable(address) {
		return nil, store.ErrPlayNotFound
	}
	now := s.now()
	row, err := s.q.FindPlay(ctx, digest[:], address, now.Add(-store.PlayReuse))
	if err != nil {
		return nil, s.noRows(ctx, "find play", err, store.ErrPlayNotFound)
	}
	still, err := s.stillPlays(ctx, row)
	switch {
	case err != nil:
		return nil, err
	case !still:
		return nil, store.ErrPlayNotFound
	case row.PlayID != nil && !row.LeaseExpiresAt.Before(now):
		return nil, store.ErrPlayLives
	}
	return play(row), nil
}

// EndPlay implements store.Plays. The ended row stays, to keep the generation.
func (s *Store) EndPlay(ctx context.Context, ref store.PlayRef) error {
	if !storable(ref.ID) {
		return nil
	}
	return translate(ctx, "end play", s.q.EndPlay(ctx, &ref.ID, ref.Generation))
}
