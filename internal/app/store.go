package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

// engine is a store that owns its tables.
type engine interface {
	store.Store
	store.Purger
	store.Admin
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

// openEngine opens the engine that the settings ask for. migrate lets it bring
// our own tables up to date.
func openEngine(ctx context.Context, s *settings, log *slog.Logger, migrate bool) (engine, error) {
	if _, embedded := s.sqlitePath(); embedded {
		return openSQLite(ctx, s, log)
	}
	cfg, err := s.postgresConfig(log, migrate)
	if err != nil {
		return nil, err
	}
	return postgres.Open(ctx, cfg)
}

func openSQLite(ctx context.Context, s *settings, log *slog.Logger) (*sqlite.Store, error) {
	path, _ := s.sqlitePath()
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of the database: %w; WAYSTONE_DATA sets another", err)
		}
	}
	names, err := s.database.Names()
	if err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, sqlite.Config{
		Path: path, Log: log, Names: names, TimeZone: s.database.WebsiteTimeZone,
		TokenForm:        store.TokenForm(s.database.TokenStored),
		SessionExpiresIn: s.database.SessionExpiresIn, SessionUpdateAge: s.database.SessionUpdateAge,
	})
}

func (s *settings) postgresConfig(log *slog.Logger, migrate bool) (postgres.Config, error) {
	names, err := s.database.Names()
	return postgres.Config{
		URL: s.database.DatabaseURL, Schema: s.database.WebsiteSchema, Log: log,
		SessionExpiresIn: s.database.SessionExpiresIn, SessionUpdateAge: s.database.SessionUpdateAge,
		MaxConns: s.database.MaxConns, Migrate: migrate,
		Names: names, TimeZone: s.database.WebsiteTimeZone, TokenForm: store.TokenForm(s.database.TokenStored),
	}, err
}

// dataStore is the opened store of the database part: the engine, and the
// cached contract that is served.
type dataStore struct {
	engine engine
	served store.Store
	redis  *rediscache.Redis // nil without
	close  func()
}

// openStore opens the engine and puts the cache in front of it.
func openStore(ctx context.Context, s *settings, log *slog.Logger, reg prometheus.Registerer) (*dataStore, error) {
	eng, err := openEngine(ctx, s, log, true)
	if err != nil {
		return nil, err
	}
	d := &dataStore{engine: eng}
	cfg := cached.Config{TTL: s.database.CacheTTL, Log: log, Metrics: reg}
	closeCache := func() {}
	_, embedded := s.sqlitePath()
	switch {
	case s.database.CacheTTL == 0: // nothing is cached
	case embedded || s.database.RedisURL == "none":
		mem, err := rediscache.NewMemory(rediscache.MemoryConfig{MaxEntries: s.database.CacheEntries})
		if err != nil {
			_ = eng.Close()
			return nil, fmt.Errorf("make the cache: %w", err)
		}
		cfg.Cache, closeCache = mem, mem.Close
	default:
		d.redis, err = rediscache.Open(ctx, s.database.RedisURL, rediscache.Config{Prefix: "waystone:", Log: log})
		if err != nil {
			_ = eng.Close()
			return nil, fmt.Errorf("REDIS_URL: %w", err)
		}
		cfg.Cache, closeCache = d.redis, d.redis.Close
	}
	served := cached.New(eng, cfg)
	d.served = served
	d.close = func() {
		if err := served.Close(); err != nil {
			log.Warn("the store did not close cleanly", "cause", err.Error())
		}
		closeCache()
	}
	return d, nil
}

// requireDatabaseURL refuses a part that needs a database of its own and was
// given none.
func requireDatabaseURL(s *settings) error {
	if s.runs(partDatabase) && !s.allInOne() && s.database.DatabaseURL == "" {
		return errors.New("DATABASE_URL is not set: the database part needs it when it does not run with all others; for example postgres://waystone:password@127.0.0.1:5432/game, or sqlite:data/waystone.db")
	}
	return nil
}

// storeName says for humans where the tables are, without any password.
func storeName(s *settings) string {
	if path, embedded := s.sqlitePath(); embedded {
		return "embedded database " + path
	}
	if u, err := url.Parse(s.database.DatabaseURL); err == nil {
		return "PostgreSQL at " + u.Host
	}
	return "PostgreSQL"
}
