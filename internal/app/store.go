package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/guest"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

// engine is a store that owns its tables.
type engine interface {
	store.Engine
	store.Purger
	store.Admin
	Feed() store.Feed
	Shape(ctx context.Context) ([]string, error)
	WebsiteHealth(ctx context.Context) error
}

// embeddedFile is the name of the embedded database in WAYSTONE_DATA.
const embeddedFile = "waystone.db"

// sqlitePath returns the file of an embedded store, and whether the settings
// ask for one.
func (s *settings) sqlitePath() (string, bool) {
	if s.database.DatabaseURL == "" {
		return filepath.Join(s.dataDir, embeddedFile), true
	}
	return strings.CutPrefix(s.database.DatabaseURL, "sqlite:")
}

// openEngine opens the engine of the settings. With migrate it brings Waystone's
// own tables up to date.
func openEngine(ctx context.Context, s *settings, log *slog.Logger, migrate bool, refused *prometheus.CounterVec) (engine, error) {
	if _, embedded := s.sqlitePath(); embedded {
		return openSQLite(ctx, s, log)
	}
	cfg, err := s.postgresConfig(log, migrate)
	if err != nil {
		return nil, err
	}
	cfg.Refused = refused
	return postgres.Open(ctx, cfg)
}

func openSQLite(ctx context.Context, s *settings, log *slog.Logger) (*sqlite.Store, error) {
	path, _ := s.sqlitePath()
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create the folder of the database: %w; WAYSTONE_DATA sets another", err)
		}
	}
	names, err := s.database.Names()
	if err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, sqlite.Config{
		Path: path, Log: log, Names: names, TimeZone: s.database.WebsiteTimeZone,
		TokenForm: store.TokenForm(s.database.TokenStored), NameCase: store.NameCase(s.database.UsernameCase),
		SessionExpiresIn: s.database.SessionExpiresIn, SessionUpdateAge: s.database.SessionUpdateAge,
		UsernameMin: s.auth.UsernameMin, UsernameMax: s.auth.UsernameMax,
	})
}

func (s *settings) postgresConfig(log *slog.Logger, migrate bool) (postgres.Config, error) {
	names, err := s.database.Names()
	return postgres.Config{
		URL: s.database.DatabaseURL, Schema: s.database.WebsiteSchema, Log: log,
		SessionExpiresIn: s.database.SessionExpiresIn, SessionUpdateAge: s.database.SessionUpdateAge,
		UsernameMin: s.auth.UsernameMin, UsernameMax: s.auth.UsernameMax,
		MaxConns: s.database.MaxConns, Migrate: migrate,
		Feed: postgres.FeedMode(s.database.ChangeFeed), FeedURL: s.database.FeedURL,
		Names: names, TimeZone: s.database.WebsiteTimeZone, TokenForm: store.TokenForm(s.database.TokenStored),
		NameCase: store.NameCase(s.database.UsernameCase),
	}, err
}

// dataStore is the opened store of the database part: the engine, and the
// cached contract that is served.
type dataStore struct {
	engine   engine
	served   *cached.Store
	file     *sqlite.Store     // the engine, if it is embedded
	postgres *postgres.Store   // the engine, if it is not
	redis    *rediscache.Redis // nil without
	guests   *guest.Store      // served in place of served, if there may be guests; otherwise nil
	close    func()
}

// openStore opens the engine and puts the cache in front of it.
func openStore(ctx context.Context, s *settings, log *slog.Logger, reg prometheus.Registerer) (*dataStore, error) {
	eng, err := openEngine(ctx, s, log, true, postgres.NewRefused(reg))
	if err != nil {
		return nil, err
	}
	d := &dataStore{engine: eng}
	if pg, ok := eng.(*postgres.Store); ok {
		if err := pg.RequireFeed(ctx); err != nil {
			_ = eng.Close()
			return nil, err
		}
		d.postgres = pg
	}
	if file, ok := eng.(*sqlite.Store); ok {
		d.file = file
		file.Sign()
		measureFile(file, reg)
	}
	cfg := cached.Config{
		NearBytes: uint64(s.database.CacheNearBytes), //nolint:gosec // 0 or more by its setting
		TTL:       s.database.CacheTTL, Log: log, Metrics: reg,
	}
	closeCache := func() {}
	if _, embedded := s.sqlitePath(); !embedded && s.database.CacheTTL > 0 && s.database.RedisURL != "none" {
		if pg, ok := eng.(*postgres.Store); ok {
			if cfg.Key, err = pg.CacheKey(ctx); err != nil {
				_ = eng.Close()
				return nil, err
			}
		}
		d.redis, err = rediscache.Open(ctx, s.database.RedisURL, rediscache.Config{Prefix: "waystone:", MaxValue: cached.MaxValue, Log: log})
		if err != nil {
			_ = eng.Close()
			return nil, fmt.Errorf("REDIS_URL: %w", err)
		}
		cfg.Cache, closeCache = d.redis, d.redis.Close
	}
	if d.served, err = cached.New(eng, cfg); err != nil {
		closeCache()
		return nil, err
	}
	d.close = func() {
		if err := d.served.Close(); err != nil {
			log.Warn("the store did not close cleanly", "cause", err.Error())
		}
		closeCache()
	}
	return d, nil
}

