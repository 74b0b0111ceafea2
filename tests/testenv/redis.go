package testenv

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// leaseFor is how long a logical database stays with a test that never gave it
// back, because its process was killed.
const leaseFor = time.Hour

// Redis returns the URL of an empty logical database of the shared server. It
// belongs to the test until it ends, then it is emptied. What is common to all
// logical databases is not the test's own: FLUSHALL, CONFIG SET, pub/sub and
// DEBUG need [OwnRedis].
func Redis(t testing.TB) string {
	t.Helper()
	server := shared(t, RedisURLVariable)
	option, err := rueidis.ParseURL(server)
	if err != nil {
		t.Fatalf("%s must be of the form redis://host:port: %v", RedisURLVariable, err)
	}
	ctx, cancel := bounded()
	defer cancel()
	db, err := lease(ctx, option)
	if err != nil {
		t.Fatalf("get a logical database on the server of %s: %v", RedisURLVariable, err)
	}
	t.Cleanup(func() {
		ctx, cancel := bounded()
		defer cancel()
		if err := release(ctx, option, db); err != nil {
			t.Errorf("give back logical database %d: %v", db, err)
		}
	})
	u, err := withDatabase(server, strconv.Itoa(db))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// leaseKey names the lease of a logical database; leases are kept in database
// 0, which no test gets.
func leaseKey(db int) string { return "testenv:lease:" + strconv.Itoa(db) }

// lease takes a logical database that nobody holds, beginning at another one
// each time, and empties it.
func lease(ctx context.Context, option rueidis.ClientOption) (int, error) {
	client, err := connect(option, 0)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	config, err := client.Do(ctx, client.B().ConfigGet().Parameter("databases").Build()).AsStrMap()
	if err != nil {
		return 0, err
	}
	count, err := strconv.Atoi(config["databases"])
	if err != nil || count < 2 {
		return 0, fmt.Errorf("the server has %q logical databases, at least 2 are needed", config["databases"])
	}
	first, err := client.Do(ctx, client.B().Incr().Key("testenv:next").Build()).AsInt64()
	if err != nil {
		return 0, err
	}
	for i := range count - 1 {
		db := 1 + (int(first)+i)%(count-1)
		err := client.Do(ctx, client.B().Set().Key(leaseKey(db)).Value("held").Nx().Ex(leaseFor).Build()).Error()
		if rueidis.IsRedisNil(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return db, empty(ctx, option, db)
	}
	return 0, fmt.Errorf("all %d logical databases are held by tests", count-1)
}

func release(ctx context.Context, option rueidis.ClientOption, db int) error {
	if err := empty(ctx, option, db); err != nil {
		return err // the lease stays, and runs out
	}
	client, err := connect(option, 0)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Do(ctx, client.B().Del().Key(leaseKey(db)).Build()).Error()
}

func empty(ctx context.Context, option rueidis.ClientOption, db int) error {
	client, err := connect(option, db)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Do(ctx, client.B().Flushdb().Build()).Error()
}

// connect opens one plain connection to a logical database.
func connect(option rueidis.ClientOption, db int) (rueidis.Client, error) {
	option.SelectDB = db
	option.DisableCache = true
	option.ForceSingleClient = true
	option.PipelineMultiplex = -1
	client, err := rueidis.NewClient(option)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to logical database %d", db), err)
	}
	return client, nil
}
