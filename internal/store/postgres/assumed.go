package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// sessionsLooked is of how many of the newest sessions the life is compared with
// the setting.
const sessionsLooked = 1000

// assumedLines reports what the rows say against the settings that stand for the
// website's own, of which the tables hold nothing.
func (s *Store) assumedLines(ctx context.Context) ([]store.ReportLine, error) {
	lives, err := s.sessionLine(ctx)
	if err != nil {
		return nil, err
	}
	lines := []store.ReportLine{lives}
	if s.web.credentials.on() {
		hashes, err := s.hashLine(ctx)
		if err != nil {
			return nil, err
		}
		lines = append(lines, hashes)
	}
	return lines, nil
}

// sessionLine compares how long the website lets sessions live with the setting.
// A session of less than two days is none to go by: without "remember me" it
// ends after one.
func (s *Store) sessionLine(ctx context.Context) (store.ReportLine, error) {
	line := store.ReportLine{Object: "life of sessions", OK: true}
	updated, expires := s.web.read(s.web.session, "s", "updatedAt"), s.web.read(s.web.session, "s", "expiresAt")
	var seconds float64
	var same, all int
	err := s.pool.QueryRow(ctx, fmt.Sprintf(`
SELECT COALESCE((array_agg(life ORDER BY n DESC, life))[1], 0), COALESCE(max(n), 0), COALESCE(sum(n), 0)::int FROM (
    SELECT life, count(*)::int AS n FROM (
        SELECT (round(extract(epoch FROM %[2]s - %[1]s) / 60) * 60)::float8 AS life FROM %[3]s s
        WHERE isfinite(%[1]s) AND isfinite(%[2]s) ORDER BY %[1]s DESC LIMIT %[4]d) l
    WHERE life >= 172800 GROUP BY life) g`, updated, expires, s.web.session.sql(), sessionsLooked)).Scan(&seconds, &same, &all)
	if err != nil {
		return line, translate(ctx, "look at the life of sessions", err)
	}
	life := time.Duration(seconds) * time.Second
	switch {
	case all == 0 || same <= all/2:
		line.Detail = fmt.Sprintf("SESSION_EXPIRES_IN is %s; too few sessions tell what the website's is", s.expiresIn)
	case life == s.expiresIn.Round(time.Minute):
		line.Detail = fmt.Sprintf("%s, as SESSION_EXPIRES_IN says", life)
	default:
		line.Warning = true
		line.Detail = fmt.Sprintf("%d of the newest %d long sessions live %s, and SESSION_EXPIRES_IN is %s: set it, and SESSION_UPDATE_AGE, to what the website has",
			same, all, life, s.expiresIn)
	}
	return line, nil
}

// hashLine counts the passwords that cannot be verified here.
func (s *Store) hashLine(ctx context.Context) (store.ReportLine, error) {
	line := store.ReportLine{Object: "form of password hashes", OK: true, Detail: "better-auth's own"}
	password := col(s.web.account, "a", "password") + "::text"
	var others int
	err := s.pool.QueryRow(ctx, fmt.Sprintf(`SELECT count(*) FROM %s a WHERE %s::text = 'credential' AND %s <> '' AND %s !~ '^[^:]{1,128}:[0-9a-fA-F]{128}$'`,
		s.web.account.sql(), col(s.web.account, "a", "providerId"), password, password)).Scan(&others)
	if others > 0 {
		line.Warning = true
		line.Detail = fmt.Sprintf("%d accounts have a password hash of another form than better-auth's own: their users can sign in on the website only", others)
	}
	return line, translate(ctx, "look at the form of password hashes", err)
}
