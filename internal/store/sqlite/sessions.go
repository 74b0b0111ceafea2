package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/waystone-mmo/waystone/internal/store"
)

// scanSession reads a row of website.getSession: a session, dead or alive, and
// its user. numeric says that the row stores its expiry as a number.
func (s *Store) scanSession(row *sql.Row) (sess *store.Session, u *store.User, numeric bool, err error) {
	var (
		r                                                                     store.Session
		expiresAt, createdAt, updatedAt, ipAddress, userAgent, impersonatedBy sql.NullString
		user                                                                  userRow
	)
	err = row.Scan(append([]any{
		&r.ID, &r.UserID, &expiresAt, &createdAt, &updatedAt, &ipAddress, &userAgent, &impersonatedBy,
	}, user.targets()...)...)
	if err != nil {
		return nil, nil, false, orNotFound(err, store.ErrSessionNotFound)
	}
	// An end that cannot be read is the zero time: the session is over.
	r.ExpiresAt, _ = parseWebsiteTime(expiresAt.String, s.zone)
	r.CreatedAt, _ = parseWebsiteTime(createdAt.String, s.zone)
	r.UpdatedAt, _ = parseWebsiteTime(updatedAt.String, s.zone)
	r.IPAddress, r.UserAgent, r.ImpersonatedBy = ipAddress.String, userAgent.String, impersonatedBy.String
	_, numeric = parseMillis(expiresAt.String)
	return &r, user.user(s.zone), numeric, nil
}

// ReadSession implements store.Reader.
func (s *Store) ReadSession(ctx context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	sess, u, _, err := s.scanSession(s.session.QueryRowContext(ctx, s.cfg.TokenForm.Stored(token)))
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
		var numeric bool
		if sess, u, numeric, err = s.scanSession(t.sql.QueryRowContext(ctx, s.web.getSession, s.cfg.TokenForm.Stored(token))); err != nil {
			return err
		}
		if err := store.Judge(sess, u, t.now); err != nil {
			return err
		}
		if !s.refreshDue(sess) {
			return nil
		}
		sess.ExpiresAt, sess.UpdatedAt = t.now.Add(s.cfg.SessionExpiresIn), t.now
		_, err := t.sql.ExecContext(ctx, s.web.refreshSession, sess.ID, timeFor(sess.ExpiresAt, numeric), timeFor(sess.UpdatedAt, numeric))
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
	rows, err := s.reads.QueryContext(ctx, s.web.checkSessions, list)
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
			i                                                 int
			sessionID, expiresAt, ownerID, userID, banExpires sql.NullString
			u                                                 store.User
			banned                                            sql.NullBool
		)
		if err := rows.Scan(&i, &sessionID, &expiresAt, &ownerID, &userID, &banned, &banExpires); err != nil {
			return err
		}
		u.Banned = banned.Bool
		u.BanExpiresAt, _ = parseWebsiteTime(banExpires.String, s.zone)
		var sess *store.Session
		sub := subjects[i]
		if sub.SessionID != "" {
			// Where ids are numbers, SQLite takes "007" for 7.
			if sessionID.String != sub.SessionID || ownerID.String != sub.UserID {
				verdicts[i] = store.ErrSessionNotFound
				continue
			}
			sess = &store.Session{}
			sess.ExpiresAt, _ = parseWebsiteTime(expiresAt.String, s.zone)
		}
		if !userID.Valid || userID.String != sub.UserID {
			verdicts[i] = store.ErrUserNotFound
			continue
		}
		verdicts[i] = store.Judge(sess, &u, now)
	}
	return rows.Err()
}
