package cached

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// read describes how to read a T if the cache in the process has no answer. All
// waiting callers share the T. It must not be changed.
type read[T any] struct {
	way way
	key string // what is asked for
	// find answers from the cache. An error is that of the contract for a row
	// that does not exist.
	find func(ctx context.Context, to reach) (T, bool, error)
	// load asks the store.
	load func(ctx context.Context) (T, store.Snapshot, error)
	// entries is what is kept of an answer. The key asked for comes last.
	entries func(T) []entry
	// absent is the error for a row that does not exist in table; it is kept
	// under the key asked for. nil for none.
	absent error
	table  store.Table
}

// keys returns those of everything in an outcome, and the key asked for.
func (r *read[T]) keys(out outcome[T]) []string {
	keys := []string{r.key}
	if out.err == nil {
		for _, e := range r.entries(out.value) {
			keys = append(keys, e.key)
		}
	}
	return keys
}

// outcome is the result of a load.
type outcome[T any] struct {
	value T
	err   error
	begun uint64
	found bool // in the cache
}

// usable reports whether a read may be answered from the cache in the process,
// and how far it may reach.
func (s *Store) usable(ctx context.Context, c store.Consistency) (reach, bool) {
	to := reachRecent
	if s.guard.open() {
		to = reachNear
	}
	return to, c == store.Cached && s.caching && ctx.Err() == nil && !s.closed.Load()
}

// do answers a read that the cache in the process did not answer. The load asks
// the shared cache first, so that all callers of a load ask it once.
func do[T any](ctx context.Context, s *Store, c store.Consistency, r read[T]) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if s.closed.Load() {
		v, _, err := r.load(ctx)
		return v, err
	}
	if c == store.Fresh {
		s.metrics.fresh[r.way].Inc()
		return fresh(ctx, s, r)
	}
	entered := s.guard.next()
	floor := s.guard.floor(r.key)
	for range 2 {
		name := flightName{way: r.way, key: r.key, floor: floor}
		if !s.guard.open() {
			name.span = 1 + s.guard.clock()/int64(s.cfg.Recent)
		}
		begun := s.guard.next()
		out, err := await(ctx, r, s.flights.join(name, func() any { return fly(ctx, s, begun, false, r) }))
		if out.found {
			s.metrics.shared[r.way].Inc()
		} else {
			s.metrics.misses[r.way].Inc()
		}
		if out.begun == 0 || out.begun >= entered {
			return out.value, err
		}
		if floor = s.guard.floor(r.keys(out)...); floor <= out.begun {
			return out.value, err
		}
		// The load was running when this call joined it, and a part of its result
		// was written since it began. It is not known whether that was before this
		// call or after.
	}
	return fresh(ctx, s, r)
}

// fresh starts a load that no other call joins.
func fresh[T any](ctx context.Context, s *Store, r read[T]) (T, error) {
	begun := s.guard.next()
	out, err := await(ctx, r, s.flights.start(func() any { return fly(ctx, s, begun, true, r) }))
	return out.value, err
}

// await waits for a load or for ctx. The load goes on without its callers, so
// that none of them can make the others fail.
func await[T any](ctx context.Context, r read[T], f *flight) (outcome[T], error) {
	select {
	case <-ctx.Done():
		return outcome[T]{}, ctx.Err()
	case <-f.done:
	}
	switch v := f.result.(type) {
	case outcome[T]:
		return v, v.err
	case error:
		return outcome[T]{}, v
	}
	v, _, err := r.load(ctx) // the Store is closed: the store beneath returns that error
	return outcome[T]{value: v}, err
}

// fly makes a load that does not end with its callers' contexts; begun is its
// number. It returns an outcome, an error if the load panics, or nil if the
// Store has been closed.
func fly[T any](ctx context.Context, s *Store, begun uint64, fresh bool, r read[T]) (v any) {
	if !s.begin() {
		return nil
	}
	defer s.loads.Done()
	ctx = context.WithoutCancel(ctx)
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.ErrorContext(ctx, "a load from the store panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			v = error(errs.New(errs.Internal, "INTERNAL", "internal error").Wrap(fmt.Errorf("load from the store: panic: %v", p)))
		}
	}()
	return load(ctx, s, begun, fresh, r)
}

// load asks the store and keeps the answer.
func load[T any](ctx context.Context, s *Store, begun uint64, fresh bool, r read[T]) outcome[T] {
	out := outcome[T]{begun: begun}
	at := s.guard.clock()
	if !fresh && s.caching {
		to := reachRecent
		if s.guard.open() {
			to = reachBoth
		}
		looked := s.guard.next()
		if v, ok, err := r.find(ctx, to); ok {
			out.value, out.err, out.begun, out.found = v, err, looked, true
			return out
		}
	}
	s.metrics.loads[r.way].Inc()
	// Not around find: the shared cache has a timeout of its own.
	ctx, cancel := context.WithTimeout(ctx, s.cfg.LoadTimeout)
	defer cancel()
	var snapshot store.Snapshot
	out.value, snapshot, out.err = r.load(ctx)
	switch {
	case out.err == nil:
		s.keep(r.entries(out.value), begun, at, snapshot)
	case r.absent != nil && errs.ReasonOf(out.err) == errs.ReasonOf(r.absent):
		s.keep([]entry{absentEntry(r.key, r.table, r.absent)}, begun, at, snapshot)
	case timedOut(ctx, out.err):
		out.err = store.ErrUnavailable.Wrap(fmt.Errorf("load took longer than %s: %w", s.cfg.LoadTimeout, out.err))
	}
	return out
}

// timedOut reports whether err comes from the load's own timeout and not from a
// caller's.
func timedOut(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errs.KindOf(err) == errs.DeadlineExceeded
}
