package cached

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// read is one way to ask for a T. T is a plain value: callers that share a load
// each get a copy.
type read[T any] struct {
	name string // of the way, for metrics and to keep apart loads of different ways
	key  string // what is asked for
	// find answers from the cache.
	find func(ctx context.Context) (T, bool)
	// load asks the store.
	load func(ctx context.Context, c store.Consistency) (T, error)
	// entries is what goes into the cache.
	entries func(T) []entry
}

// outcome is what a load brought its callers.
type outcome[T any] struct {
	value T
	err   error
	begun uint64
	keys  []string // of everything in value, and the key asked for
}

// do answers a read.
func do[T any](ctx context.Context, s *Store, c store.Consistency, r read[T]) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if s.closed.Load() {
		return r.load(ctx, c)
	}
	if c == store.Fresh {
		s.metrics.reads.WithLabelValues(r.name, "fresh").Inc()
		return fresh(ctx, s, r)
	}
	if v, ok := r.find(ctx); ok {
		s.metrics.reads.WithLabelValues(r.name, "hit").Inc()
		return v, nil
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	s.metrics.reads.WithLabelValues(r.name, "miss").Inc()
	entered := s.guard.next()
	floor := s.guard.floor(r.key)
	for range 2 {
		// The name holds the eviction that the load comes after: nobody joins one
		// from before it.
		name := strconv.FormatUint(floor, 10) + "@" + r.name + "@" + r.key
		out, err := fly(ctx, s, c, name, s.guard.next(), r)
		if out.begun == 0 || out.begun >= entered || s.guard.current(out.begun, out.keys) {
			return out.value, err
		}
		// The load was under way when we came, and something that it brought has
		// been written since it began: before we came or after, that is not known.
		floor = s.guard.floor(out.keys...)
	}
	return fresh(ctx, s, r)
}

// fresh starts a load under a name that is nobody else's.
func fresh[T any](ctx context.Context, s *Store, r read[T]) (T, error) {
	begun := s.guard.next()
	out, err := fly(ctx, s, store.Fresh, "#"+strconv.FormatUint(begun, 10), begun, r)
	return out.value, err
}

// fly joins the load of a name or starts it, and waits for it or for ctx. The
// load goes on without its callers, so that none of them can fail the others.
// begun is the number of the load if it has to be started.
func fly[T any](ctx context.Context, s *Store, c store.Consistency, name string, begun uint64, r read[T]) (outcome[T], error) {
	done := s.flights.DoChan(name, func() (any, error) {
		return s.flight(ctx, func(ctx context.Context) any { return load(ctx, s, c, begun, r) }), nil
	})
	select {
	case <-ctx.Done():
		return outcome[T]{}, ctx.Err()
	case res := <-done:
		switch v := res.Val.(type) {
		case outcome[T]:
			return v, v.err
		case error:
			return outcome[T]{}, v
		}
		v, err := r.load(ctx, c) // closed: the store says so itself
		return outcome[T]{value: v}, err
	}
}

// flight runs f apart from the caller's end. It returns what f does, an error
// if f panics, or nil when the Store has been closed.
func (s *Store) flight(ctx context.Context, f func(context.Context) any) (v any) {
	if !s.begin() {
		return nil
	}
	defer s.loads.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.LoadTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.ErrorContext(ctx, "a load from the store panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			v = error(errs.New(errs.Internal, "INTERNAL", "internal error").Wrap(fmt.Errorf("load from the store: panic: %v", p)))
		}
	}()
	return f(ctx)
}

// load asks the store and offers the answer to the cache.
func load[T any](ctx context.Context, s *Store, c store.Consistency, begun uint64, r read[T]) outcome[T] {
	out := outcome[T]{begun: begun, keys: []string{r.key}}
	if c == store.Cached {
		// Another load may have ended between the caller's look and this one.
		looked := s.guard.next()
		if v, ok := r.find(ctx); ok {
			out.value, out.begun, out.keys = v, looked, keysOf(out.keys, r.entries(v))
			return out
		}
	}
	out.value, out.err = r.load(ctx, c)
	if out.err != nil {
		if timedOut(ctx, out.err) {
			out.err = store.ErrUnavailable.Wrap(fmt.Errorf("load took longer than %s: %w", s.cfg.LoadTimeout, out.err))
		}
		if c == store.Fresh && refused(out.err) {
			// What the cache holds under this key is over.
			s.evict(ctx, r.key)
		}
		return out
	}
	entries := r.entries(out.value)
	out.keys = keysOf(out.keys, entries)
	s.land(ctx, begun, entries)
	return out
}

func keysOf(keys []string, entries []entry) []string {
	for _, e := range entries {
		keys = append(keys, e.key)
	}
	return keys
}

// timedOut reports whether err is the end of the load's own time rather than
// that of a caller.
func timedOut(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errs.KindOf(err) == errs.DeadlineExceeded
}

// refused reports whether err is the store's word on what was asked for, rather
// than a failure to answer.
func refused(err error) bool {
	k := errs.KindOf(err)
	return k == errs.NotFound || k == errs.PermissionDenied
}
