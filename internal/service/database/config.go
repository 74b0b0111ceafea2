package database

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

// Config is the settings of the database part.
type Config struct {
	DatabaseURL      string
	RedisURL         string
	WebsiteSchema    string
	WebsiteTables    []string
	WebsiteColumns   []string
	WebsiteTimeZone  string
	UsernameCase     string
	WebsiteSecrets   []string
	MaxConns         int
	ChangeFeed       string
	FeedURL          string
	CacheTTL         time.Duration
	CacheNearBytes   int
	SessionExpiresIn time.Duration
	SessionUpdateAge time.Duration
	TokenStored      string
	PurgeInterval    time.Duration
	SweepGrace       time.Duration
	SweepMaxGone     int
	WatchBuffer      int
}

// Register registers the settings.
func (c *Config) Register(s *config.Section) {
	s.String(&c.DatabaseURL, "database-url", "", "Where the tables are: postgres://user:password@host:port/database, or sqlite:PATH; empty for the embedded SQLite file in WAYSTONE_DATA when all parts run in one process.",
		config.SecretURL(), config.Check(func() error { return checkDatabaseURL(c.DatabaseURL) }))
	s.String(&c.RedisURL, "redis-url", "redis://127.0.0.1:6379", "The shared cache: redis://host:port, redis-sentinel://host:port,host:port/master-name or redis-cluster://host:port,host:port (rediss… for TLS), or none for a cache inside the process; not used with SQLite.",
		config.SecretURL(), config.Check(func() error { return checkRedisURL(c.RedisURL) }))
	s.String(&c.WebsiteSchema, "website-schema", "", "PostgreSQL schema of the website's tables; empty for the role's search path.")
	s.Strings(&c.WebsiteTables, "website-tables", nil, "Names of the website's tables that are not better-auth's own, in the singular or plural, such as user=app_users,session=app_sessions; of user, session, account and verification.",
		config.Check(func() error { _, err := siteschema.ParseTables(c.WebsiteTables); return err }))
	s.Strings(&c.WebsiteColumns, "website-columns", nil, "Names of the website's columns that are not better-auth's own, in camelCase or snake_case, such as session.expiresAt=valid_until,user.id=uid.",
		config.Check(func() error { _, err := siteschema.ParseColumns(c.WebsiteColumns); return err }))
	s.String(&c.WebsiteTimeZone, "website-time-zone", "UTC", "Time zone, such as Europe/Berlin, whose clock the website writes into columns without a zone; with better-auth's built-in adapter that is the zone of the website's process.",
		config.Check(config.Required(&c.WebsiteTimeZone)))
	s.String(&c.UsernameCase, "website-username-case", "auto", "What the case of letters means in the website's user names: auto finds the exact name first, otherwise the only user whose name differs in case alone; fold looks up names in lower case as better-auth does; exact finds exact names only (usernameNormalization: false).",
		config.OneOf("auto", "fold", "exact"))
	s.Strings(&c.WebsiteSecrets, "website-secrets", nil, "The website's BETTER_AUTH_SECRET, or several while it changes. If set, a signed session token has to be signed by one of them; if empty, signatures are not verified.",
		config.Secret())
	s.Int(&c.MaxConns, "database-max-conns", 16, "Connections to PostgreSQL at the same time.", config.Range(1, 1000))
	s.String(&c.ChangeFeed, "change-feed", "auto", "How changes of the tables are received from PostgreSQL: replication reads its log, triggers on the tables notify, auto takes the first that can work.",
		config.OneOf("auto", "replication", "triggers"))
	s.String(&c.FeedURL, "database-feed-url", "", "URL of PostgreSQL itself for the change feed, if DATABASE_URL leads to a pooler; empty for DATABASE_URL.",
		config.SecretURL(), config.Check(func() error { return checkFeedURL(c.FeedURL) }))
	s.Duration(&c.CacheTTL, "cache-ttl", 300*time.Second, "How long a record is cached at most; a changed record leaves the cache at once. 0: everything is read from the store.", config.Range(time.Duration(0), time.Hour))
	s.Int(&c.CacheNearBytes, "cache-near-bytes", 64<<20, "Memory for the cache inside the process, in bytes; 0 for none: every cached read then asks Redis.", config.Range(0, 1<<40))
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
	s.Duration(&c.PurgeInterval, "purge-interval", time.Minute, "How often characters whose deletion has become final are removed, and users are looked for who are gone from the website.", config.Range(time.Second, 24*time.Hour))
	s.Duration(&c.SweepGrace, "sweep-grace", store.SweepGrace, "How long the characters of a user who is gone from the website are kept; if the user is there again within this time, they are restored.", config.Range(time.Hour, 8760*time.Hour))
	s.Int(&c.SweepMaxGone, "sweep-max-gone", 0, "How many users may be found gone at once; if there are more, nothing is marked or removed, because their table may not be whole. 10, or 5 % of all who have something here, are always allowed.", config.Range(0, 1<<31-1))
	s.Int(&c.WatchBuffer, "watch-buffer", 65536, "Changes of sessions and users that are kept for slow watchers, about 200 bytes each; a watcher that is further behind is told to check all its sessions.", config.Range(1024, 16777216))
}

func checkDatabaseURL(u string) error {
	if u == "" || hasScheme(u, "postgres://", "postgresql://", "sqlite:") {
		return checkParameters(u)
	}
	return errors.New("must begin with postgres://, or be sqlite: and a path")
}

func checkFeedURL(u string) error {
	if u == "" || hasScheme(u, "postgres://", "postgresql://") {
		return checkParameters(u)
	}
	return errors.New("must begin with postgres://")
}

// checkParameters returns an error for the parameters that Prisma puts into its
// URLs: they are for Prisma itself, and PostgreSQL refuses a connection with
// them.
func checkParameters(u string) error {
	_, query, _ := strings.Cut(u, "?")
	for pair := range strings.SplitSeq(query, "&") {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "schema":
			return errors.New("must not have schema=, which is a parameter of Prisma and not of PostgreSQL: remove it; WEBSITE_SCHEMA names the schema of the website's tables")
		case "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "sslaccept", "sslidentity", "statement_cache_size":
			return fmt.Errorf("must not have %s=, which is a parameter of Prisma and not of PostgreSQL: remove it", name)
		}
	}
	return nil
}

func checkRedisURL(u string) error {
	if u == "none" {
		return nil
	}
	return rediscache.CheckURL(u)
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
