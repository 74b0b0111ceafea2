package watch

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// confirmTimeout bounds a look at the rows. Without an answer the watchers are
// told to check everything.
const confirmTimeout = time.Second

// Confirmer is a store.Follower in front of a Broker. If the feed has only
// heard of a change (store.Change.Heard), it passes on a ban, and the end of a
// user or a session, only if the rows show it too. It makes one query for all
// changes that came during the query before. Later changes wait, so that the
// order stays. A changed password cannot be confirmed: the row does not say
// what it was before.
type Confirmer struct {
	broker *Broker
	store  store.SessionChecker
	log    *slog.Logger
	stop   context.CancelFunc
	done   chan struct{}
	news   chan struct{}

	mu      sync.Mutex
	queue   []step
	waiting int    // changes in queue
	asking  bool   // steps taken out of queue have not been passed on yet
	epoch   uint64 // of the connection; steps of another connection are dropped
}

var _ store.Follower = (*Confirmer)(nil)

// step is one call of the feed: changes, or a confirmation.
type step struct {
	changes []store.Change
	asked   time.Time
	at      store.Snapshot
}

// NewConfirmer returns a Confirmer, which ends with Close.
func NewConfirmer(b *Broker, s store.SessionChecker, log *slog.Logger) *Confirmer {
	ctx, stop := context.WithCancel(context.Background())
	c := &Confirmer{broker: b, store: s, log: log, stop: stop, done: make(chan struct{}), news: make(chan struct{}, 1)}
	go c.run(ctx)
	return c
}

// Close ends the Confirmer. Changes that still wait are dropped.
func (c *Confirmer) Close() {
	c.stop()
	<-c.done
}

// Reset implements store.Follower.
func (c *Confirmer) Reset(origin string, at store.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.void()
	c.broker.Reset(origin, at)
}

// Lost implements store.Follower.
func (c *Confirmer) Lost(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.void()
	c.broker.Lost(cause)
}

func (c *Confirmer) void() { c.queue, c.waiting, c.epoch = nil, 0, c.epoch+1 }

// Changed implements store.Follower.
func (c *Confirmer) Changed(changes []store.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.busy() && !slices.ContainsFunc(changes, c.doubtful) {
		c.broker.Changed(changes)
		return
	}
	if c.waiting += len(changes); c.waiting > c.broker.buffer {
		// All of these changes are visible already, so a check from now on sees
		// them.
		c.queue, c.waiting = nil, 0
		changes = []store.Change{{Table: store.TableUser, Op: store.OpMany}}
	}
	c.put(step{changes: slices.Clone(changes)}) // other followers have the same slice
}

// Confirmed implements store.Follower.
func (c *Confirmer) Confirmed(asked time.Time, at store.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy() {
		c.put(step{asked: asked, at: at})
		return
	}
	c.broker.Confirmed(asked, at)
}

func (c *Confirmer) busy() bool { return c.asking || len(c.queue) > 0 }

func (c *Confirmer) put(s step) {
	c.queue = append(c.queue, s)
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *Confirmer) run(ctx context.Context) {
	defer close(c.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.news:
		}
		for {
			c.mu.Lock()
			steps, epoch := c.queue, c.epoch
			c.queue, c.waiting, c.asking = nil, 0, len(steps) > 0
			c.mu.Unlock()
			if len(steps) == 0 {
				break
			}
			c.confirm(ctx, steps)
			c.mu.Lock()
			c.pass(steps, epoch)
			c.mu.Unlock()
		}
	}
}

// pass passes steps on to the broker, unless the connection has ended
// meanwhile.
func (c *Confirmer) pass(steps []step, epoch uint64) {
	for _, s := range steps {
		switch {
		case epoch != c.epoch:
			return
		case s.asked.IsZero():
			c.broker.Changed(s.changes)
		default:
			c.broker.Confirmed(s.asked, s.at)
		}
	}
}

// doubtful reports whether a change has to be confirmed.
func (c *Confirmer) doubtful(change store.Change) bool {
	if !change.Heard {
		return false
	}
	now := c.broker.judge.now()
	switch change.Table {
	case store.TableUser:
		return change.Op == store.OpDelete || (&store.User{Banned: change.Banned, BanExpiresAt: change.BanExpiresAt}).BannedAt(now)
	case store.TableSession:
		return change.Op == store.OpDelete || change.Op != store.OpMany && (&store.Session{ExpiresAt: change.ExpiresAt}).ExpiredAt(now)
	default:
		return false
	}
}

// confirm removes from steps the changes that the rows do not show.
func (c *Confirmer) confirm(ctx context.Context, steps []step) {
	var doubts []*store.Change
	for _, s := range steps {
		for i := range s.changes {
			if c.doubtful(s.changes[i]) {
				doubts = append(doubts, &s.changes[i])
			}
		}
	}
	for batch := range slices.Chunk(doubts, store.MaxBatch) {
		c.ask(ctx, batch)
	}
	for i := range steps {
		steps[i].changes = slices.DeleteFunc(steps[i].changes, func(change store.Change) bool { return change.Table == 0 })
	}
}

// ask clears those changes that the rows do not show. Without an answer, the
// watchers are told to check everything.
func (c *Confirmer) ask(ctx context.Context, changes []*store.Change) {
	subjects := make([]store.SessionSubject, len(changes))
	for i, change := range changes {
		subjects[i].UserID = change.UserID
		if change.Table == store.TableSession {
			subjects[i].SessionID = change.ID
		}
	}
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	verdicts, err := c.store.CheckSessions(ctx, subjects)
	if err != nil {
		c.log.WarnContext(ctx, "changes from the feed cannot be confirmed; watchers check everything they hold", "changes", len(changes), "cause", err.Error())
	}
	for i, change := range changes {
		switch {
		case err != nil:
			*change = store.Change{Table: change.Table, Op: store.OpMany, Xid: change.Xid}
		case !confirms(change, verdicts[i]):
			c.broker.metrics.unconfirmed.Inc()
			*change = store.Change{}
		}
	}
}

// confirms reports whether a verdict on the rows confirms a change. For the end
// of a session any refusal is enough: whatever its cause, the player may not go
// on.
func confirms(change *store.Change, verdict error) bool {
	switch {
	case change.Table == store.TableSession:
		return verdict != nil
	case change.Op == store.OpDelete:
		return errs.ReasonOf(verdict) == errs.ReasonOf(store.ErrUserNotFound)
	}
	return errs.ReasonOf(verdict) == errs.ReasonOf(store.ErrUserBanned)
}
