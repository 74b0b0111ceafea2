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
	for _, c := range []struct {
		by    store.UserKey
		field string
	}{{store.ByUsername, "username"}, {store.ByEmail, "email"}} {
		if !s.web.user.has(c.field) {
			continue
		}
		sp := store.Spelling{By: c.by}
		name := s.web.user.col("u", c.field) + " COLLATE BINARY"
		if err := s.reads.QueryRowContext(ctx, fmt.Sprintf(`
SELECT count(*) FILTER (WHERE %[1]s <> lower(%[1]s)), COALESCE(min(%[1]s) FILTER (WHERE %[1]s <> lower(%[1]s)), ''), COALESCE((
	SELECT group_concat(names, '; ') FROM (SELECT group_concat(%[1]s || ' (id ' || %[2]s || ')', ', ' ORDER BY %[1]s) AS names
		FROM %[3]s u GROUP BY lower(%[1]s) HAVING count(*) > 1 AND lower(%[1]s) <> '' ORDER BY 1 LIMIT 3)), '')
FROM %[3]s u`, name, s.web.user.text("u", "id"), s.web.user.sql())).Scan(&sp.Mixed, &sp.Example, &sp.Alike); err != nil {
			return err
		}
		r.Lines = append(r.Lines, sp.Line(s.cfg.NameCase))
	}
	return nil
}
