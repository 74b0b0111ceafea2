package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
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
func (s *Store) feedConfig() *pgx.ConnConfig {
	c := s.pool.Config().ConnConfig.Copy()
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
	return c
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
