package packet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Sessions is what the gateway asks of the database part.
type Sessions interface {
	store.Watcher
	store.SessionChecker
}

var errNoWatch = errs.New(errs.Unavailable, "WATCH_UNAVAILABLE", "the database part does not report changes now; players are checked regularly")

// resyncPace is the shortest time from one check of all plays to the next. An
// engine that does not know what has changed asks for a check after every commit.
const resyncPace = 100 * time.Millisecond

// watch is the gateway as a store.WatchHandler: if a change means that a player may
// not go on, it ends the play. keepAlive finds sessions and bans that end by time.
type watch struct {
	srv *Server

	mu      sync.Mutex
	hears   bool
	checked time.Time // the last check of all plays
}

// run watches until ctx ends.
func (w *watch) run(ctx context.Context) {
	_ = w.srv.sessions.Watch(ctx, w) // it ends only with ctx
	w.set(false)
}

func (w *watch) set(hears bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hears = hears
	w.srv.metrics.watching(hears)
}

// up reports whether the gateway gets changes.
func (w *watch) up() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hears
}

// Resync implements store.WatchHandler.
func (w *watch) Resync(ctx context.Context) error {
	if wait := resyncPace - time.Since(w.checked); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w.checked = time.Now()
	// CheckSessions and not KeepAlive: a check that writes would be the next
	// change.
	for all := w.srv.plays.all(); len(all) > 0; {
		batch := all[:min(len(all), store.MaxBatch)]
		all = all[len(batch):]
		if err := w.judge(ctx, batch); err != nil {
			return err
		}
	}
	w.set(true)
	return nil
}

func (w *watch) judge(ctx context.Context, batch []*play) error {
	subjects := make([]store.SessionSubject, len(batch))
	for i, p := range batch {
		subjects[i] = p.subject()
	}
	ctx, cancel := context.WithTimeout(ctx, w.srv.cfg.BackendTimeout)
	defer cancel()
	verdicts, err := store.CheckPlayers(ctx, w.srv.sessions, subjects)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if v != nil {
			w.srv.putOut(batch[i], errs.ReasonOf(v))
		}
	}
	return nil
}

// Events implements store.WatchHandler. One action of the website often makes
// several events: the player gets the strongest reason.
func (w *watch) Events(events []store.Event) {
	now := w.srv.now()
	reasons := map[*play]connection.Reason{}
	for _, e := range events {
		var why connection.Reason
		switch e.Kind {
		case store.SessionRevoked, store.SessionExpired:
			why = connection.SessionOver
		case store.UserBanned:
			if !(&store.User{Banned: e.Banned, BanExpiresAt: e.BanExpiresAt}).BannedAt(now) {
				continue // reported late: it is over
			}
			why = connection.Banned
		case store.UserDeleted:
			why = connection.Deleted
		case store.PasswordChanged:
			if e.UserID == "" {
				w.srv.plays.checkUser("")
				continue
			}
			why = connection.PasswordChanged
		case store.PlayClosing:
			// Only the records say which play must end: the newer play may already
			// be here too.
			w.srv.plays.checkUser(e.UserID)
			continue
		default:
			continue
		}
		for _, p := range w.srv.plays.of(e.SessionID, e.UserID) {
			if strength(why) > strength(reasons[p]) {
				reasons[p] = why
			}
		}
	}
	for p, why := range reasons {
		w.srv.log.Info("a player may not go on", "user_id", p.userID, "reason", string(why))
		w.srv.end(p, why, endRecord)
	}
}

// strength orders reasons: if a user is deleted or banned, the sessions end too.
func strength(r connection.Reason) int {
	switch r {
	case connection.Deleted:
		return 4
	case connection.Banned:
		return 3
	case connection.PasswordChanged:
		return 2
	case connection.SessionOver:
		return 1
	default:
		return 0
	}
}

// Interrupted implements store.WatchHandler.
func (w *watch) Interrupted(cause error) {
	w.set(false)
	if errors.Is(cause, store.ErrWatchClosed) {
		// An ordinary stop of that replica, or of this process.
		w.srv.log.Info("the watch of sessions and users ends with the replica; another is opened", "cause", cause.Error())
		return
	}
	w.srv.log.Warn("changes of sessions and users are not reported now; players are checked regularly",
		"every", w.srv.cfg.KeepAliveInterval, "cause", cause.Error())
}

// Resumed implements store.WatchHandler.
func (w *watch) Resumed() { w.set(true) }
