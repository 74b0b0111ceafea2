package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// CreateSession implements store.SessionWriter.
func (s *Store) CreateSession(ctx context.Context, n store.NewSession) (*store.Session, *store.User, error) {
	if s.web.noSessionMaking != "" {
		return nil, nil, store.ErrNoSessionsGrant
	}
	if err := n.Validate(); err != nil {
		return nil, nil, err
	}
	var sess *store.Session
	var u *store.User
	err := s.write(ctx, "create session", func(t *tx) error {
		var r userRow
		if err := t.sql.QueryRowContext(ctx, s.web.getUser, n.UserID).Scan(r.targets()...); err != nil {
			return orNotFound(err, store.ErrUserNotFound)
		}
		if u = r.user(s.zone); u.ID != n.UserID {
			// Where ids are numbers, SQLite takes "007" for 7.
			return store.ErrUserNotFound
		}
		if err := store.Judge(nil, u, t.now); err != nil {
			return err
		}
		stored := s.cfg.TokenForm.Stored(n.Token)
		_, _, _, err := s.scanSession(t.sql.QueryRowContext(ctx, s.web.getSession, stored))
		if err == nil {
			return store.ErrSessionTokenTaken
		}
		if !errors.Is(err, store.ErrSessionNotFound) {
			return err
		}
		query, args := s.web.insertSession(n, stored, t.now)
		if _, err := t.sql.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		sess, u, _, err = s.scanSession(t.sql.QueryRowContext(ctx, s.web.getSession, stored))
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return sess, u, nil
}

// insertedColumns are those of a session that CreateSession writes. A number
// for an id comes from the database.
func (w *website) insertedColumns() []string {
	all := []string{"userId", "token", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent"}
	if !w.session.numeric("id") {
		all = append(all, "id")
	}
	return all
}

// insertSession builds the INSERT as better-auth would make it.
func (w *website) insertSession(n store.NewSession, stored string, now time.Time) (query string, args []any) {
	values := map[string]any{
		"id": store.NewID(), "userId": n.UserID, "token": stored, "ipAddress": n.IPAddress, "userAgent": n.UserAgent,
	}
	for field, at := range map[string]time.Time{"expiresAt": now.Add(n.Lifetime), "createdAt": now, "updatedAt": now} {
		values[field] = timeFor(at, w.session.numeric(field))
	}
	var names, places []string
	for _, field := range w.insertedColumns() {
		names, places, args = append(names, quote(w.session.columns[field])), append(places, "?"), append(args, values[field])
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", w.session.sql(), strings.Join(names, ", "), strings.Join(places, ", ")), args
}

// RevokeSession implements store.SessionWriter.
func (s *Store) RevokeSession(ctx context.Context, token string) error {
	return s.write(ctx, "revoke session", func(t *tx) error {
		_, err := t.sql.ExecContext(ctx, s.web.revokeSession, s.cfg.TokenForm.Stored(token))
		return err
	})
}

// RedeemOneTimeToken implements store.SessionWriter. The token is deleted even
// if it has expired, or if there is an error about its session.
func (s *Store) RedeemOneTimeToken(ctx context.Context, token string) (*store.Session, *store.User, error) {
	if s.web.noOneTimeTokens != "" {
		return nil, nil, store.ErrNoOneTimeGrant
	}
	identifiers, err := store.OneTimeIdentifiers(token)
	if err != nil {
		return nil, nil, err
	}
	list, err := json.Marshal(identifiers)
	if err != nil {
		return nil, nil, s.fail(ctx, "redeem one-time token", err)
	}
	var verdict error
	var sess *store.Session
	var u *store.User
	err = s.write(ctx, "redeem one-time token", func(t *tx) error {
		value, err := s.takeOneTime(ctx, t, string(list))
		if err == nil {
			sess, u, _, err = s.scanSession(t.sql.QueryRowContext(ctx, s.web.getSession, s.cfg.TokenForm.Stored(value)))
		}
		switch {
		case errors.Is(err, store.ErrTicketInvalid), errors.Is(err, store.ErrSessionNotFound):
			verdict = store.ErrTicketInvalid
			return nil
		case err != nil:
			return err
		}
		verdict = store.JudgeRedeemed(sess, u, t.now)
		return nil
	})
	if err == nil {
		err = verdict
	}
	if err != nil {
		return nil, nil, err
	}
	return sess, u, nil
}

// takeOneTime deletes the rows of a one-time token and returns the value of one
// that has not expired.
func (s *Store) takeOneTime(ctx context.Context, t *tx, identifiers string) (value string, err error) {
	rows, err := t.sql.QueryContext(ctx, s.web.redeemOneTime, identifiers)
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	found := false
	for rows.Next() {
		var v, expires sql.NullString
		if err := rows.Scan(&v, &expires); err != nil {
			return "", err
		}
		// An end that cannot be read is the zero time: the token is over.
		if at, _ := parseWebsiteTime(expires.String, s.zone); !at.Before(t.now) {
			value, found = v.String, true
		}
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	if !found {
		return "", store.ErrTicketInvalid
	}
	return value, nil
}

// oneTimeSQL builds the statement that deletes a one-time token and returns it.
func (w *website) oneTimeSQL() {
	if w.verification.name == "" {
		return
	}
	w.redeemOneTime = fmt.Sprintf("DELETE FROM %s WHERE %s IN (SELECT j.value FROM json_each(?1) j) RETURNING %s, CAST(%s AS TEXT)",
		w.verification.sql(), quote(w.verification.columns["identifier"]), quote(w.verification.columns["value"]), quote(w.verification.columns["expiresAt"]))
}
