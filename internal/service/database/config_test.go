package database_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

func loadConfig(vars map[string]string) (database.Config, error) {
	var c database.Config
	r := config.New("waystone")
	c.Register(r.Section("Database", "The database part."))
	var environ []string
	for name, value := range vars {
		environ = append(environ, name+"="+value)
	}
	err := r.Load(nil, environ)
	return c, err
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := loadConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := database.Config{
		RedisURL: "redis://127.0.0.1:6379", MaxConns: 16, ChangeFeed: "auto", WebsiteTimeZone: "UTC", UsernameCase: "auto", TokenStored: "plain", CacheTTL: 300 * time.Second, CacheNearBytes: 64 << 20,
		SessionExpiresIn: 7 * 24 * time.Hour, SessionUpdateAge: 24 * time.Hour, PurgeInterval: time.Minute, SweepGrace: 7 * 24 * time.Hour,
		WatchBuffer: 65536,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		good        bool
	}{
		{"DATABASE_URL", "postgres://u:p@db:5432/game", true},
		{"DATABASE_URL", "postgresql://db/game", true},
		{"DATABASE_URL", "sqlite:data/waystone.db", true},
		{"DATABASE_URL", "sqlite:", false},
		{"DATABASE_URL", "postgres://", false},
		{"DATABASE_URL", "POSTGRES://db", false},
		{"DATABASE_URL", "mysql://db", false},
		{"DATABASE_URL", "postgres://db/game?sslmode=require&search_path=a", true},
		{"DATABASE_URL", "postgres://db/game?schema=public", false},
		{"DATABASE_URL", "postgres://db/game?sslmode=require&connection_limit=5", false},
		{"DATABASE_URL", "postgres://db/game?pgbouncer=true", false},
		{"DATABASE_FEED_URL", "postgres://db/game?schema=public", false},
		{"DATABASE_URL", "data/waystone.db", false},
		{"REDIS_URL", "none", true},
		{"REDIS_URL", "redis://cache:6379", true},
		{"REDIS_URL", "rediss://cache:6379", true},
		{"REDIS_URL", "redis-sentinel://a,b:26379/main?db=1", true},
		{"REDIS_URL", "redis-cluster://a:7000,b:7001", true},
		{"REDIS_URL", "redis-sentinel://a", false},
		{"REDIS_URL", "redis+sentinel://a/main", false},
		{"REDIS_URL", "cache:6379", false},
		{"REDIS_URL", "redis://", false},
		{"DATABASE_MAX_CONNS", "1", true},
		{"DATABASE_MAX_CONNS", "1000", true},
		{"DATABASE_MAX_CONNS", "0", false},
		{"DATABASE_MAX_CONNS", "1001", false},
		{"CHANGE_FEED", "triggers", true},
		{"CHANGE_FEED", "replication", true},
		{"CHANGE_FEED", "polling", false},
		{"DATABASE_FEED_URL", "postgres://u@h/db", true},
		{"DATABASE_FEED_URL", "sqlite:x", false},
		{"WEBSITE_TABLES", "user=app_users, session=app sessions", true},
		{"WEBSITE_TABLES", "users=app_users", false},
		{"WEBSITE_TABLES", "user=app_users,user=others", false},
		{"WEBSITE_COLUMNS", "session.expiresAt=valid_until", true},
		{"WEBSITE_COLUMNS", "session.expires_at=valid_until", false},
		{"WEBSITE_TIME_ZONE", "America/New_York", true},
		{"SESSION_TOKEN_STORED", "sha256-hex", true},
		{"SESSION_TOKEN_STORED", "sha256-base64url", true},
		{"SESSION_TOKEN_STORED", "md5", false},
		{"CACHE_TTL", "0s", true},
		{"CACHE_TTL", "300s", true},
		{"CACHE_TTL", "3601s", false},
		{"CACHE_TTL", "-1s", false},
		{"CACHE_NEAR_BYTES", "0", true},
		{"CACHE_NEAR_BYTES", "-1", false},
		{"SESSION_EXPIRES_IN", "24h", true}, // as long as the default SESSION_UPDATE_AGE
		{"SESSION_EXPIRES_IN", "59s", false},
		{"SESSION_EXPIRES_IN", "9601h", false},
		{"SESSION_UPDATE_AGE", "0s", true},
		{"SESSION_UPDATE_AGE", "168h", true},
		{"SESSION_UPDATE_AGE", "169h", false}, // longer than SESSION_EXPIRES_IN
		{"PURGE_INTERVAL", "1s", true},
		{"PURGE_INTERVAL", "24h", true},
		{"PURGE_INTERVAL", "999ms", false},
		{"PURGE_INTERVAL", "25h", false},
		{"WATCH_BUFFER", "1024", true},
		{"WATCH_BUFFER", "16777216", true},
		{"WATCH_BUFFER", "1023", false},
		{"WATCH_BUFFER", "16777217", false},
	} {
		_, err := loadConfig(map[string]string{c.name: c.value})
		switch {
		case c.good && err != nil:
			t.Errorf("%s=%s is refused: %v", c.name, c.value, err)
		case !c.good && err == nil:
			t.Errorf("%s=%s is taken", c.name, c.value)
		case !c.good && !strings.Contains(err.Error(), c.name):
			t.Errorf("%s=%s: the error does not name it: %v", c.name, c.value, err)
		}
	}
}
