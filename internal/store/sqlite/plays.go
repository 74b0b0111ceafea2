package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite/internal/db"
)

func play(r db.GamePlay) *store.Play {
	p := &store.Play{
		UserID: r.UserID, SessionID: r.SessionID, Generation: r.Generation, Stage: store.Stage(r.Stage),
		Address: r.Address, LeaseExpiresAt: fromMillis(r.LeaseExpiresAt),
	}
	if r.PlayID != nil {
		p.ID = *r.PlayID
	}
	if r.CharacterID != nil {
		p.CharacterID = store.CharacterID(*r.CharacterID)
	}
	p.Closing = r.ClosingGeneration != nil && *r.ClosingGeneration == r.Generation
	if r.PasswordStamp != nil && r.StampGeneration != nil && *r.StampGeneration == r.Generation {
		p.Stamp = store.PasswordStamp(*r.PasswordStamp)
	}
	return p
}

// BeginPlay implements store.Plays.
func (s *Store) BeginPlay(ctx context.Context, n store.NewPlay) (*store.Play, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	id := store.NewID()
	var begun db.GamePlay
	closing := false
	err := s.write(ctx, "begin play", func(t *tx) (err error) {
		now, overdue := millis(t.now), millis(t.now.Add(-store.PlayClosingLimit))
		there, err := t.person(ctx, n.UserID)
		if err != nil {
			return err
		}
		living, err := t.PlayLives(ctx, db.PlayLivesParams{UserID: n.UserID, Now: now, Overdue: &overdue})
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case belongs(living.UserCreatedAt, living.LeaseExpiresAt, there) && n.KeepEarlier:
			return store.ErrPlayLives
		case belongs(living.UserCreatedAt, living.LeaseExpiresAt, there):
			closing = true
			return t.MarkClosing(ctx, db.MarkClosingParams{Now: &now, UserID: n.UserID})
		}
		site, err := s.sitePassword(ctx, t, n.UserID)
		if err != nil {
			return err
		}
		stamp := string(store.StampPasswords(cmp.Or(n.SitePassword, site), n.GamePassword))
		if n.GamePassword != "" && n.SitePassword == "" && site != "" {
			if err := t.stampAccount(ctx, n, stamp); err != nil {
				return err
			}
		}
		begun, err = t.BeginPlay(ctx, db.BeginPlayParams{
			UserID: n.UserID, UserCreatedAt: passing(there), PlayID: &id, SessionID: n.SessionID, Digest: n.Digest[:], Address: n.Address,
			LeaseExpiresAt: millis(t.now.Add(store.PlayLease)), PasswordStamp: &stamp,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	if closing {
		return nil, store.ErrPlayClosing
	}
	return play(begun), nil
}

// HandOverPlay implements store.Plays.
func (s *Store) HandOverPlay(ctx context.Context, h store.HandOver) (time.Time, error) {
	if err := h.Validate(); err != nil {
		return time.Time{}, err
	}
	var at time.Time
	err := s.write(ctx, "hand over play", func(t *tx) error {
		p, err := t.GetPlay(ctx, db.GetPlayParams{PlayID: &h.ID, Generation: h.Generation, LeaseExpiresAt: millis(t.now)})
		if err != nil {
			return orNotFound(err, store.ErrPlayNotFound)
		}
		if still, err := t.stillPlays(ctx, p); err != nil || !still {
			return cmp.Or(err, error(store.ErrPlayNotFound))
		}
		if err := t.freeToken(ctx, h.Token, p.UserID); err != nil {
			return err
		}
		at = t.now.Add(store.HandOverLifetime)
		end, stage := millis(at), uint8(h.Stage)
		set := db.SetPassageParams{
			NextToken: &h.Token, NextStage: &stage, TokenExpiresAt: &end, UserID: p.UserID,
			LeaseExpiresAt: max(p.LeaseExpiresAt, end), // it lives at least as long as its token
		}
		if h.Stage == store.StageGame {
			id := uint32(h.CharacterID)
			set.NextCharacterID = &id
		}
		return t.SetPassage(ctx, set)
	})
	if err != nil {
		return time.Time{}, err
	}
	return at, nil
}

// freeToken removes a token from a record whose handover is over; ErrTokenTaken
// if the token of another user may still be used.
func (t *tx) freeToken(ctx context.Context, token uint32, userID string) error {
	holder, err := t.GetPlayByToken(ctx, &token)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case holder.UserID == userID:
		return nil // about to be replaced
	case holder.TokenExpiresAt != nil && *holder.TokenExpiresAt >= millis(t.now):
		return store.ErrTokenTaken
	}
	return t.DropPassage(ctx, holder.UserID)
}

// AdmitPlay implements store.Plays.
func (s *Store) AdmitPlay(ctx context.Context, token uint32, digest store.Digest, stage store.Stage) (*store.Play, error) {
	if stage != store.StageWorld && stage != store.StageGame {
		return nil, errs.Invalid("stage", "must be world or game")
	}
	var admitted db.GamePlay
	err := s.write(ctx, "admit play", func(t *tx) (err error) {
		now := millis(t.now)
		admitted, err = t.Admit(ctx, db.AdmitParams{
			Stage: uint8(stage), LeaseExpiresAt: millis(t.now.Add(store.PlayLease)), Token: &token, Digest: digest[:], Now: &now,
		})
		if err != nil {
			return orNotFound(err, store.ErrJoinRefused)
		}
		still, err := t.stillPlays(ctx, admitted)
		if err == nil && !still {
			err = store.ErrJoinRefused
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return play(admitted), nil
}

// RenewPlays implements store.Plays.
func (s *Store) RenewPlays(ctx context.Context, refs []store.PlayRef) ([]*store.Play, error) {
	if err := store.CheckBatch("plays", len(refs)); err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return nil, nil
	}
	plays := make([]*store.Play, len(refs))
	err := s.write(ctx, "renew plays", func(t *tx) error {
		rows := make([]*db.GamePlay, len(refs))
		var users []string
		for i, ref := range refs {
			r, err := t.RenewPlay(ctx, db.RenewPlayParams{
				PlayID: &ref.ID, Generation: ref.Generation, LeaseExpiresAt: millis(t.now.Add(store.PlayLease)),
			})
			switch {
			case err == nil:
				rows[i], users = &r, append(users, r.UserID)
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
		there, err := s.persons(ctx, t.sql, users)
		if err != nil {
			return err
		}
		for i, r := range rows {
			if r != nil && belongs(r.UserCreatedAt, r.LeaseExpiresAt, there[r.UserID]) {
				plays[i] = play(*r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return plays, nil
}

// EndedPlay implements store.Plays.
func (s *Store) EndedPlay(ctx context.Context, digest store.Digest, address string) (*store.Play, error) {
	now := s.now()
	r, err := s.reading.FindPlay(ctx, db.FindPlayParams{Digest: digest[:], Address: address, Since: millis(now.Add(-store.PlayReuse))})
	if err != nil {
		return nil, s.fail(ctx, "find play", orNotFound(err, store.ErrPlayNotFound))
	}
	there, err := s.person(ctx, s.reads, r.UserID)
	switch {
	case err != nil:
		return nil, s.fail(ctx, "find play", err)
	case !belongs(r.UserCreatedAt, r.LeaseExpiresAt, there):
		return nil, store.ErrPlayNotFound
	case r.PlayID != nil && r.LeaseExpiresAt >= millis(now):
		return nil, store.ErrPlayLives
	}
	return play(r), nil
}

// EndPlay implements store.Plays.
func (s *Store) EndPlay(ctx context.Context, ref store.PlayRef) error {
	return s.write(ctx, "end play", func(t *tx) error {
		return t.EndPlay(ctx, db.EndPlayParams{PlayID: &ref.ID, Generation: ref.Generation})
	})
}
