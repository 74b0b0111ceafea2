package rediscache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/internal/utils/workers"
)

// Defaults of Config.
const (
	DefaultTimeout     = 50 * time.Millisecond
	DefaultDialTimeout = time.Second
	DefaultFailures    = 5
	DefaultOpenFor     = time.Second
)

// Config tunes a Redis.
type Config struct {
	// Timeout bounds every call. 0: 50 ms.
	Timeout time.Duration
	// DialTimeout bounds making a connection. 0: 1 s.
	DialTimeout time.Duration
	// Prefix comes before every key, so that several programs can share a Redis.
	Prefix string
	// MaxValue bounds a value, in bytes. 0: 1 MiB.
	MaxValue int
	// Failures in a row after which calls fail without asking Redis. 0: 5.
	Failures uint
	// OpenFor is how long they do, give or take a quarter; then one call tries,
	// and its outcome decides. 0: 1 s.
	OpenFor time.Duration
	// Log is told when Redis goes and when it comes back. It is required.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = DefaultDialTimeout
	}
	if c.MaxValue == 0 {
		c.MaxValue = DefaultMaxValue
	}
	if c.Failures == 0 {
		c.Failures = DefaultFailures
	}
	if c.OpenFor == 0 {
		c.OpenFor = DefaultOpenFor
	}
	return c
}

// Redis is a cache in a Redis server, one behind Sentinels, or a cluster. It
// needs Close.
type Redis struct {
	cfg     Config
	breaker *breaker
	client  atomic.Pointer[rueidis.Client] // nil until the first connection

	unconnected atomic.Pointer[error] // why there is no connection yet

	setNewer *rueidis.Lua
	workers  *workers.Pool // in which the calls are made

	connector sync.WaitGroup
	stop      context.CancelFunc
}

// Open returns a cache at a URL of one of these forms; with rediss in place of
// redis the connections are under TLS.
//
//	redis://[user:password@]host:port[/database]
//	redis-sentinel://[user:password@]host:port,host:port/master-name[?db=N]
//	redis-cluster://[user:password@]host:port,host:port
//
// The hosts of the last two need not be all: they name the others. User and
// password are those of the servers; Sentinels that ask for their own get them
// from the options sentinel_user and sentinel_password.
//
// The only error is that of CheckURL. Connecting goes on in the background for
// as long as it takes; Open waits for it no longer than Config.Timeout, so that
// a Redis that is there is in use from the first call. When a replica takes
// over from its master, calls go there within five seconds.
func Open(ctx context.Context, url string, cfg Config) (*Redis, error) {
	cfg = cfg.withDefaults()
	addr, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Redis{cfg: cfg, stop: stop, setNewer: rueidis.NewLuaScript(setNewer), workers: workers.New(callers)}
	r.breaker = newBreaker(cfg.Failures, cfg.OpenFor, r.logState)

	connected := make(chan struct{})
	r.connector.Go(func() {
		if client := connect(life, addr, cfg, func(err error) { r.unconnected.Store(&err) }); client != nil {
			r.client.Store(&client)
			close(connected)
		}
	})
	first := time.NewTimer(cfg.Timeout)
	defer first.Stop()
	select {
	case <-connected:
	case <-first.C:
	case <-ctx.Done():
	}
	return r, nil
}

// Close ends all connections. Calls after it fail with ErrUnavailable.
func (r *Redis) Close() {
	r.stop()
	r.connector.Wait()
	if client := r.client.Swap(nil); client != nil {
		(*client).Close()
	}
	r.workers.Close()
}

// State says how Redis is doing, as far as calls have shown.
func (r *Redis) State() State {
	if r.client.Load() == nil {
		return StateConnecting
	}
	return r.breaker.current()
}

