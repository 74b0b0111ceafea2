package rediscache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// healthKey is written by Health, behind Config.Prefix, and kept for a minute.
const healthKey = "health"

// trouble is a way in which Redis can be of no use.
type trouble struct {
	reason   string
	prefixes []string // of its errors
	sentence string
}

// The last one is for whatever no other is meant for.
var troubles = []trouble{ //nolint:gochecknoglobals // a constant table
	{"read_only", []string{"READONLY"}, "Redis is a replica and takes no writes: REDIS_URL has to lead to the master, or name its Sentinels"},
	{"full", []string{"OOM"}, "the memory of Redis is full and nothing in it may be evicted: raise maxmemory, or set maxmemory-policy to allkeys-lru"},
	{"disk", []string{"MISCONF"}, "Redis cannot save to its disk and takes no writes: make room there, or look at its log"},
	{"refused", []string{"NOAUTH", "WRONGPASS", "NOPERM"}, "Redis refuses the user or the password of REDIS_URL, or what the user needs: were they changed? Set REDIS_URL and restart"},
	{"unreachable", nil, "Redis does not answer"},
}

// Reasons are those with which Health may fail; see health.Check.
func Reasons() []string {
	var list []string
	for _, t := range troubles {
		list = append(list, t.reason)
	}
	return list
}

// Health is an error, with what mends it, while Redis does not take a write,
// whatever the circuit breaker thinks; a Redis that answers to a ping alone is
// of no use. Of a cluster it asks one node. Like Ping it may take
// Config.DialTimeout.
func (r *Redis) Health(ctx context.Context) error {
	err := r.write(ctx)
	if err == nil {
		return nil
	}
	t := troubleOf(err)
	return health.Because(t.reason, fmt.Errorf("%s: %w", t.sentence, err))
}

func (r *Redis) write(ctx context.Context) error {
	client := r.client.Load()
	if client == nil {
		if cause := r.unconnected.Load(); cause != nil {
			return *cause
		}
		return errNotConnected
	}
	ctx, cancel := context.WithTimeout(ctx, max(r.cfg.Timeout, r.cfg.DialTimeout))
	defer cancel()
	_, err := bounded(ctx, r.workers, func() (struct{}, error) {
		return struct{}{}, (*client).Do(ctx, (*client).B().Set().Key(r.cfg.Prefix+healthKey).Value("1").
			PxMilliseconds(time.Minute.Milliseconds()).Build()).Error()
	})
	return err
}

// troubleOf tells from an error what is wrong.
func troubleOf(err error) trouble {
	last := troubles[len(troubles)-1]
	var reply *rueidis.RedisError
	if !errors.As(err, &reply) {
		return last
	}
	for _, t := range troubles {
		for _, prefix := range t.prefixes {
			if strings.HasPrefix(reply.Error(), prefix) {
				return t
			}
		}
	}
	return last
}
