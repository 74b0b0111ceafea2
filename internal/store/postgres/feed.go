package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/store"
)

// FeedMode is a way to learn what changes.
type FeedMode string

// The modes.
const (
	// FeedAuto is replication where the server and the role allow it, otherwise
	// triggers.
	FeedAuto FeedMode = "auto"
	// FeedReplication reads the write-ahead log.
	FeedReplication FeedMode = "replication"
	// FeedTriggers has triggers on the tables notify.
	FeedTriggers FeedMode = "triggers"
)

const (
	// feedInterval is how often the server is asked how far the feed is.
	feedInterval = 50 * time.Millisecond
	// feedPatience bounds every wait for the server on a connection of the feed;
	// after it the connection is given up.
	feedPatience = time.Second
	// The wait between two attempts to connect doubles from feedRetryMin to
	// feedRetryMax.
	feedRetryMin = 50 * time.Millisecond
	feedRetryMax = 2 * time.Second
)

// connection is one connection of a feed: it tells to until something fails.
type connection func(ctx context.Context, to store.Follower) error

// errNoFeed is the error of a feed that cannot work however often it is tried.
var errNoFeed = errors.New("no change feed is possible")

// keepFollowing connects again and again until ctx ends.
func keepFollowing(ctx context.Context, to store.Follower, connect connection) error {
	pause := feedRetryMin
	for {
		began := time.Now()
		err := connect(ctx, to)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errNoFeed):
			return err
		}
		to.Lost(err)
		if time.Since(began) > feedRetryMax {
			pause = feedRetryMin // it had worked
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration((0.5 + rand.Float64()/2) * float64(pause))): //nolint:gosec // no secret
		}
		pause = min(2*pause, feedRetryMax)
	}
}

// feedConfig is how the feed connects: like the pool, but so that a server
// whose client has gone or stands still gives the connection up soon. Otherwise
// what it has to tell could pile up on its disk.
func feedConfig(pool *pgxpool.Pool, url string) (*pgx.ConnConfig, error) {
	c := pool.Config().ConnConfig.Copy()
	if url != "" {
		var err error
		if c, err = pgx.ParseConfig(url); err != nil {
			// The parser's own words can hold pieces of the password.
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
	c.ConnectTimeout = 2 * feedPatience
	return c, nil
}

// originQuery names the history that transaction ids belong to: the cluster,
// its timeline and the database.
const originQuery = `SELECT system_identifier::text || '-' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '-' ||
	(SELECT oid::text FROM pg_database WHERE datname = current_database()), pg_current_snapshot()::text
FROM pg_control_system()`

// beginFeed tells the beginning of a connection that listens from here on.
func beginFeed(ctx context.Context, conn *pgx.Conn, to store.Follower) error {
	ctx, cancel := context.WithTimeout(ctx, feedPatience)
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

// chosenFeed chooses when it is followed, and says so in the log.
type chosenFeed struct{ store *Store }

// Follow implements store.Feed.
func (c chosenFeed) Follow(ctx context.Context, to store.Follower) error {
	s := c.store
	replication, triggers := newReplicationFeed(s), newTriggerFeed(s)
	if s.feed == FeedTriggers {
		return c.follow(ctx, triggers, FeedTriggers, to)
	}
	err := replication.try(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		err = c.follow(ctx, replication, FeedReplication, to)
		if err == nil || s.feed == FeedReplication {
			return err
		}
	case s.feed == FeedReplication:
		return fmt.Errorf("%w: CHANGE_FEED=replication cannot work: %w", errNoFeed, err)
	}
	s.log.InfoContext(ctx, "changes are learned from triggers; replication would cost the website less", "why_not_replication", err.Error())
	return c.follow(ctx, triggers, FeedTriggers, to)
}

func (c chosenFeed) follow(ctx context.Context, feed store.Feed, mode FeedMode, to store.Follower) error {
	c.store.log.InfoContext(ctx, "the change feed begins", "mode", string(mode))
	return feed.Follow(ctx, to)
}

// MakeFeed puts in place what the feed needs in the database, for roles that
// may not: the triggers, and where the server allows replication, the
// publication. The role has to own the website's tables, and needs CREATE on
// the database.
func (s *Store) MakeFeed(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.feedConn.Copy())
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
	if s.feed != FeedReplication && errors.Is(err, errHarmful) {
		return nil // the triggers do
	}
	return err
}

// checkFeed says which feed can work, and what keeps the others from working.
// It changes nothing.
func (s *Store) checkFeed(ctx context.Context) (ok bool, detail string, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.feedConn.Copy())
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
