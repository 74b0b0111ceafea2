package consistency

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/redis/rueidis"
)

// fault is something that happens while everybody goes on, and its end.
type fault struct {
	name string
	do   func(r *run, rng *rand.Rand)
}

func faults() []fault {
	return []fault{
		{"redis flushed", func(r *run, _ *rand.Rand) {
			r.redisDo(func(c rueidis.Client, ctx context.Context) { c.Do(ctx, c.B().Flushall().Build()) })
		}},
		{"redis restarted", func(r *run, rng *rand.Rand) {
			r.redis.Kill(r.t)
			r.pause(upTo(rng, time.Second))
			r.redis.Start(r.t)
		}},
		{"redis frozen", func(r *run, rng *rand.Rand) {
			r.redis.Freeze(r.t)
			r.pause(upTo(rng, 2*time.Second))
			r.redis.Thaw(r.t)
		}},
		{"redis slow", func(r *run, rng *rand.Rand) {
			p := r.proxies[rng.IntN(2)].redis
			p.Slow(r.t, upTo(rng, 200*time.Millisecond))
			r.pause(upTo(rng, time.Second))
			p.Heal(r.t)
		}},
		{"redis black-holed", func(r *run, rng *rand.Rand) {
			p := r.proxies[rng.IntN(2)].redis
			p.Blackhole(r.t)
			r.pause(upTo(rng, time.Second))
			p.Heal(r.t)
		}},
		{"garbage in redis", func(r *run, _ *rand.Rand) {
			for key := range r.redisValues() {
				r.redisDo(func(c rueidis.Client, ctx context.Context) { c.Do(ctx, c.B().Set().Key(key).Value("garbage").Build()) })
			}
		}},
		// A replica that was held up stores what it read long before.
		{"old values in redis", func(r *run, rng *rand.Rand) {
			old := r.redisValues()
			r.pause(upTo(rng, 1500*time.Millisecond))
			for key, value := range old {
				r.redisDo(func(c rueidis.Client, ctx context.Context) {
					c.Do(ctx, c.B().Set().Key(key).Value(rueidis.BinaryString(value)).PxMilliseconds(60000).Build())
				})
			}
		}},
		{"feed cut off", func(r *run, _ *rand.Rand) {
			if err := r.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'waystone feed%'`); err != nil {
				r.t.Error(err)
			}
		}},
		{"database slow", func(r *run, rng *rand.Rand) {
			p := r.proxies[rng.IntN(2)].postgres
			p.Slow(r.t, upTo(rng, 150*time.Millisecond))
			r.pause(upTo(rng, time.Second))
			p.Heal(r.t)
		}},
		{"database black-holed", func(r *run, rng *rand.Rand) {
			p := r.proxies[rng.IntN(2)].postgres
			p.Blackhole(r.t)
			r.pause(upTo(rng, 1500*time.Millisecond))
			p.Heal(r.t)
		}},
		{"database cut off", func(r *run, rng *rand.Rand) {
			p := r.proxies[rng.IntN(2)].postgres
			p.Cut()
			r.pause(upTo(rng, time.Second))
			p.Heal(r.t)
		}},
	}
}

func upTo(rng *rand.Rand, d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d))) }

// harm makes one fault after the other until the run ends.
func (r *run) harm(rng *rand.Rand) {
	for r.pause(upTo(rng, 400*time.Millisecond)) {
		f := faults()[rng.IntN(len(faults()))]
		f.do(r, rng)
		r.count(r.faulted, f.name)
	}
}

// redisDo calls the server itself, past all proxies.
func (r *run) redisDo(f func(rueidis.Client, context.Context)) {
	option, err := rueidis.ParseURL(r.redis.URL())
	if err != nil {
		r.t.Error(err)
		return
	}
	option.DisableCache = true
	c, err := rueidis.NewClient(option)
	if err != nil {
		r.t.Errorf("connect to redis: %v", err)
		return
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	f(c, ctx)
}

func (r *run) redisValues() map[string][]byte {
	values := map[string][]byte{}
	r.redisDo(func(c rueidis.Client, ctx context.Context) {
		keys, err := c.Do(ctx, c.B().Keys().Pattern("*").Build()).AsStrSlice()
		if err != nil {
			r.t.Errorf("list the keys in redis: %v", err)
		}
		for _, key := range keys {
			if v, err := c.Do(ctx, c.B().Get().Key(key).Build()).AsBytes(); err == nil {
				values[key] = v
			}
		}
	})
	return values
}
