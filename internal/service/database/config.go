package database

import (
	"errors"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/store/siteschema"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// Config is the settings of the database part.
type Config struct {
	DatabaseURL      string
	RedisURL         string
	WebsiteSchema    string
	WebsiteTables    []string
	WebsiteColumns   []string
	WebsiteTimeZone  string
	WebsiteSecrets   []string
	MaxConns         int
	CacheTTL         time.Duration
	CacheEntries     int
	SessionExpiresIn time.Duration
	SessionUpdateAge time.Duration
	TokenStored      string
	PurgeInterval    time.Duration
}

// Register registers the settings.
func (c *Config) Register(s *config.Section) {
	s.String(&c.DatabaseURL, "database-url", "", "Where the tables are: postgres://user:password@host:port/database, or sqlite:PATH; empty for the embedded SQLite file in WAYSTONE_DATA when all parts run in one process.",
		config.Secret(), config.Check(func() error { return checkDatabaseURL(c.DatabaseURL) }))
	s.String(&c.RedisURL, "redis-url", "redis://127.0.0.1:6379", "The shared cache: redis://host:port, rediss://host:port, or none for a cache inside the process; not used with SQLite.",
		config.Secret(), config.Check(func() error { return checkRedisURL(c.RedisURL) }))
	s.String(&c.WebsiteSchema, "website-schema", "", "PostgreSQL schema of the website's tables; empty for the role's search path.")
	s.Strings(&c.WebsiteTables, "website-tables", nil, "Names of the website's tables that are not better-auth's own, in the singular or plural, such as user=app_users,session=app_sessions; of user, session and account.",
		config.Check(func() error { _, err := siteschema.ParseTables(c.WebsiteTables); return err }))
	s.Strings(&c.WebsiteColumns, "website-columns", nil, "Names of the website's columns that are not better-auth's own, in camelCase or snake_case, such as session.expiresAt=valid_until,user.id=uid.",
		config.Check(func() error { _, err := siteschema.ParseColumns(c.WebsiteColumns); return err }))
	s.String(&c.WebsiteTimeZone, "website-time-zone", "UTC", "Time zone, such as Europe/Berlin, whose clock the website writes into columns without a zone; with better-auth's built-in adapter that is the zone of the website's process.",
		config.Check(config.Required(&c.WebsiteTimeZone)))
	s.Strings(&c.WebsiteSecrets, "website-secrets", nil, "The website's BETTER_AUTH_SECRET, or several while it changes; with any, a signed session token has to be signed by one of them, and without, signatures are not looked at.",
		config.Secret())
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
	s.String(&c.TokenStored, "session-token-stored", "plain", "How the website stores session tokens: better-auth does it plain, some sites as their SHA-256.",
		config.OneOf("plain", "sha256-hex", "sha256-base64url"))
	s.Duration(&c.PurgeInterval, "purge-interval", time.Minute, "How often characters whose deletion has become final are removed.", config.Range(time.Second, 24*time.Hour))
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

// Names returns the website's names of tables and columns.
func (c *Config) Names() (siteschema.Names, error) {
	return siteschema.ParseNames(c.WebsiteTables, c.WebsiteColumns)
}
