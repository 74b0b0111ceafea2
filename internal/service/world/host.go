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
	latest   time.Duration // by which steps have been late since the zone was last in time

	players  map[*player]struct{}
	byEntity map[zone.ID]*player
	lost     map[*player]struct{} // link lost, still standing
	closed   bool                 // takes no more players
	savedAt  time.Time
	groups   []group // used again by each event
}

func newHost(w *World, z data.Zone) *host {
	return &host{
		world: w, info: z,
		queue:    make(chan func(), w.config.ZoneQueue),
		stopped:  make(chan struct{}),
		duration: w.metrics.tick.WithLabelValues(strconv.Itoa(int(z.ID))),
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

// loop runs the zone until ctx ends.
func (h *host) loop(ctx context.Context) {
	defer close(h.stopped)
	defer h.pace.next(time.Time{}) // one that has ended is not late
	ticker := time.NewTicker(h.world.config.Tick)
	defer ticker.Stop()
	h.savedAt = time.Now()
	h.pace.next(h.savedAt.Add(h.world.config.Tick))
	for {
		// A tick that is due comes before any number of commands.
		select {
		case <-ticker.C:
			h.tick()
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			h.tick()
		case f := <-h.queue:
			f()
		}
	}
}

// lateStep is by how much a step may be late before it is logged.
const lateStep = time.Second

// punctual notes how late a step begins. The ticker does not show this: after a
// world was suspended, only one step is due. When the zone is in time again, one
// log line has the longest delay.
func (h *host) punctual(now time.Time) {
	late := h.pace.begin(now, h.world.config.Tick)
	h.lateness.Observe(late.Seconds())
	if late >= lateStep {
		h.latest = max(h.latest, late)
		return
	}
	if h.latest > 0 {
		h.world.log.Warn("a zone stood still; its players waited", slog.Int("zone", int(h.info.ID)), slog.Duration("longest", h.latest))
		h.latest = 0
	}
}

func (h *host) tick() {
	now := time.Now()
	h.punctual(now)
	h.zone.Tick(now)
	for p := range h.lost {
		if now.Sub(p.lostAt) >= h.world.config.Linger {
			h.remove(p, leftLost, p.generation)
		}
	}
	if now.Sub(h.savedAt) >= h.world.config.SaveInterval {
		h.savedAt = now
		h.zone.Do(now, func(tx *zone.Tx) {
			for p := range h.players {
				h.save(tx, p)
			}
		})
		h.world.saver.wake()
	}
	h.duration.Observe(time.Since(now).Seconds())
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
