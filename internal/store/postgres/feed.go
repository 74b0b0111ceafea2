package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/store"
)

// FeedMode is a way to receive changes.
type FeedMode string

// The modes.
const (
	// FeedAuto is replication where the server and the role allow it, otherwise
	// triggers.
	FeedAuto FeedMode = "auto"
	// FeedReplication reads the write-ahead log.
	FeedReplication FeedMode = "replication"
	// FeedTriggers uses triggers on the tables that notify.
	FeedTriggers FeedMode = "triggers"
)

const (
	// feedInterval is how often the server is asked how far the feed is.
	feedInterval = 50 * time.Millisecond
	// DefaultFeedPatience is [Config.FeedPatience] if that is 0.
	DefaultFeedPatience = time.Second
	// feedConnectTimeout bounds the time to connect.
	feedConnectTimeout = 3 * time.Second
	// feedInstallTimeout bounds the time to create what the feed needs, or to remove
	// it.
	feedInstallTimeout = 10 * time.Second
	// feedCloseTimeout bounds the end of a connection for which nobody waits.
	feedCloseTimeout = time.Second
	// The wait between two attempts to connect doubles from feedRetryMin to
	// feedRetryMax.
	feedRetryMin = 50 * time.Millisecond
	feedRetryMax = 2 * time.Second
	// feedIdle is after how long without a question the server ends a connection
	// of the feed; longer than any wait of the feed.
	feedIdle = feedBeginning + 15*time.Second
)

// connection is one connection of a feed: it reports to the follower until
// something fails.
type connection func(ctx context.Context, to store.Follower) error

// errNoFeed is the error of a feed that cannot work, even if it is tried again.
var errNoFeed = errors.New("no change feed is possible")

// begun is a Follower that remembers whether a connection began.
type begun struct {
	store.Follower
	yes bool
}

// Reset implements store.Follower.
func (b *begun) Reset(origin string, at store.Snapshot) {
	b.yes = true
	b.Follower.Reset(origin, at)
}

// keepFollowing connects again and again until ctx ends. If a connection has
// worked once, an errNoFeed ends only the connection, because the feed can work
// again.
func keepFollowing(ctx context.Context, to store.Follower, connect connection) error {
	pause := feedRetryMin
	worked := false
	for {
		b := &begun{Follower: to}
		err := connect(ctx, b)
		worked = worked || b.yes
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errNoFeed) && !worked:
			return err
		}
		to.Lost(err)
		if b.yes {
			pause = feedRetryMin
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration((0.5 + rand.Float64()/2) * float64(pause))): //nolint:gosec // no secret
		}
		pause = min(2*pause, feedRetryMax)
	}
}

// connectFeed connects. It returns an error if there is a pooler: a pooler
// passes on neither notifications nor the log, without any error.
func connectFeed(ctx context.Context, c *pgx.ConnConfig) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, feedConnectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("connect (a pooler may refuse; then DATABASE_FEED_URL has to name the server itself): %w", err)
	}
	// The server cannot distinguish a client that stands still from one that has
	// gone, and keeps the data for both. Servers before 14 have no such limit.
	var process uint32
	err = conn.QueryRow(ctx, `SELECT pg_backend_pid() FROM (SELECT) one LEFT JOIN
		(SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'idle_session_timeout') s ON true`,
		strconv.FormatInt(feedIdle.Milliseconds(), 10)).Scan(&process)
	switch {
	case err != nil:
		err = fmt.Errorf("ask the server: %w", err)
	case process != conn.PgConn().PID():
		err = fmt.Errorf("%w through a pooler: set DATABASE_FEED_URL to a URL of the server itself", errNoFeed)
	default:
		return conn, nil
	}
	closeFeed(conn)
	return nil, err
}

// feedConfig returns how the feed connects: like the pool, but with settings by
// which the server soon gives up a connection whose client has gone or stands
// still. Otherwise data for this client could fill the server's disk.
func feedConfig(pool *pgxpool.Pool, url string) (*pgx.ConnConfig, error) {
	c := pool.Config().ConnConfig.Copy()
	if url != "" {
		var err error
		if c, err = pgx.ParseConfig(url); err != nil {
			// The parser's error can contain parts of the password.
			return nil, errConfig("DATABASE_FEED_URL is malformed; it has the form postgres://user:password@host:5432/database, " +
				"with special characters in the password percent-encoded")
		}
	}
	for name, value := range map[string]string{
		"application_name":        "waystone feed",
		"tcp_user_timeout":        "10000",
		"tcp_keepalives_idle":     "5",
		"tcp_keepalives_interval": "2",
		"tcp_keepalives_count":    "3",
		"statement_timeout":       "5000",
		"lock_timeout":            "2000",
	} {
		c.RuntimeParams[name] = value
	}
	c.ConnectTimeout = 2 * time.Second
	return c, nil
}

// originQuery names the history that transaction ids belong to: the cluster,
// its timeline and the database.
const originQuery = `SELECT system_identifier::text || '-' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '-' ||
	(SELECT oid::text FROM pg_database WHERE datname = current_database()), pg_current_snapshot()::text
FROM pg_control_system()`

// beginFeed reports the beginning of a connection that receives all changes
// from here on.
func (s *Store) beginFeed(ctx context.Context, conn *pgx.Conn, to store.Follower) error {
	ctx, cancel := context.WithTimeout(ctx, s.feedPatience)
	defer cancel()
	var origin, seen string
	if err := conn.QueryRow(ctx, originQuery).Scan(&origin, &seen); err != nil {
		return fmt.Errorf("ask the server for its identity: %w", err)
	}
	at, err := store.ParseSnapshot(seen)
	if err != nil {
		return err
	}
	to.Reset(origin, at)
	return nil
}

