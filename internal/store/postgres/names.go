package postgres

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/waystone-mmo/waystone/internal/store"
)

// scanned: if there are at most so many users, a name in another case is looked
// for among all of them. No index of the website helps with that.
const scanned = 10_000

// nameQueries are statements that find users by a name or an address.
type nameQueries struct {
	spelled string // $1 as asked for, $2 in lower case; by the index
	alike   string // $1 in lower case; reads the whole table unless there is an index on lower(…)
}

// mixed says for a column whether names may exist that differ from a given name
// in case alone. It is set if the website has names that are not in lower case,
// or has at most scanned users.
type mixed struct{ username, email atomic.Bool }

func (m *mixed) of(by store.UserKey) *atomic.Bool {
	if by == store.ByUsername {
		return &m.username
	}
	return &m.email
}

func (w *website) userQueries(by store.UserKey) nameQueries {
	if by == store.ByUsername {
		return nameQueries{w.getUserByUsername, w.usersByUsername}
	}
	return nameQueries{w.getUserByEmail, w.usersByEmail}
}

// byName calls read, and returns the index of the user whom a name or an address
// means, among the users that read returned last.
func (s *Store) byName(by store.UserKey, value string, q nameQueries, read func(query string, args ...any) ([]*store.User, error)) (int, error) {
	if q.spelled == "" || value == "" || !storable(value) {
		return 0, store.ErrUserNotFound
	}
	rule := s.nameCase.Of(by)
	exact, folded := rule.Asked(value)
	users, err := read(q.spelled, exact, folded)
	if err != nil {
		return 0, err
	}
	at, err := store.PickUser(users, by, value, rule)
	if err == nil && (at < 0 || nameOf(users[at], by) != exact) && rule == store.NameCaseAuto && s.mixed.of(by).Load() {
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

func nameOf(u *store.User, by store.UserKey) string {
	if by == store.ByUsername {
		return u.Username
	}
	return u.Email
}

// spell reads how the values of one column of the users are spelled.
func (s *Store) spell(ctx context.Context, by store.UserKey, field string) (sp store.Spelling, err error) {
	name, id := col(s.web.user, "u", field)+"::text", col(s.web.user, "u", "id")+"::text"
	err = s.pool.QueryRow(ctx, fmt.Sprintf(`
SELECT count(*) FILTER (WHERE %[1]s <> lower(%[1]s)), COALESCE(min(%[1]s) FILTER (WHERE %[1]s <> lower(%[1]s)), ''), COALESCE((
    SELECT string_agg(names, '; ') FROM (SELECT string_agg(format('%%s (id %%s)', %[1]s, %[2]s), ', ' ORDER BY %[1]s COLLATE "C") AS names
        FROM %[3]s u GROUP BY lower(%[1]s) HAVING count(*) > 1 AND lower(%[1]s) <> '' ORDER BY 1 LIMIT 3) a), '')
FROM %[3]s u`, name, id, s.web.user.sql())).Scan(&sp.Mixed, &sp.Example, &sp.Alike)
	sp.By = by
	return sp, translate(ctx, "look at the users' names", err)
}

// lookAtNames finds out whether names may exist that differ in case alone.
func (s *Store) lookAtNames(ctx context.Context, users int) error {
	for by, field := range map[store.UserKey]string{store.ByUsername: "username", store.ByEmail: "email"} {
		if _, ok := s.web.user.column(field); !ok {
			continue
		}
		found := users <= scanned
		if !found {
			name := col(s.web.user, "u", field) + "::text"
			query := fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM %s u WHERE %s <> lower(%s))", s.web.user.sql(), name, name)
			if err := s.pool.QueryRow(ctx, query).Scan(&found); err != nil {
				return translate(ctx, "look at the users' names", err)
			}
		}
		s.mixed.of(by).Store(found)
	}
	return nil
}

// nameLines reports how names are compared.
func (s *Store) nameLines(ctx context.Context) (lines []store.ReportLine, err error) {
	for _, c := range []struct {
		by    store.UserKey
		field string
	}{{store.ByUsername, "username"}, {store.ByEmail, "email"}} {
		if _, ok := s.web.user.column(c.field); !ok {
			continue
		}
		sp, err := s.spell(ctx, c.by, c.field)
		if err != nil {
			return nil, err
		}
		lines = append(lines, sp.Line(s.nameCase))
	}
	return lines, nil
}
