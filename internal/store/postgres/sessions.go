package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/waystone-mmo/waystone/internal/store"
)

// GetSession implements store.Sessions.
func (s *Store) GetSession(ctx context.Context, token string, _ store.Consistency) (*store.Session, *store.User, error) {
	sess, u, _, err := s.ReadSession(ctx, token)
	return judged(sess, u, err, s.now())
}

// RefreshSession implements store.Sessions. If the role may not prolong
// sessions, the session is returned unchanged.
func (s *Store) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	if !s.web.mayRefresh {
		return s.GetSession(ctx, token, store.Fresh)
	}
	stored, ok := s.web.storedToken(token)
	if !ok {
		return nil, nil, store.ErrSessionNotFound
	}
	now := s.now()
	// Both statements go out at once and form one implicit transaction, so the
	// row is locked for no longer than the server takes: a lock held across a
	// round trip would stall the website's own reading of the session.
	var batch pgx.Batch
	batch.Queue(s.web.refreshSession, stored, now, now.Add(s.expiresIn), now.Add(s.expiresIn-s.updateAge))
	batch.Queue(s.web.getSession, stored)
	results := s.pool.SendBatch(ctx, &batch)
	_, err := results.Exec()
	if err != nil {
		_ = results.Close() // repeats err
		return nil, nil, translate(ctx, "refresh session", err)
	}
	sess, u, _, err := readSession(ctx, "refresh session", results.QueryRow())
	// The batch is committed only after its end was read.
	if closeErr := results.Close(); err == nil && closeErr != nil {
		return nil, nil, translate(ctx, "refresh session", closeErr)
	}
	return judged(sess, u, s.absent(ctx, err), now)
}

// RefreshSessions implements store.Sessions, in one statement. If the role may
// not prolong sessions, none is prolonged.
func (s *Store) RefreshSessions(ctx context.Context, ids []string) ([]string, error) {
	if err := store.CheckBatch("session_ids", len(ids)); err != nil || len(ids) == 0 || !s.web.mayRefresh {
		return nil, err
	}
	known := make([]string, 0, len(ids))
	for _, id := range ids {
		if s.web.sessionID.holds(id) {
			known = append(known, id)
		}
	}
	now := s.now()
	rows, err := s.pool.Query(ctx, s.web.refreshSessions, known, now, now.Add(s.expiresIn), now.Add(s.expiresIn-s.updateAge))
	if err != nil {
		return nil, translate(ctx, "refresh sessions", err)
	}
	refreshed, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, translate(ctx, "refresh sessions", err)
	}
	return refreshed, nil
}

// judged returns the session and user if they may be served at a time,
// otherwise the error of store.Judge.
func judged(sess *store.Session, u *store.User, err error, now time.Time) (*store.Session, *store.User, error) {
	if err == nil {
		err = store.Judge(sess, u, now)
	}
	if err != nil {
		return nil, nil, err
	}
	return sess, u, nil
}

// CheckSessions implements store.Sessions.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	if err := store.CheckBatch("subjects", len(subjects)); err != nil || len(subjects) == 0 {
		return nil, err
	}
	var sessionIDs, userIDs []string
	stamped := false
	for _, sub := range subjects {
		stamped = stamped || sub.Stamp != ""
		if sub.SessionID != "" && s.web.sessionID.holds(sub.SessionID) {
			sessionIDs = append(sessionIDs, sub.SessionID)
		}
		if s.web.userID.holds(sub.UserID) {
			userIDs = append(userIDs, sub.UserID)
		}
	}
	sessions := make(map[string]*store.Session, len(sessionIDs))
	users := make(map[string]*player, len(userIDs))
	var batch pgx.Batch
	batch.Queue(s.web.checkSessions, sessionIDs).Query(func(rows pgx.Rows) error {
		var id, userID string
		var expires pgtype.Timestamptz
		_, err := pgx.ForEachRow(rows, []any{&id, &userID, &expires}, func() error {
			sessions[id] = &store.Session{ID: id, UserID: userID, ExpiresAt: instantFrom(expires)}
			return nil
		})
		return err
	})
	query, read := s.web.checkUsers, readUsers
	if stamped {
		query, read = s.web.checkPlayers, readPlayers
	}
	batch.Queue(query, userIDs).Query(func(rows pgx.Rows) error { return read(rows, users) })
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, translate(ctx, "check sessions", err)
	}
	now, hidden := s.now(), !s.web.passwordsSeen.on()
	verdicts := make([]error, len(subjects))
	var absent error
	for i, sub := range subjects {
		p := users[sub.UserID]
		verdicts[i] = judge(sub, sessions[sub.SessionID], p, now)
		if verdicts[i] == nil && sub.Stamp != "" {
			verdicts[i] = sub.Stamp.Judge(p.passwords(hidden))
		}
		if isAbsence(verdicts[i]) {
			absent = verdicts[i]
		}
	}
	if absent != nil {
		if err := s.absent(ctx, absent); !isAbsence(err) {
			return nil, err
		}
	}
	return verdicts, nil
}

// judge returns one verdict, without the check of passwords; sess and p are nil if
// there is no row.
func judge(sub store.SessionSubject, sess *store.Session, p *player, now time.Time) error {
	if sub.SessionID != "" && (sess == nil || sess.UserID != sub.UserID) {
		return store.ErrSessionNotFound
	}
	if p == nil {
		return store.ErrUserNotFound
	}
	return store.Judge(sess, p.user, now)
}