// addGuests adds a store in memory for users whose data must not get into the
// database.
func (d *dataStore) addGuests(ctx context.Context) error {
	side, err := sqlite.Open(ctx, sqlite.Config{Path: sqlite.Memory})
	if err != nil {
		return fmt.Errorf("open a store in memory: %w", err)
	}
	d.guests = guest.New(d.served, side)
	closeServed := d.close
	d.close = func() {
		_ = side.Close() // its data is not needed any more
		closeServed()
	}
	return nil
}

// measureFile registers the metric of problems with the file of an embedded
// database.
func measureFile(file *sqlite.Store, reg prometheus.Registerer) {
	for _, trouble := range sqlite.Troubles() {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "waystone_store_file_trouble",
			Help:        "1 while there is a problem with the file of the embedded database, by kind.",
			ConstLabels: prometheus.Labels{"trouble": string(trouble)},
		}, func() float64 {
			if file.FileTrouble() == trouble {
				return 1
			}
			return 0
		}))
	}
}

// follow passes the changes to the cache and then to the watchers, until ctx ends.
// Without a feed the cache is not used: answers are slower, but never wrong.
func (d *dataStore) follow(ctx context.Context, log *slog.Logger, broker *watch.Broker) {
	confirmed := watch.NewConfirmer(broker, d.engine, log)
	defer confirmed.Close()
	to := store.Followers{d.served, confirmed}
	if err := d.engine.Feed().Follow(ctx, to); err != nil {
		log.Error("there is no change feed: every read goes to the store, and there are no watches", "cause", err.Error())
		to.Lost(err)
	}
}

// feedState is what /status shows of the feed.
func (d *dataStore) feedState() any {
	st := d.served.FeedStatus()
	return map[string]any{
		"connected": st.Connected, "open": st.Open, "lag_ms": st.Lag.Milliseconds(), "connections": st.Resets,
	}
}

// requireDatabaseURL returns an error if the database part runs without all others
// and has no database.
func requireDatabaseURL(s *settings) error {
	if s.runs(partDatabase) && !s.allInOne() && s.database.DatabaseURL == "" {
		return errors.New("DATABASE_URL is not set: the database part needs it if it does not run with all others; for example postgres://waystone:password@127.0.0.1:5432/game, or sqlite:data/waystone.db")
	}
	return nil
}

// requireEmbedded returns an error if the embedded database does not exist: only
// the server, db migrate, db restore and account create create one.
func (s *settings) requireEmbedded() error {
	path, embedded := s.sqlitePath()
	if !embedded {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no embedded database at %s (%w): is DATABASE_URL set to the same value as for the server? "+
			"WAYSTONE_DATA names another folder; the first start of the server creates the file", shownPath(path), readable(err))
	}
	return nil
}

// readable removes the path from an error, because the sentence already names it.
func readable(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// shownPath lets a relative path look like one.
func shownPath(path string) string {
	if filepath.IsLocal(path) {
		return "." + string(filepath.Separator) + path
	}
	return path
}

// storeName describes where the tables are, without a password.
func storeName(s *settings) string {
	if path, embedded := s.sqlitePath(); embedded {
		return "embedded database " + path
	}
	if u, err := url.Parse(s.database.DatabaseURL); err == nil {
		return "PostgreSQL at " + u.Host
	}
	return "PostgreSQL"
}

// databaseName names the database that a command is about to act on.
func (s *settings) databaseName() string {
	if path, embedded := s.sqlitePath(); embedded {
		return "embedded file " + shownPath(path)
	}
	return postgresName(s.database.DatabaseURL)
}

// postgresName names a database of PostgreSQL: host, database and user, never
// the password.
func postgresName(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "PostgreSQL"
	}
	name := "PostgreSQL " + u.Host + u.Path
	if user := u.User.Username(); user != "" {
		name += " as " + user
	}
	return name
}
