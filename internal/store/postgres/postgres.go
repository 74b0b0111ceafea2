// Package postgres is the storage engine for production: users and sessions
// are rows of the website's own tables, whose names and types are found in the
// catalog at start, and everything of the game lives in the schema "game",
// which this package migrates. The website's tables are never created or
// altered and no foreign key points at them.
//
// Every time that decides something (an expiry, a lease, a grace) comes from
// Config.Now and is bound as a parameter. The clocks of all replicas must not
// differ by more than a fraction of a second.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// Defaults of Config.
const (
	// DefaultSessionExpiresIn is better-auth's session.expiresIn.
	DefaultSessionExpiresIn = 7 * 24 * time.Hour
	// DefaultSessionUpdateAge is better-auth's session.updateAge.
	DefaultSessionUpdateAge = 24 * time.Hour
	// DefaultMaxConns is how many connections a store opens at most.
	DefaultMaxConns = 16
	// DefaultTimeZone is the zone that better-auth's adapters write into
	// columns without a zone. Only the built-in adapter writes the zone of its
	// process.
	DefaultTimeZone = "UTC"
	// MaxMaxConns is the largest MaxConns accepted.
	MaxMaxConns = 1000
)

const (
	// connectTimeout bounds one attempt to connect, unless the URL says
	// connect_timeout. An attempt that began while the server was away holds a
	// place in the pool for this time.
	connectTimeout = 3 * time.Second
	// closeTimeout bounds the orderly end of a connection, which holds its
	// place in the pool meanwhile.
	closeTimeout = time.Second
	// pingTimeout is how soon a connection that was idle for a second has to
	// answer before it is used. If it does not, it is replaced.
	pingTimeout = time.Second
)

// Config says which database to open and how.
type Config struct {
	// URL is DATABASE_URL, postgres://user:password@host:port/database.
	URL string
	// Schema holds the website's tables; empty looks through the role's search
	// path.
	Schema string
	// Names are the website's names of tables and columns where they are not
	// better-auth's own, in camelCase or snake_case, singular or plural.
	Names siteschema.Names
	// TimeZone is the zone whose wall clock the website writes into columns
	// that have none; empty means DefaultTimeZone.
	TimeZone string
	// TokenForm says how the website stores the tokens of sessions; empty means
	// store.TokenPlain.
	TokenForm store.TokenForm
	// NameCase says what the case of letters means in user names; empty means
	// store.NameCaseAuto.
	NameCase store.NameCase
	// Log receives what the operator should know; nil discards it.
	Log *slog.Logger
	// Now is the clock for every decision; nil means time.Now.
	Now func() time.Time
	// SessionExpiresIn and SessionUpdateAge are the website's own settings
	// session.expiresIn and session.updateAge; 0 means its defaults.
	SessionExpiresIn, SessionUpdateAge time.Duration
	// UsernameMin and UsernameMax are the bounds of a user name at a sign-in, in
	// characters. Check compares them with the website's names; 0 means
	// better-auth's bounds.
	UsernameMin, UsernameMax int
	// MaxConns bounds the pool, 1 to MaxMaxConns; 0 means DefaultMaxConns.
	MaxConns int
	// Feed is how changes are received; empty means FeedAuto.
	Feed FeedMode
	// FeedURL is where the feed connects; empty means URL. Neither notifications
	// nor replication pass a pooler in transaction mode.
	FeedURL string
	// FeedPatience bounds every wait of the feed for an answer of the server. After
	// it the connection is given up. Changes may be reported this much late. 0
	// means DefaultFeedPatience.
	FeedPatience time.Duration
	// Migrate lets Open bring the schema "game" up to date. Without it, Open
	// refuses a database that is behind.
	Migrate bool
	// Refused counts the notifications that are not used; nil: they are not
	// counted.
	Refused *prometheus.CounterVec
}

// Store is the contract on PostgreSQL. Its methods may be called from any
// number of goroutines; deadlines are those of their contexts.
type Store struct {
	pool         *pgxpool.Pool
	rows         *rowSecurity
	users        store.UserCounts
	mixed        mixed
	nameCase     store.NameCase
	q            *db.Queries
	web          *website
	log          *slog.Logger
	clock        func() time.Time
	expiresIn    time.Duration
	updateAge    time.Duration
	usernameMin  int
	usernameMax  int
	feed         FeedMode
	feedConn     *pgx.ConnConfig
	feedPatience time.Duration
	refused      *refusals
	writes       *writes
}

var (
	_ store.Engine = (*Store)(nil)
	_ store.Admin  = (*Store)(nil)
	_ store.Purger = (*Store)(nil)
	_ store.Reader = (*Store)(nil)
)

// Open connects, finds the website's tables, brings the schema "game" up to
// date (or checks that it is) and returns the store. Its errors are sentences
// for the operator: they name DATABASE_URL, every missing table, column and
// grant, or the command to run. They never hold the URL's password.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	rows, w := &rowSecurity{}, &writes{now: cfg.Now}
	pool, err := connect(ctx, cfg, rows, w)
	if err != nil {
		return nil, err
	}
	feedConn, err := feedConfig(pool, cfg.FeedURL)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s := newStore(cfg, pool, rows, feedConn)
	s.writes = w
	if err := s.prepare(ctx, cfg); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// newStore returns a store that has not read anything yet, from a complete
