package database

import (
	"errors"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// Config is the settings of the database part.
type Config struct {
	DatabaseURL      string
	RedisURL         string
	WebsiteSchema    string
	MaxConns         int
	CacheTTL         time.Duration
	CacheEntries     int
	SessionExpiresIn time.Duration
	SessionUpdateAge time.Duration
	PurgeInterval    time.Duration
}

// Register registers the settings.
func (c *Config) Register(s *config.Section) {
	s.String(&c.DatabaseURL, "database-url", "", "Where the tables are: postgres://user:password@host:port/database, or sqlite:PATH; empty for the embedded SQLite file in WAYSTONE_DATA when all parts run in one process.",
		config.Secret(), config.Check(func() error { return checkDatabaseURL(c.DatabaseURL) }))
	s.String(&c.RedisURL, "redis-url", "redis://127.0.0.1:6379", "The shared cache: redis://host:port, rediss://host:port, or none for a cache inside the process; not used with SQLite.",
		config.Secret(), config.Check(func() error { return checkRedisURL(c.RedisURL) }))
	s.String(&c.WebsiteSchema, "website-schema", "", "PostgreSQL schema of the website's tables; empty for the role's search path.")
	s.Int(&c.MaxConns, "database-max-conns", 16, "Connections to PostgreSQL at once.", config.Range(1, 1000))
	s.Duration(&c.CacheTTL, "cache-ttl", 5*time.Second, "How long a cached answer may be given after the website has changed the row; 0 reads everything from the store.", config.Range(time.Duration(0), 300*time.Second))
	s.Int(&c.CacheEntries, "cache-entries", 100000, "Records in the cache inside the process.", config.Range(100, 100000000))
	s.Duration(&c.SessionExpiresIn, "session-expires-in", 168*time.Hour, "The website's session.expiresIn.", config.Range(time.Minute, 9600*time.Hour))
	s.Duration(&c.SessionUpdateAge, "session-update-age", 24*time.Hour, "The website's session.updateAge.", config.Range(time.Duration(0), 9600*time.Hour),
		config.Check(func() error {
			if c.SessionUpdateAge > c.SessionExpiresIn {
				return errors.New("must not be longer than SESSION_EXPIRES_IN")
			}
			return nil
		}))
	s.Duration(&c.PurgeInterval, "purge-interval", time.Minute, "How often characters whose deletion has become final are removed, and those of users who are gone are marked.", config.Range(time.Second, 24*time.Hour))
}

func checkDatabaseURL(u string) error {
	if u == "" || hasScheme(u, "postgres://", "postgresql://", "sqlite:") {
		return nil
	}
	return errors.New("must begin with postgres://, or be sqlite: and a path")
}

func checkRedisURL(u string) error {
	if u == "none" || hasScheme(u, "redis://", "rediss://") {
		return nil
	}
	return errors.New("must begin with redis:// or rediss://, or be none")
}

func hasScheme(u string, schemes ...string) bool {
	for _, s := range schemes {
		if strings.HasPrefix(u, s) && len(u) > len(s) {
			return true
		}
	}
	return false
}
