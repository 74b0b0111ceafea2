package sqlite

import (
	"context"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/store"
)

// nameQueries are statements that find users by a name or an address.
type nameQueries struct {
	spelled string // ?1 as asked for, ?2 in lower case; by the index
	alike   string // ?1 in lower case; reads the whole table
}

// named is the condition that user u has ?1 or ?2 in a column.
func (t *websiteTable) named(field string) string { return t.col("u", field) + " IN (?1, ?2)" }

// alike is the condition that user u has ?1 in a column in any case.
func (t *websiteTable) alike(field string) string {
	return fmt.Sprintf("lower(%s) = ?1 LIMIT %d", t.col("u", field), store.MaxAlike)
}

// byName returns which of the users that read returned last is meant by a name or
// an address.
func (s *Store) byName(by store.UserKey, value string, q nameQueries, read func(query string, args ...any) ([]*store.User, error)) (int, error) {
	rule := s.cfg.NameCase.Of(by)
	exact, folded := rule.Asked(value)
	users, err := read(q.spelled, exact, folded)
	if err != nil {
		return 0, err
	}
	at, err := store.PickUser(users, by, value, rule)
	if err != nil {
		return 0, err
	}
	if rule == store.NameCaseAuto && (at < 0 || users[at].Username != value && users[at].Email != value) {
		if users, err = read(q.alike, folded); err != nil {
			return 0, err
		}
		at, err = store.PickUser(users, by, value, rule)
	}
	if err == nil && at < 0 {
		err = store.ErrUserNotFound
	}
	return at, err
}

// byID has read find the user with an id, who is then the first. Where ids are
// numbers, SQLite takes "007" for 7.
func byID(id, query string, read func(query string, args ...any) ([]*store.User, error)) error {
	users, err := read(query, id)
	if err == nil && (len(users) == 0 || users[0].ID != id) {
		err = store.ErrUserNotFound
	}
	return err
}

// checkNames reports how names are told apart.
func (s *Store) checkNames(ctx context.Context, r *store.Report) error {
	for _, c := range []struct{ field, object string }{{"username", "user names"}, {"email", "e-mail addresses"}} {
		if !s.web.user.has(c.field) {
			continue
		}
		name := s.web.user.col("u", c.field) + " COLLATE BINARY"
		mixed, err := texts(ctx, s.reads, fmt.Sprintf("SELECT %s FROM %s u WHERE %s <> lower(%s) LIMIT 1", name, s.web.user.sql(), name, name))
		switch {
		case err != nil:
			return err
		case len(mixed) == 0:
			r.Add(c.object, true, "all in lower case")
		default:
			r.Lines = append(r.Lines, store.ReportLine{Object: c.object, OK: true, Warning: true, Detail: fmt.Sprintf(
				"not all in lower case, such as %s; they are found by WEBSITE_USERNAME_CASE=%s", mixed[0], s.cfg.NameCase)})
		}
	}
	return nil
}
