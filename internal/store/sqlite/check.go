package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Check looks at everything that is needed and says what it found. It reads
// the whole file.
func (s *Store) Check(ctx context.Context) (store.Report, error) {
	var r store.Report
	for _, step := range []func(context.Context, *store.Report) error{
		s.checkFile, s.checkWebsite, s.checkMigrations, s.checkIntegrity,
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
	return nil
}

func (s *Store) checkWebsite(ctx context.Context, r *store.Report) error {
	for _, table := range websiteTables() {
		missing, err := missingColumns(ctx, s.reads, table)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			r.Add("table "+table.name, false, "missing: "+strings.Join(missing, ", ")+"; run the website's own migration")
			continue
		}
		var n int
		// The name is one of the literals of websiteTables.
		if err := s.reads.QueryRowContext(ctx, `SELECT count(*) FROM "`+table.name+`"`).Scan(&n); err != nil {
			return err
		}
		r.Add("table "+table.name, true, fmt.Sprintf("%d rows", n))
	}
	return nil
}

func (s *Store) checkMigrations(ctx context.Context, r *store.Report) error {
	m, err := s.migrations()
	if err != nil {
		return err
	}
	have, want, err := m.GetVersions(ctx)
	if err != nil {
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
