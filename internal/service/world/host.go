package world

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
	"github.com/waystone-mmo/waystone/internal/store"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// Why a player is out of the world; see worldv1.Left.
const (
	leftAsked       = "LEFT"
	leftTakenOver   = "TAKEN_OVER"
	leftShutdown    = "SHUTDOWN"
	leftSaveRefused = "SAVE_REFUSED"
	leftLost        = "LOST" // the player is not told; only counted
)

// host owns a zone. Only its loop's goroutine accesses the zone and the state of
// its players; all others send commands.
type host struct {
	world    *World
	info     data.Zone
	zone     *zone.Zone
	queue    chan func()
	stopped  chan struct{}
	present  atomic.Int64 // number of entities, for other goroutines
	duration prometheus.Observer
	lateness prometheus.Observer
	pace     pace
	latest   time.Duration // by which work has been late since the zone was last in time

	players  map[*player]struct{}
	byEntity map[zone.ID]*player
	lost     map[*player]struct{} // link lost, still standing
	closed   bool                 // takes no more players
	groups   []group              // used again by each event

	recording *recording // nil if nothing is recorded

	// When there is something to do that no command asks for; zero for never.
	saveAt    time.Time // somebody may have changed since the last save
	lingerAt  time.Time // the first of the lost may be over, or later
	tellAt    time.Time // the log is told that the zone is in time again
	steppedAt time.Time // the latest step
}

func newHost(w *World, z data.Zone) *host {
	return &host{
		world: w, info: z,
		queue:    make(chan func(), w.config.ZoneQueue),
		stopped:  make(chan struct{}),
		duration: w.metrics.step.WithLabelValues(strconv.Itoa(int(z.ID))),
		lateness: w.metrics.late.WithLabelValues(strconv.Itoa(int(z.ID))),
		players:  map[*player]struct{}{},
		byEntity: map[zone.ID]*player{},
		lost:     map[*player]struct{}{},
	}
}

