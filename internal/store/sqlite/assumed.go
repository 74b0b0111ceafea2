package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/store"
)

// checkAssumed compares the rows with our settings that repeat the website's,
// because the tables do not hold the website's settings.
func (s *Store) checkAssumed(ctx context.Context, r *store.Report) error {
	sessions, err := s.sessionTimes(ctx)
	if err != nil {
		return err
	}
	r.Lines = append(r.Lines, store.SessionLines(sessions, s.cfg.SessionExpiresIn, s.cfg.SessionUpdateAge)...)
	if s.web.user.has("username") {
		u := store.UsernameShapes{Min: s.cfg.UsernameMin, Max: s.cfg.UsernameMax}
		name := s.web.user.text("u", "username")
		if err := s.reads.QueryRowContext(ctx, fmt.Sprintf(`
SELECT count(*) FILTER (WHERE outside), COALESCE(min(name) FILTER (WHERE outside), ''), count(*) FILTER (WHERE others), COALESCE(min(name) FILTER (WHERE others), '')
FROM (SELECT %[1]s AS name, length(%[1]s) NOT BETWEEN ?1 AND ?2 AS outside, %[1]s GLOB '*[^A-Za-z0-9_.]*' AS others FROM %[2]s u WHERE %[1]s <> '')`,
			name, s.web.user.sql()), u.Min, u.Max).Scan(&u.Outside, &u.Length, &u.Others, &u.Character); err != nil {
			return err
		}
		r.Lines = append(r.Lines, u.Line())
	}
	if s.web.noCredentials != "" {
		return nil
	}
	var others int
	password := s.web.account.text("a", "password")
	// Salt, a colon, and 64 bytes in hexadecimal.
	err = s.reads.QueryRowContext(ctx, fmt.Sprintf(`
SELECT count(*) FROM %[1]s a WHERE %[2]s = 'credential' AND %[3]s <> '' AND NOT (
	instr(%[3]s, ':') BETWEEN 2 AND 129 AND length(%[3]s) = instr(%[3]s, ':') + 128 AND NOT substr(%[3]s, instr(%[3]s, ':') + 1) GLOB '*[^0-9a-fA-F]*')`,
		s.web.account.sql(), s.web.account.text("a", "providerId"), password)).Scan(&others)
	r.Lines = append(r.Lines, store.HashLine(others))
	return err
}

// sessionTimes reads the newest sessions whose times can be read. Rows are in
// the order in which they were created.
func (s *Store) sessionTimes(ctx context.Context) (all []store.SessionTimes, err error) {
	t := s.web.session
	rows, err := s.reads.QueryContext(ctx, fmt.Sprintf("SELECT %s, %s, %s FROM %s s ORDER BY %s DESC LIMIT %d",
		t.text("s", "createdAt"), t.text("s", "updatedAt"), t.text("s", "expiresAt"), t.sql(), t.col("s", "updatedAt"), store.SessionsLooked))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var created, updated, expires sql.NullString
		if err := rows.Scan(&created, &updated, &expires); err != nil {
			return nil, err
		}
		var one store.SessionTimes
		var ok, known bool
		one.Created, known = parseWebsiteTime(created.String, s.zone)
		if one.Updated, ok = parseWebsiteTime(updated.String, s.zone); !ok {
			continue
		}
		if one.Expires, ok = parseWebsiteTime(expires.String, s.zone); !ok {
			continue
		}
		if !known {
			one.Created = one.Updated
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
