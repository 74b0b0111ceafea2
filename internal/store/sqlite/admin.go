package sqlite

import (
	"context"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// maxUsers bounds one page of ListUsers.
const maxUsers = 1000

// CreateUser implements store.Admin. The user has no password: the website's
// tables get a row of user and none of account.
func (s *Store) CreateUser(ctx context.Context, n store.NewUser) (*store.User, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	u := &store.User{
		ID: store.NewID(), Name: n.Name, Username: strings.ToLower(n.Username), DisplayUsername: n.Username,
		Email: strings.ToLower(n.Email), Role: "user",
	}
	err := s.write(ctx, "create user", func(t *tx) error {
		var taken int
		err := t.sql.QueryRowContext(ctx, `SELECT count(*) FROM "user" WHERE username = ? OR email = ?`, u.Username, u.Email).Scan(&taken)
		if err != nil {
			return err
		}
		if taken > 0 {
			return store.ErrUserExists
		}
		u.CreatedAt, u.UpdatedAt = t.now, t.now
		_, err = t.sql.ExecContext(ctx, `INSERT INTO "user"
			(id, name, email, "emailVerified", "createdAt", "updatedAt", username, "displayUsername", role, banned)
			VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, 0)`,
			u.ID, u.Name, u.Email, websiteTime(t.now), websiteTime(t.now), u.Username, u.DisplayUsername, u.Role)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
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
	// The website's texts order as their times do.
	rows, err := s.reads.QueryContext(ctx, `SELECT `+userColumns+` FROM "user" u
		WHERE ?1 = '' OR (u."createdAt", u.id) > (SELECT a."createdAt", a.id FROM "user" a WHERE a.id = ?1)
		ORDER BY u."createdAt", u.id LIMIT ?2`, after, limit)
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
		users = append(users, r.user())
	}
	return users, rows.Err()
}

// SetBan implements store.Admin.
func (s *Store) SetBan(ctx context.Context, userID string, b store.Ban) error {
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
				until = websiteTime(b.Until)
			}
		}
		res, err := t.sql.ExecContext(ctx, `UPDATE "user" SET banned = ?, "banReason" = ?, "banExpires" = ?, "updatedAt" = ? WHERE id = ?`,
			banned, reason, until, websiteTime(t.now), userID)
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
			_, err = t.sql.ExecContext(ctx, `DELETE FROM session WHERE "userId" = ?`, userID)
		}
		return err
	})
}