// Ping asks Redis for a sign of life, whatever the circuit breaker thinks. It
// renews a lost connection if need be, and may take up to Config.DialTimeout
// for that, which makes it the right health check for a Redis that is far away.
func (r *Redis) Ping(ctx context.Context) error {
	client := r.client.Load()
	if client == nil {
		return errNotConnected
	}
	ctx, cancel := context.WithTimeout(ctx, max(r.cfg.Timeout, r.cfg.DialTimeout))
	defer cancel()
	_, err := bounded(ctx, r.workers, func() (struct{}, error) {
		return struct{}{}, (*client).Do(ctx, (*client).B().Ping().Build()).Error()
	})
	if err != nil {
		return fmt.Errorf("ping redis: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// Get returns the value of a key and whether there is one; an empty value is as
// none. The value belongs to
// the caller. One above Config.MaxValue is ErrTooLarge: it cannot be ours.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := checkKey(key); err != nil {
		return nil, false, err
	}
	value, err := do(ctx, r, "get from redis", func(ctx context.Context, client rueidis.Client) ([]byte, error) {
		return r.value(client.Do(ctx, r.get(client, key)))
	})
	return value, value != nil, err
}

// GetMany returns the values of keys in their order, nil for those that are not
// there or empty. One that is there and cannot be ours, of another kind or larger than
// Config.MaxValue, is empty and not nil, and no error: a program that writes to
// Redis must not be able to make it look broken. There are as many values as keys
// also with an error, which is about the keys that could not be read: a caller that
// treats nil as a miss can ignore it.
//
// The keys may live on different nodes of a cluster, so each is a command of its
// own, all sent together; those of a node that fails are errors, and the others'
// values are there all the same.
func (r *Redis) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if err := checkKeys(keys); err != nil || len(keys) == 0 {
		return make([][]byte, len(keys)), err
	}
	keys = slices.Clone(keys)
	values, err := do(ctx, r, "get from redis", func(ctx context.Context, client rueidis.Client) ([][]byte, error) {
		values := make([][]byte, len(keys))
		commands := make(rueidis.Commands, len(keys))
		for i, key := range keys {
			commands[i] = r.get(client, key)
		}
		var failure error
		for i, result := range client.DoMulti(ctx, commands...) {
			value, err := r.value(result)
			switch {
			case isForeign(err):
				value = []byte{}
			case err != nil && failure == nil:
				failure = err
			}
			values[i] = value
		}
		return values, failure
	})
	if values == nil { // nobody was asked, or nobody has answered in time
		values = make([][]byte, len(keys))
	}
	return values, err
}

// get asks for no more of a value than one byte above what can be ours: others
// may have put anything there.
func (r *Redis) get(client rueidis.Client, key string) rueidis.Completed {
	return client.B().Getrange().Key(r.cfg.Prefix + key).Start(0).End(int64(r.cfg.MaxValue)).Build()
}

// value reads the reply to get; nil is a miss.
func (r *Redis) value(reply rueidis.RedisResult) ([]byte, error) {
	value, err := reply.AsBytes()
	switch {
	case err != nil:
		return nil, err
	case len(value) == 0: // a key that is not there has an empty range
		return nil, nil
	case len(value) > r.cfg.MaxValue:
		return nil, fmt.Errorf("a value of more than %d bytes: %w", r.cfg.MaxValue, ErrTooLarge)
	}
	return value, nil
}

// Set stores a copy of a value for ttl, in place of any other.
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkEntry(key, value, ttl, r.cfg.MaxValue); err != nil {
		return err
	}
	text := string(value) // the client may send it after the call has been given up
	_, err := do(ctx, r, "set in redis", func(ctx context.Context, client rueidis.Client) (struct{}, error) {
		return struct{}{}, client.Do(ctx, client.B().Set().Key(r.cfg.Prefix+key).Value(text).
			PxMilliseconds(ttl.Milliseconds()).Build()).Error()
	})
	return err
}

