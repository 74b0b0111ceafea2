package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

const dbUsage = `waystone db looks after the database that DATABASE_URL or WAYSTONE_DATA name.

  waystone db migrate        bring our own tables and the triggers of the change feed up to date; the website's rows and columns are never touched
  waystone db check          print what was found, and what is missing; exit status 1 if anything is
  waystone db backup FILE    copy the embedded database while the server runs
`

func runDB(ctx context.Context, p Process) error {
	if len(p.Args) == 0 || p.Args[0] == "help" || p.Args[0] == "-h" || p.Args[0] == "--help" {
		fmt.Fprint(p.Stdout, dbUsage)
		return nil
	}
	cmd, args := p.Args[0], p.Args[1:]
	var file string
	if cmd == "backup" {
		if len(args) == 0 || strings.HasPrefix(args[0], "-") {
			return usagef("db backup needs the FILE to write")
		}
		file, args = args[0], args[1:]
	}
	r := config.New("waystone")
	s := register(r, parts())
	if err := load(p, r, args); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	switch cmd {
	case "migrate":
		eng, err := openEngine(ctx, s, log, true, nil)
		if err != nil {
			return err
		}
		defer eng.Close()
		if pg, ok := eng.(*postgres.Store); ok {
			if err := pg.MakeFeed(ctx); err != nil {
				return fmt.Errorf("the tables are up to date, but not the change feed: %w", err)
			}
		}
		fmt.Fprintf(p.Stdout, "the tables of the %s are up to date\n", storeName(s))
		return nil
	case "check":
		return dbCheck(ctx, p, s, log)
	case "backup":
		return dbBackup(ctx, p, s, log, file)
	}
	return usagef("there is no command db %q; see waystone db help", cmd)
}

func dbCheck(ctx context.Context, p Process, s *settings, log *slog.Logger) error {
	report, err := checkEngine(ctx, s, log)
	if err != nil {
		return err
	}
	for _, l := range report.Lines {
		word := "ok     "
		if !l.OK {
			word = "MISSING"
		} else if l.Warning {
			word = "WARNING"
		}
		fmt.Fprintf(p.Stdout, "%s  %-28s %s\n", word, l.Object, l.Detail)
	}
	if len(report.Grants) > 0 {
		fmt.Fprint(p.Stdout, "\nAs the owner of the tables:\n\n")
		for _, g := range report.Grants {
			fmt.Fprintf(p.Stdout, "%s;\n", g)
		}
	}
	if !report.OK() {
		return errors.New("the database is not as it must be; see the lines marked MISSING")
	}
	return nil
}

func dbBackup(ctx context.Context, p Process, s *settings, log *slog.Logger, file string) error {
	if _, embedded := s.sqlitePath(); !embedded {
		return errors.New("backup copies the embedded database only; PostgreSQL has pg_dump for this")
	}
	eng, err := openSQLite(ctx, s, log)
	if err != nil {
		return err
	}
	defer eng.Close()
	if err := eng.Backup(ctx, file); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "copied the %s to %s\n", storeName(s), file)
	return nil
}

// checkEngine looks at the database. An embedded one that cannot be opened says
// why, and what is missing, when it is tried; one that is not there is not made.
func checkEngine(ctx context.Context, s *settings, log *slog.Logger) (store.Report, error) {
	path, embedded := s.sqlitePath()
	if !embedded {
		cfg, err := s.postgresConfig(log, false)
		if err != nil {
			return store.Report{}, err
		}
		return postgres.Check(ctx, cfg)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return store.Report{}, fmt.Errorf("the embedded database is not there yet: %w; the first start of the server makes it", err)
	}
	eng, err := openSQLite(ctx, s, log)
	if err != nil {
		return store.Report{}, err
	}
	defer eng.Close()
	return eng.Check(ctx)
}