// Feed returns the feed of what changes in the database, by Config.Feed.
func (s *Store) Feed() store.Feed { return chosenFeed{s} }

// chosenFeed chooses the mode each time it connects, and logs the choice.
type chosenFeed struct{ store *Store }

// Follow implements store.Feed.
func (c chosenFeed) Follow(ctx context.Context, to store.Follower) error {
	choice := &feedChoice{store: c.store}
	return keepFollowing(ctx, to, choice.connect)
}

// feedChoice is what was chosen last, and why not the other.
type feedChoice struct {
	store   *Store
	mode    FeedMode
	against error // replication
	refused bool  // by the server, although everything was in place
}

func (c *feedChoice) connect(ctx context.Context, to store.Follower) error {
	mode, err := c.choose(ctx)
	if err != nil {
		return err
	}
	if mode != c.mode {
		attrs := []any{"mode", string(mode)}
		if c.against != nil {
			attrs = append(attrs, "why_not_replication", c.against.Error())
		}
		c.store.log.InfoContext(ctx, "the change feed begins", attrs...)
		c.mode = mode
	}
	if mode == FeedTriggers {
		err = newTriggerFeed(c.store).connect(ctx, to)
		if errors.Is(err, errNoFeed) && c.against != nil {
			err = fmt.Errorf("%w; nor by replication: %w", err, c.against)
		}
		return err
	}
	b := &begun{Follower: to}
	err = newReplicationFeed(c.store).connect(ctx, b)
	if !b.yes && c.store.feed == FeedAuto && refused(err) {
		c.against, c.refused = err, true
	}
	return err
}

// choose returns the mode to connect with. If the server does not answer, it
// returns an error and chooses nothing.
func (c *feedChoice) choose(ctx context.Context) (FeedMode, error) {
	if c.store.feed == FeedTriggers || c.refused {
		return FeedTriggers, nil
	}
	conn, err := connectFeed(ctx, c.store.feedConn.Copy())
	if err != nil {
		return "", err
	}
	defer closeFeed(conn)
	bounded, cancel := context.WithTimeout(ctx, c.store.feedPatience)
	defer cancel()
	err = newReplicationFeed(c.store).allowed(bounded, conn)
	switch {
	case err == nil:
		c.against = nil
		return FeedReplication, nil
	case !errors.Is(err, errNoFeed):
		return "", err
	case c.store.feed == FeedReplication:
		return "", fmt.Errorf("CHANGE_FEED=replication cannot work: %w", err)
	}
	c.against = err
	return FeedTriggers, nil
}

// refused reports whether the server answered with a refusal: a right or an
// entry of pg_hba.conf is missing, or all senders or slots are in use.
func refused(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && len(pe.Code) == 5 &&
		(pe.Code[:2] == "28" || pe.Code[:2] == "53" || pe.Code == "42501" || pe.Code == "0A000")
}

// RequireFeed returns an error if Config.Feed asks for a mode that cannot work:
// a sentence that says what is missing and what to run.
func (s *Store) RequireFeed(ctx context.Context) error {
	if s.feed == FeedAuto {
		return nil
	}
	ok, detail, err := s.checkFeed(ctx)
	if err != nil || ok {
		return err
	}
	return errConfig(fmt.Sprintf("CHANGE_FEED=%s: %s", s.feed, detail))
}

// MakeFeed creates in the database what the feed needs, for servers whose role
// may not do that: the triggers and, if the server allows replication, the
// publication. The role has to own the website's tables, and needs CREATE on
// the database.
func (s *Store) MakeFeed(ctx context.Context) error {
	conn, err := connectFeed(ctx, s.feedConn.Copy())
	if err != nil {
		return translate(ctx, "make the change feed", err)
	}
	defer closeFeed(conn)
	if s.feed != FeedReplication {
		if _, err := newTriggerFeed(s).install(ctx, conn); err != nil {
			return err
		}
	}
	var publishes bool
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int >= $1 AND current_setting('wal_level') = 'logical'`,
		columnLists).Scan(&publishes)
	if err != nil {
		return translate(ctx, "ask the server what it allows", err)
	}
	if !publishes {
		return nil
	}
	err = newReplicationFeed(s).publish(ctx, conn)
	if s.feed == FeedAuto && errors.Is(err, errNoFeed) {
		return nil // the triggers are enough
	}
	return err
}

// checkFeed returns which feed can work, and why the others cannot. It changes
// nothing.
func (s *Store) checkFeed(ctx context.Context) (ok bool, detail string, err error) {
	conn, err := connectFeed(ctx, s.feedConn.Copy())
	if errors.Is(err, errNoFeed) {
		return false, err.Error(), nil
	}
	if err != nil {
		return false, "", translate(ctx, "connect", err)
	}
	defer closeFeed(conn)
	replication := newReplicationFeed(s).allowed(ctx, conn)
	triggers := newTriggerFeed(s).allowed(ctx, conn)
	switch {
	case ctx.Err() != nil:
		return false, "", ctx.Err()
	case replication == nil && s.feed != FeedTriggers:
		return true, "replication", nil
	case s.feed == FeedReplication:
		return false, "replication cannot work: " + replication.Error(), nil
	case triggers == nil && s.feed == FeedTriggers:
		return true, "triggers", nil
	case triggers == nil:
		return true, "triggers; not replication: " + replication.Error(), nil
	case s.feed == FeedTriggers:
		return false, "triggers cannot work: " + triggers.Error(), nil
	}
	return false, "neither works, so every read goes to the database. Replication: " + replication.Error() +
		". Triggers: " + triggers.Error(), nil
}