// Del removes keys; those that are not there are no error. The keys may live on
// different nodes of a cluster, so each is a command of its own, all sent
// together.
func (r *Redis) Del(ctx context.Context, keys ...string) error {
	if err := checkKeys(keys); err != nil || len(keys) == 0 {
		return err
	}
	keys = slices.Clone(keys)
	_, err := do(ctx, r, "delete from redis", func(ctx context.Context, client rueidis.Client) (struct{}, error) {
		commands := make(rueidis.Commands, len(keys))
		for i, key := range keys {
			commands[i] = client.B().Del().Key(r.cfg.Prefix + key).Build()
		}
		for _, result := range client.DoMulti(ctx, commands...) {
			if err := result.Error(); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

var errNotConnected = fmt.Errorf("%w: there is no connection to redis", ErrUnavailable)

// do makes one call within the timeout, if the circuit breaker lets it, and
// tells the breaker how it went. A call must touch nothing that belongs to the
// caller: it may go on for a moment after do has returned.
func do[T any](ctx context.Context, r *Redis, what string, call func(context.Context, rueidis.Client) (T, error)) (value T, err error) {
	if err := ctx.Err(); err != nil {
		return value, fmt.Errorf("%s: %w", what, err)
	}
	client := r.client.Load()
	if client == nil {
		return value, fmt.Errorf("%s: %w", what, errNotConnected)
	}
	permit, ok := r.breaker.acquire()
	if !ok {
		return value, fmt.Errorf("%s: %w: it has failed too often just now", what, ErrUnavailable)
	}
	result := failed // also if the call panics: a trial must always end
	defer func() { permit.done(result) }()
	timed, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	value, err = bounded(timed, r.workers, func() (T, error) { return call(timed, *client) })
	switch {
	case err == nil:
		result = worked
		return value, nil
	case isForeign(err):
		result = worked // Redis is well; somebody else uses the key
		return value, fmt.Errorf("%s: the key holds something else: %w", what, err)
	case ended(ctx) != nil:
		result = gaveUp
		return value, fmt.Errorf("%s: %w", what, ended(ctx))
	default:
		return value, fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
	}
}

// callers is how many goroutines wait for calls.
const callers = 64

// slack is what the client gets to come back by itself when a call's time is
// over: it then has the answers of those nodes of a cluster that gave one.
const slack = 10 * time.Millisecond

// bounded makes a call and returns within slack of the end of ctx. The client
// alone does not: a call that needs a connection which another is making waits
// for that, however long it takes. Such a call is left to end by itself, which
// it does within Config.DialTimeout, or with Close.
func bounded[T any](ctx context.Context, pool *workers.Pool, call func() (T, error)) (T, error) {
	type end struct {
		value    T
		err      error
		panicked any
	}
	done := make(chan end, 1)
	pool.Go(func() {
		var e end
		defer func() {
			e.panicked = recover() // it is the caller's
			done <- e
		}()
		e.value, e.err = call()
	})
	var e end
	select {
	case e = <-done:
	case <-ctx.Done():
		late := time.NewTimer(slack)
		defer late.Stop()
		select {
		case e = <-done:
		case <-late.C:
			e.err = ctx.Err()
		}
	}
	if e.panicked != nil {
		panic(e.panicked)
	}
	return e.value, e.err
}

// ended is the reason why the caller's context is over. The client goes by the
// deadline itself, and may notice it just before the context does.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// isForeign reports whether an error is about a value that is not ours.
func isForeign(err error) bool {
	var reply *rueidis.RedisError
	return errors.Is(err, ErrTooLarge) || errors.As(err, &reply) && strings.HasPrefix(reply.Error(), "WRONGTYPE")
}

func (r *Redis) logState(s State) {
	switch s {
	case StateOpen:
		r.cfg.Log.Warn("redis fails, calls pass it by", "open_for", r.cfg.OpenFor)
	case StateClosed:
		r.cfg.Log.Info("redis works again")
	default:
		r.cfg.Log.Debug("trying redis")
	}
}
