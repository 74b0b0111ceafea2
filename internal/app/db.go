package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// dbCommand manages the database. Every command first prints which one.
func dbCommand(p Process) *cobra.Command {
	db := &cobra.Command{
		Use:   "db",
		Short: "Manage the database that DATABASE_URL or WAYSTONE_DATA names",
	}
	command := func(c *cobra.Command, run func(context.Context, *settings, []string) error) {
		c.Long += settingsHint
		c.RunE = func(c *cobra.Command, args []string) error {
			r := config.New("waystone")
			s := register(r, parts())
			if err := load(p, r, c.Flags()); err != nil {
				return err
			}
			fmt.Fprintln(p.Stderr, "waystone: database:", s.databaseName())
			return run(c.Context(), s, args)
		}
		takeSettings(c, true)
		db.AddCommand(c)
	}
	command(&cobra.Command{
		Use:   "migrate",
		Short: "Bring Waystone's own tables and the change feed up to date",
		Long:  "Bring Waystone's own tables and the triggers of the change feed up to date. The rows and\ncolumns of the website are never changed.",
		Args:  cli.NoArguments,
	}, func(ctx context.Context, s *settings, _ []string) error { return dbMigrate(ctx, p, s) })
	command(&cobra.Command{
		Use:   "check",
		Short: "Print what was found in the database, and what is missing",
		Long:  "Print what was found in the database and what is missing, and the statements that add\nit. If something is missing, the exit status is 1.",
		Args:  cli.NoArguments,
	}, func(ctx context.Context, s *settings, _ []string) error {
		return dbCheck(ctx, p, s, slog.New(slog.DiscardHandler))
	})
	command(&cobra.Command{
		Use:     "backup FILE",
		Short:   "Copy the embedded database while the server runs",
		Long:    "Copy the embedded database to FILE. FILE must not exist. The server may run meanwhile.",
		Example: "  waystone db backup /var/backups/waystone-$(date +%F).db",
		Args:    cli.Arguments(1, 1, "the FILE to write"),
	}, func(ctx context.Context, s *settings, args []string) error {
		return dbBackup(ctx, p, s, slog.New(slog.DiscardHandler), args[0])
	})
	restore := &cobra.Command{
		Use:   "restore FILE",
		Short: "Replace the embedded database by a backup; the old one is kept",
		Long: "Replace the embedded database by the backup FILE. The backup must be complete, and its\n" +
			"version must be known to this binary. The old database is kept in the same folder under a\n" +
			"name with the date, with the content of its -wal. First stop the server, and the website\n" +
			"if it uses the file: nothing is restored while a program has the file open.",
		Example: "  waystone db restore /var/backups/waystone-2026-08-01.db",
		Args:    cli.Arguments(1, 1, "the FILE to restore"),
	}
	var otherDatabase bool
	restore.Flags().BoolVar(&otherDatabase, "other-database", false, "act on this embedded database, even if a server on this machine uses PostgreSQL")
	command(restore, func(ctx context.Context, s *settings, args []string) error {
		return dbRestore(ctx, p, s, otherDatabase, args[0])
	})
	return db
}

func dbMigrate(ctx context.Context, p Process, s *settings) error {
	eng, err := openEngine(ctx, s, slog.New(slog.DiscardHandler), true, nil)
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
		fmt.Fprintf(p.Stdout, "%s  %-28s %s\n", word, l.Object, cli.Plain(l.Detail, 0))
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
	if err := s.requireEmbedded(); err != nil {
		return err
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

func dbRestore(ctx context.Context, p Process, s *settings, otherDatabase bool, file string) error {
	path, embedded := s.sqlitePath()
	if !embedded {
		return errors.New("restore works on an embedded database only; PostgreSQL has pg_restore for this: " +
			"docs/operations.md has the steps, under \"Going back\"")
	}
	if err := compareServer(ctx, p, s, otherDatabase); err != nil {
		return err
	}
	r, err := sqlite.Restore(ctx, file, path)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "restored the %s from %s (version %d)\n", storeName(s), file, r.Version)
	if r.Kept != "" {
		fmt.Fprintf(p.Stdout, "the database from before is kept as %s\n", r.Kept)
	}
	if r.Version < r.Known {
		fmt.Fprintf(p.Stdout, "the next start, or waystone db migrate, brings it to version %d\n", r.Known)
	}
	return nil
}

// checkEngine checks the database. If an embedded one cannot be opened, the error
// says why and what is missing. If it does not exist, it is not created.
func checkEngine(ctx context.Context, s *settings, log *slog.Logger) (store.Report, error) {
	if _, embedded := s.sqlitePath(); !embedded {
		cfg, err := s.postgresConfig(log, false)
		if err != nil {
			return store.Report{}, err
		}
		return postgres.Check(ctx, cfg)
	}
	if err := s.requireEmbedded(); err != nil {
		return store.Report{}, err
	}
	eng, err := openSQLite(ctx, s, log)
	if err != nil {
		return store.Report{}, err
	}
	defer eng.Close()
	return eng.Check(ctx)
}