// post lets the host run f. It waits while the queue is full.
func (h *host) post(ctx context.Context, f func()) error {
	select {
	case h.queue <- f:
		return nil
	case <-h.stopped:
		return ErrShutdown
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// call lets the host run f, and waits for its end. If call fails, f has not run and
// never will.
func (h *host) call(ctx context.Context, f func()) error {
	done := make(chan struct{})
	var state atomic.Int32 // 0 waiting, 1 taken by the host, 2 given up
	err := h.post(ctx, func() {
		if state.CompareAndSwap(0, 1) {
			f()
			close(done)
		}
	})
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-h.stopped:
		err = ErrShutdown
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if state.CompareAndSwap(0, 2) {
		return err
	}
	<-done
	return nil
}

// grain is the least time between two steps: what is due within it is done at
// once. Players come into sight so much later at most.
const grain = 10 * time.Millisecond

// loop runs the zone until ctx ends. It sleeps while there is no command and
// nothing is due.
func (h *host) loop(ctx context.Context) {
	defer close(h.stopped)
	defer h.closeRecording()
	defer h.pace.wait(time.Time{}) // a zone that has ended is not late
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	armed := time.Now()
	for {
		due := h.due()
		h.pace.wait(due)
		// What is due comes before any number of commands.
		if now := time.Now(); !due.IsZero() && !now.Before(due) {
			h.work(now, now.Sub(due), func() { h.step(now) })
			h.lateness.Observe(now.Sub(due).Seconds())
			continue
		}
		if !due.Equal(armed) {
			armed = due
			if due.IsZero() {
				alarm.Stop()
			} else {
				alarm.Reset(time.Until(due))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-alarm.C:
			armed = time.Time{}
		case f := <-h.queue:
			now := time.Now()
			h.work(now, 0, f)
			if h.saveAt.IsZero() {
				h.saveAt = now.Add(h.world.config.SaveInterval)
			}
		}
	}
}

// due returns when there is something to do that no command asks for; zero for
// never.
func (h *host) due() time.Time {
	due := h.saveAt
	sooner := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	sooner(h.lingerAt)
	sooner(h.tellAt)
	if next, ok := h.zone.Next(); ok {
		if soonest := h.steppedAt.Add(grain); next.Before(soonest) {
			next = soonest
		}
		sooner(next)
	}
	return due
}

// work does what is late by some time, and notes how long others waited for it.
func (h *host) work(now time.Time, late time.Duration, f func()) {
	h.pace.begin(now)
	f()
	took := time.Since(now)
	h.duration.Observe(took.Seconds())
	h.punctual(now.Add(took), max(late, took))
}

// lateStep is by how much work may be late before the log says so.
const lateStep = time.Second

// punctual notes by how much work was late. The log gets one line once the zone
// is in time again, with the worst.
func (h *host) punctual(now time.Time, late time.Duration) {
	h.pace.note(now, late)
	switch {
	case late >= lateStep:
		h.latest = max(h.latest, late)
		h.tellAt = now.Add(lateStep)
	case h.latest > 0:
		h.world.log.Warn("a zone stood still; its players waited", slog.Int("zone", int(h.info.ID)), slog.Duration("longest", h.latest))
		h.latest, h.tellAt = 0, time.Time{}
	}
}

// step does what is due.
func (h *host) step(now time.Time) {
	h.steppedAt = now
	h.zone.Advance(now)
	if !h.lingerAt.IsZero() && !now.Before(h.lingerAt) {
		h.removeLost(now)
	}
	if !h.saveAt.IsZero() && !now.Before(h.saveAt) {
		h.saveAll(now)
	}
}

// removeLost takes out those whose link has been lost for long enough.
func (h *host) removeLost(now time.Time) {
	linger := h.world.config.Linger
	h.lingerAt = time.Time{}
	for p := range h.lost {
		if end := p.lostAt.Add(linger); !now.Before(end) {
			h.remove(p, leftLost, p.generation)
		} else if h.lingerAt.IsZero() || end.Before(h.lingerAt) {
			h.lingerAt = end
		}
	}
}

// saveAll hands what has changed to the saver. Those who walk change on.
func (h *host) saveAll(now time.Time) {
	h.saveAt = time.Time{}
	if h.zone.Walkers() > 0 {
		h.saveAt = now.Add(h.world.config.SaveInterval)
	}
	h.zone.Do(now, func(tx *zone.Tx) {
		for p := range h.players {
			h.save(tx, p)
		}
	})
	h.world.saver.wake()
	h.flushRecording()
}

// save hands a player's state to the saver if it has changed.
func (h *host) save(tx *zone.Tx, p *player) {
	if e, ok := tx.Get(p.entity); ok {
		p.look(e)
	}
	var bar *store.Hotbar // as it is stored
	if p.altered {
		bar, p.altered = new(p.hotbar), false
	}
	if p.state != p.saved || bar != nil {
		p.saved = p.state
		h.world.saver.put(p.character.ID, p.state, bar)
	}
}

func (h *host) do(f func(*zone.Tx)) {
	h.zone.Do(time.Now(), f)
	h.present.Store(int64(h.zone.Len()))
}

// attach adds a player and tells him so. With a former entity he enters the zone at
// once.
func (h *host) attach(p *player, r *route, former zone.ID) error {
	if h.closed {
		return ErrShutdown
	}
	var err error
	h.do(func(tx *zone.Tx) {
		if former != 0 {
			if err = h.enter(tx, p, former); err != nil {
				return
			}
		}
		h.players[p] = struct{}{}
		r.stream.bind(r.number, p)
		p.route.Store(r)
		p.tell(joined(p))
		if former != 0 {
			h.tellEntered(tx, p, nil)
		}
	})
	return err
}

// enter puts a player into the zone under a number, or under any with 0.
func (h *host) enter(tx *zone.Tx, p *player, as zone.ID) error {
	id, err := tx.Enter(zone.Enter{ID: as, Pos: p.place(), Running: true})
	if err != nil {
		return err
	}
	p.entity = id
	h.byEntity[id] = p
	h.world.directory.reveal(p)
	return nil
}

// tellEntered tells a player where he is. lastLine is the number of his last
// line of chat, nil when it is not known.
func (h *host) tellEntered(tx *zone.Tx, p *player, lastLine *uint64) {
	e, _ := tx.Get(p.entity)
	p.look(e)
	p.tell(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Entered{Entered: &worldv1.Entered{
		Self:       h.entity(e),
		WorldTicks: uint32(time.Now().Unix() / 10), //nolint:gosec // in range until the year 3330
		MaxHp:      p.maxHP, MaxMp: p.maxMP,
		LastLine: lastLine,
	}}})
}

// reattach gives a player another route and shows him everything again. It returns
// whether he stands in the zone as this entity.
func (h *host) reattach(p *player, r *route, former zone.ID) bool {
	if p.gone || p.entity != former {
		return false
	}
	r.stream.bind(r.number, p)
	if old := p.route.Swap(r); old != nil {
		old.left(leftTakenOver)
	}
	p.lostAt = time.Time{}
	delete(h.lost, p)
	h.do(func(tx *zone.Tx) {
		if e, ok := tx.Get(p.entity); ok {
			p.look(e)
		}
		p.tell(joined(p))
		h.tellEntered(tx, p, new(p.line))
		tx.Show(p.entity)
	})
	return true
}

// lose notes that a route is gone. A player who had not entered is removed at once.
func (h *host) lose(p *player, r *route) {
	if p.gone || !p.route.CompareAndSwap(r, nil) {
		return
	}
	if p.entity == 0 {
		h.remove(p, leftLost, p.generation)
		return
	}
	p.lostAt = time.Now()
	h.lost[p] = struct{}{}
	if h.lingerAt.IsZero() {
		h.lingerAt = p.lostAt.Add(h.world.config.Linger)
	}
}

// remove removes a player from the world and passes his character to the saver.
// generation is that of the caller: for a newer play it is the newer generation, so
// that the last state is not refused as old.
func (h *host) remove(p *player, reason string, generation int64) {
	if p.gone {
		return
	}
	p.gone = true
	w := h.world
	w.saver.raise(p.character.ID, generation)
	h.do(func(tx *zone.Tx) {
		h.save(tx, p)
		tx.Leave(p.entity)
	})
	delete(h.byEntity, p.entity)
	delete(h.players, p)
	delete(h.lost, p)
	w.directory.remove(p)
	w.metrics.departed.WithLabelValues(reason).Inc()
	r := p.route.Swap(nil)
	if reason == leftTakenOver {
		// The newer sign-in waits for the save; the player who leaves does not.
		r.left(reason)
		r = nil
	}
	w.saver.release(p.character.ID, func(err error) {
		if errs.KindOf(err) == errs.Aborted {
			reason = leftSaveRefused
		}
		r.left(reason)
	})
	w.saver.wake()
}

// close removes every player and accepts no more.
func (h *host) close() {
	h.closed = true
	for p := range h.players {
		h.remove(p, leftShutdown, p.generation)
	}
}
