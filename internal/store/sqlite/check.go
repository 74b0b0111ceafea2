package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// Check looks at everything that is needed and reports what it found. It reads
// the whole file.
func (s *Store) Check(ctx context.Context) (store.Report, error) {
	var r store.Report
	for _, step := range []func(context.Context, *store.Report) error{
		s.checkFile, s.checkWebsite, s.checkRows, s.checkForms, s.checkNames, s.checkAssumed, s.checkMigrations, s.checkIntegrity,
	} {
		if err := step(ctx, &r); err != nil {
			return r, s.fail(ctx, "check", err)
		}
	}
	return r, nil
}

func (s *Store) checkFile(ctx context.Context, r *store.Report) error {
	var mode string
	if err := s.reads.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return err
	}
	switch {
	case s.cfg.Path == Memory:
		r.Add("file", true, "in memory; ends with the process")
	case mode != "wal":
		r.Add("file", false, s.cfg.Path+", journal mode "+mode+": another program keeps it from write-ahead logging; stop it and open the file again")
	default:
		r.Add("file", true, s.cfg.Path+", write-ahead logging")
	}
	if l, exposed := s.exposed(); exposed {
		r.Lines = append(r.Lines, l)
	}
	return nil
}

// exposed warns of a file that every user of the machine may read. A group may be
// that of the website.
func (s *Store) exposed() (l store.ReportLine, exposed bool) {
	if s.cfg.Path == Memory || !openToOthers(s.cfg.Path) {
		return l, false
	}
	return store.ReportLine{
		Object: "mode of the file", OK: true, Warning: true,
		Detail: fmt.Sprintf("every user of this machine may read or write %s, which holds session tokens and password hashes: chmod o= %s", s.cfg.Path, s.cfg.Path),
	}, true
}

func (s *Store) checkWebsite(ctx context.Context, r *store.Report) error {
	tables, problems, err := s.findWebsite(ctx, s.reads)
	if err != nil {
		return err
	}
	for _, p := range problems {
		r.Add("website", false, "missing: "+p)
	}
	for _, t := range tables {
		if t.name == "" {
			continue
		}
		var n int
		if err := s.reads.QueryRowContext(ctx, `SELECT count(*) FROM `+t.sql()).Scan(&n); err != nil {
			return err
		}
		r.Add("table "+t.model.Name, true, t.describe(n, s.zone))
	}
	for _, opt := range []struct{ name, lacks string }{
		{"noticing changed passwords", s.web.noPasswordsSeen},
		{"reading password hashes", s.web.noCredentials}, {"making sessions", s.web.noSessionMaking},
		{"redeeming one-time tokens", s.web.noOneTimeTokens},
	} {
		detail := "granted"
		if opt.lacks != "" {
			detail = "off; " + opt.lacks
		}
		r.Add(opt.name, true, detail)
	}
	return nil
}

// checkRows checks whether all rows of the website are visible.
func (s *Store) checkRows(ctx context.Context, r *store.Report) error {
	const object = "rows of the website"
	err := s.WebsiteHealth(ctx)
	if errs.ReasonOf(err) == store.ErrWebsiteHidden.Reason {
		r.Add(object, false, errs.Of(err).Msg)
		return nil
	}
	if err != nil {
		return err
	}
	text, err := s.doubt(ctx)
	if err == nil && text != "" {
		r.Lines = append(r.Lines, store.ReportLine{Object: object, OK: true, Warning: true, Detail: "nobody who is not found counts as gone: " + text})
	}
	return err
}

// Shape describes the website's tables as they are now, in a line each. If it
// differs later, what was found when the Store was opened is out of date.
func (s *Store) Shape(ctx context.Context) ([]string, error) {
	tables, lines, err := s.findWebsite(ctx, s.reads)
	if err != nil {
		return nil, s.fail(ctx, "look at the website's tables", err)
	}
	for _, t := range tables {
		if t.name != "" {
			lines = append(lines, fmt.Sprintf("table %s: %s, columns %v, of types %v", t.model.Name, t.sql(), t.columns, t.types))
		}
	}
	return lines, nil
}

// describe says what was found.
func (t *websiteTable) describe(rows int, zone *time.Location) string {
	text := fmt.Sprintf("%s, %d rows", t.sql(), rows)
	if t.has("id") {
		text += ", ids of type " + t.types["id"]
	}
	if zone != time.UTC {
		text += ", times without a zone hold the clock of " + zone.String()
	}
	for _, plugin := range t.model.Plugins() {
		word := "without"
		if slices.ContainsFunc(t.model.Fields, func(f siteschema.Field) bool { return f.Plugin == plugin && t.has(f.Name) }) {
			word = "with"
		}
		text += fmt.Sprintf(", %s the columns of the %s plugin", word, plugin)
	}
	if renamed := siteschema.Renamed(t.columns); len(renamed) > 0 {
		text += "; columns " + strings.Join(renamed, ", ")
	}
	return text
}

func (s *Store) checkMigrations(ctx context.Context, r *store.Report) error {
	all, err := allMigrations()
	if err != nil {
		return err
	}
	var have int64
	want := all[len(all)-1].version
	if err := s.reads.QueryRowContext(ctx, `SELECT max(version_id) FROM game_migration WHERE is_applied`).Scan(&have); err != nil {
		return err
	}
	switch {
	case have < want:
		r.Add("migrations", false, fmt.Sprintf("version %d of %d; run: waystone db migrate", have, want))
	case have > want:
		r.Add("migrations", true, fmt.Sprintf("version %d; a newer program than this one (version %d) has been here", have, want))
	default:
		r.Add("migrations", true, fmt.Sprintf("version %d, up to date", have))
	}
	return nil
}

func (s *Store) checkIntegrity(ctx context.Context, r *store.Report) error {
	found, err := texts(ctx, s.reads, `PRAGMA integrity_check(10)`)
	if err != nil {
		return err
	}
	if len(found) == 1 && found[0] == "ok" {
		r.Add("integrity", true, "no damage found")
		return nil
	}
	r.Add("integrity", false, strings.Join(found, "; ")+"; restore a backup")
	return nil
}
