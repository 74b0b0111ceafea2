package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

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

// RefreshSessions implements store.Sessions.
func (s *Store) RefreshSessions(ctx context.Context, ids []string) ([]string, error) {
	if err := store.CheckBatch("session_ids", len(ids)); err != nil || len(ids) == 0 {
		return nil, err
	}
	// Most refreshes are not due and do not take the write lock.
	due, err := s.due(ctx, s.reads, ids, s.now())
	if err != nil {
		return nil, s.fail(ctx, "refresh sessions", err)
	}
	if len(due) == 0 {
		return nil, nil
	}
	var refreshed []string
	err = s.write(ctx, "refresh sessions", func(t *tx) error {
		refreshed = nil
		found := make([]string, len(due))
		for i, r := range due {
			found[i] = r.session.ID
		}
		due, err := s.due(ctx, t.sql, found, t.now)
		if err != nil {
			return err
		}
		for _, r := range due {
			_, err := t.sql.ExecContext(ctx, s.web.refreshSession, r.session.ID,
				timeFor(t.now.Add(s.cfg.SessionExpiresIn), r.numeric), timeFor(t.now, r.numeric))
			if err != nil {
				return err
			}
			refreshed = append(refreshed, r.session.ID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return refreshed, nil
}

// due returns those of the sessions that are alive and have to be prolonged,
// each once.
func (s *Store) due(ctx context.Context, q querier, ids []string, now time.Time) (due []checkRow, err error) {
	pairs := make([][2]string, 0, len(ids))
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if id != "" && !seen[id] {
			seen[id] = true
			pairs = append(pairs, [2]string{id, ""})
		}
	}
	err = s.check(ctx, q, s.web.checkSessions, pairs, func(i int, r checkRow) {
		sub := store.SessionSubject{SessionID: pairs[i][0], UserID: r.session.UserID}
		if r.judge(sub, now) == nil && s.refreshDue(&r.session) {
			due = append(due, r)
		}
	})
	return due, err
}

// CheckSessions implements store.Sessions.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	if err := store.CheckBatch("subjects", len(subjects)); err != nil {
		return nil, err
	}
	pairs := make([][2]string, len(subjects))
	query := s.web.checkSessions
	for i, sub := range subjects {
		if err := store.CheckUserID(sub.UserID); err != nil {
			return nil, err
		}
		pairs[i] = [2]string{sub.SessionID, sub.UserID}
		if sub.Stamp != "" {
			query = s.web.checkPlayers
		}
	}
	verdicts := make([]error, len(subjects))
	now := s.now()
	err := s.check(ctx, s.reads, query, pairs, func(i int, r checkRow) {
		verdicts[i] = r.judge(subjects[i], now)
	})
	if err != nil {
		return nil, s.fail(ctx, "check sessions", err)
	}
	return verdicts, nil
}

// checkRow is the result for one pair of ids.
type checkRow struct {
	session   store.Session // the id is empty where there is none
	numeric   bool          // its expiry is stored as a number
	user      store.User    // the id is empty where there is none
	passwords store.Passwords
}

func (r *checkRow) judge(sub store.SessionSubject, now time.Time) error {
	var sess *store.Session
	if sub.SessionID != "" {
		// Where ids are numbers, SQLite takes "007" for 7.
		if r.session.ID != sub.SessionID || r.session.UserID != sub.UserID {
			return store.ErrSessionNotFound
		}
		sess = &r.session
	}
	if r.user.ID != sub.UserID {
		return store.ErrUserNotFound
	}
	if err := store.Judge(sess, &r.user, now); err != nil {
		return err
	}
	return sub.Stamp.Judge(r.passwords)
}

// check runs website.checkSessions or checkPlayers for pairs of a session's and
// a user's id, and calls found with the result for each.
func (s *Store) check(ctx context.Context, q querier, query string, pairs [][2]string, found func(i int, r checkRow)) (err error) {
	list, err := json.Marshal(pairs)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, query, string(list))
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next() {
		var (
			i                                                                        int
			sessionID, expiresAt, ownerID, userID, banExpires, createdAt, site, game sql.NullString
			r                                                                        checkRow
			banned                                                                   sql.NullBool
		)
		if err := rows.Scan(&i, &sessionID, &expiresAt, &ownerID, &userID, &banned, &banExpires, &createdAt, &site, &game); err != nil {
			return err
		}
		r.session.ID, r.session.UserID, r.user.ID, r.user.Banned = sessionID.String, ownerID.String, userID.String, banned.Bool
		// An end that cannot be read is the zero time: the session is over.
		r.session.ExpiresAt, _ = parseWebsiteTime(expiresAt.String, s.zone)
		_, r.numeric = parseMillis(expiresAt.String)
		r.user.BanExpiresAt, _ = parseWebsiteTime(banExpires.String, s.zone)
		r.passwords = store.Passwords{Site: site.String, SiteHidden: s.web.noPasswordsSeen != ""}
		if game.Valid {
			if r.passwords.Game, err = s.gamePassword(game.String, createdAt); err != nil {
				return err
			}
		}
		found(i, r)
	}
	return rows.Err()
}
