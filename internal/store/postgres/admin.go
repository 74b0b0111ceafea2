package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// maxUsers is the largest page of ListUsers.
const maxUsers = 1000

// noReason is what better-auth stores for a ban without a reason.
const noReason = "No reason"

// CreateUser implements store.Admin. The user has no password: only the
// website can set one.
func (s *Store) CreateUser(ctx context.Context, n store.NewUser) (*store.User, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if n.PasswordHash != "" {
		return nil, errConfig("only the website sets its users' passwords")
	}
	if s.web.getUserByUsername == "" {
		return nil, errPlugin(siteschema.Username)
	}
	query, args, err := s.web.createUser(n, s.now())
	if err != nil {
		return nil, err
	}
	var u userRow
	err = s.pool.QueryRow(ctx, query, args...).Scan(u.targets()...)
	switch {
	case uniqueViolation(err):
		return nil, store.ErrUserExists
	case err != nil:
		return nil, websiteWrite(ctx, "create user", s.web.user, err)
	}
	return u.user(), nil
}

// createUser builds the INSERT as better-auth would do it. If the id column has
// a default, the database gives the id.
func (w *website) createUser(n store.NewUser, now time.Time) (query string, args []any, err error) {
	var names, values []string
	set := func(camel string, value any) {
		c, ok := w.user.column(camel)
		if !ok {
			return // a column of a plugin that the site does not have
		}
		args = append(args, value)
		names = append(names, quote(c.name))
		if _, isTime := value.(time.Time); isTime {
			values = append(values, w.instantParam(w.user, camel, len(args)))
		} else {
			values = append(values, fmt.Sprintf("$%d", len(args)))
		}
	}
	if id := w.user.fields["id"]; !id.hasDefault {
		switch w.userID {
		case "uuid":
			set("id", newUUID())
		case "int2", "int4", "int8":
			return "", nil, errConfig("the website numbers its users but " + w.user.sql() +
				" has no default for the id: let the website create the user")
		default:
			set("id", store.NewID())
		}
	}
	set("name", n.Name)
	set("email", strings.ToLower(n.Email))
	set("emailVerified", false)
	set("createdAt", now)
	set("updatedAt", now)
	set("username", strings.ToLower(n.Username))
	set("displayUsername", n.Username)
	set("role", "user")
	set("banned", false)
	return fmt.Sprintf("INSERT INTO %s AS u (%s) VALUES (%s) RETURNING %s",
		w.user.sql(), strings.Join(names, ", "), strings.Join(values, ", "), w.userColumns()), args, nil
}

// ListUsers implements store.Admin; limit is 1 to 1000. Users created at the
// same time are in the order of their ids. After an id that does not exist, the
// page is empty.
func (s *Store) ListUsers(ctx context.Context, after string, limit int) ([]*store.User, error) {
	if limit < 1 || limit > maxUsers {
		return nil, errs.Invalid("limit", fmt.Sprintf("must be 1 to %d", maxUsers))
	}
	query, args := s.web.listUsers, []any{limit}
	if after != "" {
		if !s.web.userID.holds(after) {
			return nil, nil
		}
		query, args = s.web.listUsersAfter, append(args, after)
	}
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, translate(ctx, "list users", err)
	}
	users, err := pgx.CollectRows(rows, collectUser)
	return users, translate(ctx, "list users", err)
}

// SetBan implements store.Admin, in one transaction.
func (s *Store) SetBan(ctx context.Context, userID string, b store.Ban) error {
	if !s.web.admin {
		return errPlugin(siteschema.Admin)
	}
	if !s.web.userID.holds(userID) {
		return store.ErrUserNotFound
	}
	if err := b.Validate(s.now()); err != nil {
		return err
	}
	tables, _, err := s.lookAtRules(ctx) // the policies may be others than at the start
	if err != nil {
		return err
	}
	if err := s.web.mayBan(tables["user"], tables["session"]); err != nil {
		return err
	}
	var reason *string
	var until *time.Time
	if b.Banned {
		if reason = &b.Reason; b.Reason == "" {
			none := noReason
			reason = &none
		}
		if !b.Until.IsZero() {
			at := b.Until.UTC().Truncate(time.Millisecond)
			until = &at
		}
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, s.web.setBan, userID, b.Banned, reason, until, s.now())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return s.absent(ctx, store.ErrUserNotFound)
		}
		if b.Banned {
			_, err = tx.Exec(ctx, s.web.deleteSessions, userID)
		}
		return err
	})
	return websiteWrite(ctx, "set ban", s.web.user, err)
}

// websiteWrite translates the error of a write to the website's tables. A role
// has grants for that only if the operator wants it.
func websiteWrite(ctx context.Context, op string, t *table, err error) error {
	if denied(err) {
		return errs.New(errs.PermissionDenied, "WEBSITE_READ_ONLY", "the role of DATABASE_URL may only read "+t.sql()+
			": use the website, or a role that may write its tables").Wrap(err)
	}
	if c := missingValue(err); c != "" {
		return errConfig(fmt.Sprintf("%s needs a value for %s, for which there is no default: use the website", t.sql(), quote(c))).Wrap(err)
	}
	return translate(ctx, op, err)
}

// mayBan returns an error if row-level security would prevent a ban: the
// statements would find no rows and report no error.
func (w *website) mayBan(user, session *table) error {
	for t, cmd := range map[*table]string{user: cmdUpdate, session: cmdDelete} {
		if t.rules.blocks(cmd) {
			return errConfig(fmt.Sprintf("row-level security keeps %s of %s from the role: %s", cmd, t.sql(), t.mendHelp(cmd, quote(w.role))))
		}
	}
	return nil
}

func errPlugin(name string) error {
	return errConfig("the website's tables have no columns of better-auth's " + name + " plugin")
}

// newUUID returns a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // ends the process instead of failing
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
