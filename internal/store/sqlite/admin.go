package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// maxUsers bounds one page of ListUsers.
const maxUsers = 1000

// CreateUser implements store.Admin. With a hash, the website's tables get the
// two rows of a sign-up there, without one a row of user and none of account.
func (s *Store) CreateUser(ctx context.Context, n store.NewUser) (*store.User, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if !s.web.user.has("username") {
		return nil, errPlugin(siteschema.Username)
	}
	if n.PasswordHash != "" {
		if err := s.web.canSetPasswords(); err != nil {
			return nil, err
		}
	}
	u := &store.User{
		ID: store.NewID(), Name: n.Name, Username: strings.ToLower(n.Username), DisplayUsername: n.Username,
		Email: strings.ToLower(n.Email), Role: "user",
	}
	err := s.write(ctx, "create user", func(t *tx) error {
		for _, taken := range []struct{ query, value string }{{s.web.usersByUsername, u.Username}, {s.web.usersByEmail, u.Email}} {
			same, err := s.readUsers(ctx, t.sql, taken.query, taken.value)
			if err != nil {
				return err
			}
			if len(same) > 0 {
				return store.ErrUserExists
			}
		}
		u.CreatedAt, u.UpdatedAt = t.now, t.now
		query, args := s.web.insertUser(u)
		if err := t.sql.QueryRowContext(ctx, query, args...).Scan(&u.ID); err != nil || n.PasswordHash == "" {
			return err
		}
		query, args = s.web.insertAccount(u.ID, n.PasswordHash, t.now)
		_, err := t.sql.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// insertUser builds the INSERT as better-auth would make it. A number for an id
// comes from the database.
func (w *website) insertUser(u *store.User) (query string, args []any) {
	var names, places []string
	set := func(field string, value any) {
		if w.user.has(field) {
			names, places, args = append(names, quote(w.user.columns[field])), append(places, "?"), append(args, value)
		}
	}
	if !w.user.numeric("id") {
		set("id", u.ID)
	}
	set("name", u.Name)
	set("email", u.Email)
	set("emailVerified", 0)
	set("createdAt", timeFor(u.CreatedAt, w.user.numeric("createdAt")))
	set("updatedAt", timeFor(u.UpdatedAt, w.user.numeric("updatedAt")))
	set("username", u.Username)
	set("displayUsername", u.DisplayUsername)
	set("role", u.Role)
	set("banned", 0)
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) RETURNING CAST(%s AS TEXT)", w.user.sql(),
		strings.Join(names, ", "), strings.Join(places, ", "), quote(w.user.columns["id"])), args
}

func errPlugin(name string) error {
	return errs.New(errs.FailedPrecondition, "WEBSITE_SCHEMA", "the website's tables have no columns of better-auth's "+name+" plugin")
}

// ListUsers implements store.Admin; limit is 1 to 1000.
func (s *Store) ListUsers(ctx context.Context, after string, limit int) ([]*store.User, error) {
	if limit < 1 || limit > maxUsers {
		return nil, errs.Invalid("limit", "must be 1 to 1000")
	}
	users, err := s.listUsers(ctx, after, limit)
	return users, s.fail(ctx, "list users", err)
}

func (s *Store) listUsers(ctx context.Context, after string, limit int) (users []*store.User, err error) {
	rows, err := s.reads.QueryContext(ctx, s.web.listUsers, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next() {
		var r userRow
		if err := rows.Scan(r.targets()...); err != nil {
			return nil, err
		}
		users = append(users, r.user(s.zone))
	}
	return users, rows.Err()
}

// SetBan implements store.Admin.
func (s *Store) SetBan(ctx context.Context, userID string, b store.Ban) error {
	if s.web.setBan == "" {
		return errPlugin(siteschema.Admin)
	}
	if err := b.Validate(s.now()); err != nil {
		return err
	}
	return s.write(ctx, "set ban", func(t *tx) error {
		banned, reason, until := 0, any(nil), any(nil)
		if b.Banned {
			banned, reason = 1, b.Reason
			if b.Reason == "" {
				reason = "No reason" // the website's own words
			}
			if !b.Until.IsZero() {
				until = timeFor(b.Until, s.web.user.numeric("banExpires"))
			}
		}
		res, err := t.sql.ExecContext(ctx, s.web.setBan, userID, banned, reason, until, timeFor(t.now, s.web.user.numeric("updatedAt")))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrUserNotFound
		}
		if b.Banned {
			_, err = t.sql.ExecContext(ctx, s.web.deleteSessions, userID)
		}
		return err
	})
}
