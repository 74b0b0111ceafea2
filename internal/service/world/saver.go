package world

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// saver writes characters. The owner of a character passes the newest state and
// does not wait. One goroutine writes these states in batches. Nothing is dropped
// if the store is away: a write whose result is not known is repeated with the same
// key, version and state until the store answers, and newer states wait behind it.
type saver struct {
	store   Characters
	timeout time.Duration // of one call
	retry   time.Duration // after a failed call
	run     string        // makes keys unique among processes
	log     *slog.Logger
	metrics *metrics
	kick    chan struct{}

	mu      sync.Mutex
	records map[store.CharacterID]*record
	queue   []*record // have something to write
	lastKey uint64
	cause   error       // why a save failed last
	losses  []time.Time // refusals that lost something, of the last lossTold
}

// record is what the saver knows about one character.
type record struct {
	id         store.CharacterID
	version    int64 // stored now
	generation int64
	newest     *store.CharacterState // to be written; nil when there is none
	hotbar     *store.Hotbar         // to be written with newest; nil when it has not changed
	write      *store.CharacterSave  // not answered yet
	since      time.Time             // when what is not written yet was handed in
	newestAt   time.Time             // likewise, of newest
	failed     bool                  // its last save was not answered, or with a failure that may pass
	queued     bool
	refused    error       // the store's verdict; the record is dead then
	onRefused  func(error) // told once, outside of the lock
	leaving    bool        // forget when nothing is left to write
	waiters    []func(error)
}

func newSaver(c Config, d Deps, run string, m *metrics) *saver {
	return &saver{
		store: d.Characters, timeout: c.StoreTimeout, retry: c.SaveInterval, run: run,
		log: d.Log, metrics: m, kick: make(chan struct{}, 1),
		records: map[store.CharacterID]*record{},
	}
}

// track begins to keep a character that was loaded at a version. onRefused is
// called if the store refuses a save finally. The character must not be tracked
// already; see settle.
func (s *saver) track(c *store.Character, generation int64, onRefused func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[c.ID] = &record{id: c.ID, version: c.Version, generation: generation, onRefused: onRefused}
}

// put takes the newest state of a tracked character, and its quick bar if that has
// changed. wake starts the write.
func (s *saver) put(id store.CharacterID, state store.CharacterState, hotbar *store.Hotbar) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.records[id]; r != nil && r.refused == nil {
		if r.newest == nil {
			r.newestAt = time.Now()
		}
		if !r.pending() {
			r.since = r.newestAt
		}
		r.newest = &state
		if hotbar != nil {
			r.hotbar = hotbar
		}
		s.enqueue(r)
	}
}

// raise gives unwritten states of a character the newer generation that has taken
// the character over.
func (s *saver) raise(id store.CharacterID, generation int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.records[id]; r != nil {
		r.generation = max(r.generation, generation)
	}
}

func (s *saver) enqueue(r *record) {
	if !r.queued {
		r.queued = true
		s.queue = append(s.queue, r)
	}
}

func (s *saver) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// release stops tracking a character when all its states are written. Then it calls
// done (which may be nil) with nil or with the store's refusal.
func (s *saver) release(id store.CharacterID, done func(error)) {
	s.mu.Lock()
	r := s.records[id]
	if r != nil {
		r.leaving = true
		r.onRefused = nil
	}
	s.mu.Unlock()
	s.whenSettled(id, done)
}

// whenSettled calls done when nothing of a character is left to write; at once if
// it is not tracked.
func (s *saver) whenSettled(id store.CharacterID, done func(error)) {
	s.mu.Lock()
	r := s.records[id]
	if r != nil && r.pending() {
		if done != nil {
			r.waiters = append(r.waiters, done)
		}
		s.mu.Unlock()
		s.wake()
		return
	}
	var err error
	if r != nil {
		err = r.refused
		s.forget(r)
	}
	s.mu.Unlock()
	if done != nil {
		done(err)
	}
}

// settle waits until nothing of a character is left to write.
func (s *saver) settle(ctx context.Context, id store.CharacterID) error {
	done := make(chan struct{})
	s.whenSettled(id, func(error) { close(done) })
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("save character %d: %w", id, context.Cause(ctx))
	}
}

// settleAll waits until nothing at all is left to write.
func (s *saver) settleAll(ctx context.Context) error {
	s.mu.Lock()
	ids := make([]store.CharacterID, 0, len(s.records))
	for id := range s.records {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	var failed []error
	for _, id := range ids {
		if err := s.settle(ctx, id); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// unsaved returns how many characters have something that is not written yet.
func (s *saver) unsaved() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.records {
		if r.pending() {
			n++
		}
	}
	return n
}

// waiting returns how many records are in the queue.
func (s *saver) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

func (r *record) pending() bool { return r.refused == nil && (r.newest != nil || r.write != nil) }

func (s *saver) forget(r *record) {
	if r.leaving && !r.pending() {
		delete(s.records, r.id)
	}
}

// loop writes until ctx ends.
func (s *saver) loop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		case <-timer.C:
		}
		if s.writeAll(ctx) {
			timer.Stop()
		} else {
			timer.Reset(s.retry)
		}
	}
}