// Config.
func newStore(cfg Config, pool *pgxpool.Pool, rows *rowSecurity, feedConn *pgx.ConnConfig) *Store {
	return &Store{
		pool: pool, rows: rows, nameCase: cfg.NameCase, q: db.New(pool), log: cfg.Log, clock: cfg.Now,
		expiresIn: cfg.SessionExpiresIn, updateAge: cfg.SessionUpdateAge, usernameMin: cfg.UsernameMin, usernameMax: cfg.UsernameMax,
		feed: cfg.Feed, feedConn: feedConn, feedPatience: cfg.FeedPatience,
		refused: &refusals{log: cfg.Log, counts: cfg.Refused, logged: map[string]time.Time{}},
	}
}

// prepare looks at the website's tables before it touches ours, so that a wrong
// database stays unchanged.
func (s *Store) prepare(ctx context.Context, cfg Config) error {
	f, err := findWebsite(ctx, s.pool, cfg.site())
	if err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	s.web = f.site
	if !s.web.mayRefresh {
		s.log.WarnContext(ctx, "the role may not prolong the website's sessions; players are signed out when theirs end",
			"grant", s.web.refreshGrant)
	}
	if err := ensureSchema(ctx, s.pool, cfg); err != nil {
		return err
	}
	if err := gameGrants(ctx, s.pool); err != nil {
		return err
	}
	if err := s.oursShown(ctx); err != nil {
		return err
	}
	if err := s.makeSkeletons(ctx); err != nil {
		return err
	}
	if err := s.adoptRows(ctx); err != nil {
		return err
	}
	return s.warn(ctx)
}

// CacheKey returns the key that signs the values in a shared cache. Only a role
// that may read our tables knows it.
func (s *Store) CacheKey(ctx context.Context) ([]byte, error) {
	var key []byte
	err := s.pool.QueryRow(ctx, `SELECT value FROM game.secret WHERE name = 'cache'`).Scan(&key)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errConfig("game.secret has no row with the name cache: run INSERT INTO game.secret (name) VALUES ('cache')")
	}
	return key, translate(ctx, "read the key of the cache", err)
}

// Ping reports whether the database answers now.
func (s *Store) Ping(ctx context.Context) error {
	return translate(ctx, "ping", s.pool.Ping(ctx))
}

// Close waits for the calls in flight and closes every connection.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// now is the time that a call uses and writes: UTC, in whole milliseconds, as
// the website stores it.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

func (c Config) site() site {
	return site{schema: c.Schema, names: c.Names, zone: c.TimeZone, token: c.TokenForm}
}

func (c Config) complete() (Config, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Refused == nil {
		c.Refused = NewRefused(nil)
	}
	if c.SessionExpiresIn == 0 {
		c.SessionExpiresIn = DefaultSessionExpiresIn
	}
	if c.SessionUpdateAge == 0 {
		c.SessionUpdateAge = DefaultSessionUpdateAge
	}
	if c.FeedPatience == 0 {
		c.FeedPatience = DefaultFeedPatience
	}
	if c.UsernameMin == 0 {
		c.UsernameMin = store.DefaultUsernameMin
	}
	if c.UsernameMax == 0 {
		c.UsernameMax = store.DefaultUsernameMax
	}
	if c.TimeZone == "" {
		c.TimeZone = DefaultTimeZone
	}
	if c.MaxConns == 0 {
		c.MaxConns = DefaultMaxConns
	}
	if c.NameCase == "" {
		c.NameCase = store.NameCaseAuto
	}
	if c.Feed == "" {
		c.Feed = FeedAuto
	}
	switch {
	case c.SessionExpiresIn < 0 || c.SessionUpdateAge < 0:
		return c, errConfig("session-expires-in and session-update-age must not be negative")
	case c.SessionUpdateAge > c.SessionExpiresIn:
		return c, errConfig(fmt.Sprintf("session-update-age (%v) must not exceed session-expires-in (%v)",
			c.SessionUpdateAge, c.SessionExpiresIn))
	case c.Feed != FeedAuto && c.Feed != FeedReplication && c.Feed != FeedTriggers:
		return c, errConfig(fmt.Sprintf("the change feed must be %s, %s or %s, not %q", FeedAuto, FeedReplication, FeedTriggers, c.Feed))
	case !slices.Contains(store.NameCases(), c.NameCase):
		return c, errConfig(fmt.Sprintf("the case of user names is one of %q, not %q", store.NameCases(), c.NameCase))
	case !c.TokenForm.Known():
		return c, errConfig(fmt.Sprintf("session tokens are stored as one of %q, not as %q", store.TokenForms(), c.TokenForm))
	case c.MaxConns < 1 || c.MaxConns > MaxMaxConns:
		return c, errConfig(fmt.Sprintf("the number of connections must be 1 to %d, not %d", MaxMaxConns, c.MaxConns))
	}
	return c, nil
}
