package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/waystone-mmo/waystone/internal/store"
)

const sessionQuery = `SELECT s.id, s."userId", CAST(s."expiresAt" AS TEXT), CAST(s."createdAt" AS TEXT), CAST(s."updatedAt" AS TEXT),
	s."ipAddress", s."userAgent", s."impersonatedBy", ` + userColumns + `
	FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = ?`

// scanSession reads a row of sessionQuery: a session, dead or alive, and its
// user.
func scanSession(row *sql.Row) (*store.Session, *store.User, error) {
	var (
		s                                                                     store.Session
		expiresAt, createdAt, updatedAt, ipAddress, userAgent, impersonatedBy sql.NullString
		u                                                                     userRow
	)
	err := row.Scan(append([]any{
		&s.ID, &s.UserID, &expiresAt, &createdAt, &updatedAt, &ipAddress, &userAgent, &impersonatedBy,
	}, u.targets()...)...)
	if err != nil {
		return nil, nil, orNotFound(err, store.ErrSessionNotFound)
	}
	// An end that cannot be read is the zero time: the session is over.
	s.ExpiresAt, _ = parseWebsiteTime(expiresAt.String)
	s.CreatedAt, _ = parseWebsiteTime(createdAt.String)
	s.UpdatedAt, _ = parseWebsiteTime(updatedAt.String)
	s.IPAddress, s.UserAgent, s.ImpersonatedBy = ipAddress.String, userAgent.String, impersonatedBy.String
	return &s, u.user(), nil
}

// ReadSession implements store.Reader.
func (s *Store) ReadSession(ctx context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	sess, u, err := scanSession(s.session.QueryRowContext(ctx, token))
	if err != nil {
		return nil, nil, store.Snapshot{}, s.fail(ctx, "get session", err)
	}
	return sess, u, store.Snapshot{}, nil
}

// GetSession implements store.Sessions.
func (s *Store) GetSession(ctx context.Context, token string, _ store.Consistency) (*store.Session, *store.User, error) {
	sess, u, _, err := s.ReadSession(ctx, token)
	if err == nil {
		err = store.Judge(sess, u, s.now())
	}
	if err != nil {
		return nil, nil, err
	}
	return sess, u, nil
}

// RefreshSession implements store.Sessions.
func (s *Store) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	// Most refreshes are not due and do not take the write lock.
	sess, u, err := s.GetSession(ctx, token, store.Fresh)
	if err != nil || !s.refreshDue(sess) {
		return sess, u, err
	}
	err = s.write(ctx, "refresh session", func(t *tx) error {
		if sess, u, err = scanSession(t.sql.QueryRowContext(ctx, sessionQuery, token)); err != nil {
			return err
		}
		if err := store.Judge(sess, u, t.now); err != nil {
			return err
		}
		if !s.refreshDue(sess) {
			return nil
		}
		sess.ExpiresAt, sess.UpdatedAt = t.now.Add(s.cfg.SessionExpiresIn), t.now
		_, err := t.sql.ExecContext(ctx, `UPDATE session SET "expiresAt" = ?, "updatedAt" = ? WHERE id = ?`,
			websiteTime(sess.ExpiresAt), websiteTime(sess.UpdatedAt), sess.ID)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return sess, u, nil
}

// refreshDue is the website's rule: prolonged once no more than expiresIn
// minus updateAge is left.
func (s *Store) refreshDue(sess *store.Session) bool {
	return sess.ExpiresAt.Sub(s.now()) <= s.cfg.SessionExpiresIn-s.cfg.SessionUpdateAge
}

// checkQuery takes a JSON array of [session id, user id] and returns a row
// for each entry, in order, with NULL for what there is not. Without a session
// id the user is looked up by its own.
const checkQuery = `SELECT j.key, s.id IS NOT NULL, CAST(s."expiresAt" AS TEXT), s."userId",
	u.id IS NOT NULL, u.banned, CAST(u."banExpires" AS TEXT)
	FROM json_each(?) j
	LEFT JOIN session s ON s.id = json_extract(j.value, '$[0]')
	LEFT JOIN "user" u ON u.id = CASE json_extract(j.value, '$[0]') WHEN '' THEN json_extract(j.value, '$[1]') ELSE s."userId" END
	ORDER BY j.key`

// CheckSessions implements store.Sessions.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	if err := store.CheckBatch("subjects", len(subjects)); err != nil {
		return nil, err
	}
	pairs := make([][2]string, len(subjects))
	for i, sub := range subjects {
		if err := store.CheckUserID(sub.UserID); err != nil {
			return nil, err
		}
		pairs[i] = [2]string{sub.SessionID, sub.UserID}
	}
	list, err := json.Marshal(pairs)
	if err != nil {
		return nil, s.fail(ctx, "check sessions", err)
	}
	verdicts := make([]error, len(subjects))
	if err := s.checkSessions(ctx, string(list), subjects, verdicts); err != nil {
		return nil, s.fail(ctx, "check sessions", err)
	}
	return verdicts, nil
}

func (s *Store) checkSessions(ctx context.Context, list string, subjects []store.SessionSubject, verdicts []error) (err error) {
	rows, err := s.reads.QueryContext(ctx, checkQuery, list)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	now := s.now()
	for rows.Next() {
		var (
			i                             int
			hasSession, hasUser           bool
			expiresAt, userID, banExpires sql.NullString
			u                             store.User
			banned                        sql.NullBool
		)
		if err := rows.Scan(&i, &hasSession, &expiresAt, &userID, &hasUser, &banned, &banExpires); err != nil {
			return err
		}
		u.Banned = banned.Bool
		u.BanExpiresAt, _ = parseWebsiteTime(banExpires.String)
		var sess *store.Session
		if sub := subjects[i]; sub.SessionID != "" {
			if !hasSession || userID.String != sub.UserID {
				verdicts[i] = store.ErrSessionNotFound
				continue
			}
			sess = &store.Session{}
			sess.ExpiresAt, _ = parseWebsiteTime(expiresAt.String)
		}
		if !hasUser {
			verdicts[i] = store.ErrUserNotFound
			continue
		}
		verdicts[i] = store.Judge(sess, &u, now)
	}
	return rows.Err()
}
