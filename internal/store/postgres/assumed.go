package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// assumedLines compares the rows with our settings that repeat the website's,
// because the tables do not hold the website's settings.
func (s *Store) assumedLines(ctx context.Context) ([]store.ReportLine, error) {
	lines, err := s.sessionLines(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := s.web.user.column("username"); ok {
		shapes, err := s.usernameShapes(ctx)
		if err != nil {
			return nil, err
		}
		lines = append(lines, shapes.Line())
	}
	if s.web.credentials.on() {
		hashes, err := s.hashLine(ctx)
		if err != nil {
			return nil, err
		}
		lines = append(lines, hashes)
	}
	return lines, nil
}

// sessionLines compares how long the website's sessions last, and when it
// prolongs them, with the settings.
func (s *Store) sessionLines(ctx context.Context) ([]store.ReportLine, error) {
	const op = "look at the life of sessions"
	at := func(field string) string { return s.web.read(s.web.session, "s", field) }
	created, updated, expires := at("createdAt"), at("updatedAt"), at("expiresAt")
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`
SELECT CASE WHEN isfinite(%[1]s) THEN %[1]s ELSE %[2]s END, %[2]s, %[3]s FROM %[4]s s
WHERE isfinite(%[2]s) AND isfinite(%[3]s) ORDER BY %[2]s DESC LIMIT %[5]d`, created, updated, expires, s.web.session.sql(), store.SessionsLooked))
	if err != nil {
		return nil, translate(ctx, op, err)
	}
	sessions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t store.SessionTimes, err error) {
		return t, row.Scan(&t.Created, &t.Updated, &t.Expires)
	})
	if err != nil {
		return nil, translate(ctx, op, err)
	}
	return store.SessionLines(sessions, s.expiresIn, s.updateAge), nil
}

// usernameShapes compares the user names with those that a sign-in here
// accepts.
func (s *Store) usernameShapes(ctx context.Context) (store.UsernameShapes, error) {
	u := store.UsernameShapes{Min: s.usernameMin, Max: s.usernameMax}
	name := col(s.web.user, "u", "username") + "::text"
	err := s.pool.QueryRow(ctx, fmt.Sprintf(`
SELECT count(*) FILTER (WHERE outside), COALESCE(min(name) FILTER (WHERE outside), ''), count(*) FILTER (WHERE others), COALESCE(min(name) FILTER (WHERE others), '')
FROM (SELECT %[1]s AS name, char_length(%[1]s) NOT BETWEEN $1 AND $2 AS outside, %[1]s !~ '^[A-Za-z0-9_.]*$' AS others FROM %[2]s u WHERE %[1]s <> '') n`,
		name, s.web.user.sql()), u.Min, u.Max).Scan(&u.Outside, &u.Length, &u.Others, &u.Character)
	return u, translate(ctx, "look at the users' names", err)
}

// hashLine counts the passwords that cannot be verified here.
func (s *Store) hashLine(ctx context.Context) (store.ReportLine, error) {
	password := col(s.web.account, "a", "password") + "::text"
	var others int
	err := s.pool.QueryRow(ctx, fmt.Sprintf(`SELECT count(*) FROM %s a WHERE %s::text = 'credential' AND %s <> '' AND %s !~ '^[^:]{1,128}:[0-9a-fA-F]{128}$'`,
		s.web.account.sql(), col(s.web.account, "a", "providerId"), password, password)).Scan(&others)
	return store.HashLine(others), translate(ctx, "look at the form of password hashes", err)
}