// writeAll writes what was in the queue when it began, and reports whether the
// store answered for all of it.
func (s *saver) writeAll(ctx context.Context) bool {
	answered := true
	for left := s.waiting(); left > 0 && ctx.Err() == nil; left -= store.MaxBatch {
		batch := s.take(min(left, store.MaxBatch))
		if len(batch) > 0 && !s.writeBatch(ctx, batch) {
			answered = false
		}
	}
	return answered
}

// take takes the first n records from the queue and returns what is to be written
// of them. A save that has not been answered is taken again as it was.
func (s *saver) take(n int) []*store.CharacterSave {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, len(s.queue))
	saves := make([]*store.CharacterSave, 0, n)
	for _, r := range s.queue[:n] {
		r.queued = false
		if !r.pending() {
			continue // refused since it was queued
		}
		if r.write == nil {
			s.lastKey++
			// Nothing in the world changes items: they are left to the store,
			// which keeps them with the version.
			r.write = &store.CharacterSave{
				ID: r.id, Version: r.version, State: *r.newest, Hotbar: r.hotbar,
				Key: fmt.Sprintf("%s-%d", s.run, s.lastKey),
			}
			r.newest, r.hotbar = nil, nil
		}
		r.write.Generation = r.generation
		save := *r.write
		saves = append(saves, &save)
	}
	s.queue = append(s.queue[:0], s.queue[n:]...)
	return saves
}

// writeBatch writes saves and reports whether the store answered for each. A
// request that the store calls invalid is repeated one by one, so that one bad
// state does not keep others from being written.
func (s *saver) writeBatch(ctx context.Context, saves []*store.CharacterSave) bool {
	request := make([]store.CharacterSave, len(saves))
	for i, save := range saves {
		request[i] = *save
	}
	callCtx, cancel := context.WithTimeout(ctx, s.timeout)
	results, err := s.store.SaveCharacters(callCtx, request)
	cancel()
	if err == nil && len(results) != len(saves) {
		err = fmt.Errorf("save %d characters: %d results", len(saves), len(results))
	}
	if err != nil && errs.KindOf(err) == errs.InvalidArgument {
		if len(saves) == 1 {
			results, err = []store.SaveResult{{Err: err}}, nil
		} else {
			answered := true
			for _, save := range saves {
				answered = s.writeBatch(ctx, []*store.CharacterSave{save}) && answered
			}
			return answered
		}
	}
	if err != nil {
		s.log.Warn("characters could not be saved; they are kept and tried again",
			slog.Int("characters", len(saves)), slog.Any("error", err))
		results = make([]store.SaveResult, len(saves))
		for i := range results {
			results[i].Err = store.ErrUnavailable.Wrap(err)
		}
	}
	answered := true
	for i, save := range saves {
		answered = s.answer(save, results[i]) && answered
	}
	return answered
}

// final reports whether a refused save will always be refused.
func final(err error) bool {
	switch errs.KindOf(err) {
	case errs.Aborted, errs.NotFound, errs.InvalidArgument, errs.FailedPrecondition:
		return true
	default:
		return false
	}
}

// answer notes the result of one save, and returns whether there is one.
func (s *saver) answer(save *store.CharacterSave, result store.SaveResult) bool {
	s.mu.Lock()
	r := s.records[save.ID]
	if result.Err != nil && !final(result.Err) {
		s.metrics.saves.WithLabelValues("unavailable").Inc()
		r.failed, s.cause = true, result.Err
		s.enqueue(r)
		s.mu.Unlock()
		return false
	}
	r.write, r.failed, r.since = nil, false, r.newestAt
	var onRefused func(error)
	if result.Err != nil {
		s.lost(result.Err)
		s.metrics.saves.WithLabelValues("refused").Inc()
		r.refused, r.newest, r.hotbar = result.Err, nil, nil
		onRefused = r.onRefused
	} else {
		s.metrics.saves.WithLabelValues("ok").Inc()
		r.version = result.Version
		if r.newest != nil {
			s.enqueue(r)
		}
	}
	var waiters []func(error)
	if !r.pending() {
		waiters, r.waiters = r.waiters, nil
		s.forget(r)
	} else {
		defer s.wake()
	}
	refused := r.refused
	s.mu.Unlock()
	if refused != nil {
		s.log.Warn("a save was refused and will not be tried again",
			slog.String("character_id", save.ID.String()), slog.Int64("version", save.Version),
			slog.Int64("generation", save.Generation), slog.Any("error", refused))
	}
	if onRefused != nil {
		onRefused(refused)
	}
	for _, done := range waiters {
		done(refused)
	}
	return true
}
