package logging

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Bounds of the table of causes.
const (
	maxCauses     = 1024
	maxReasonSize = 64
	limitWindow   = time.Second
)

// cause is what records are counted by. A client that causes one message again and
// again takes no line from another message, nor from another reason of the same.
type cause struct {
	level   slog.Level
	message string
	reason  string // the record's attribute of that name
}

// limitHandler lets so many records of a cause through in a second, and says
// once a second how many it left out, as dropped. Debug records are not counted.
type limitHandler struct {
	slog.Handler
	*limiter
}

// limiter is what a handler shares with those derived from it.
type limiter struct {
	root slog.Handler
	max  int
	now  func() time.Time

	mu     sync.Mutex
	causes map[cause]*tally
	timer  *time.Timer // that tells what was left out; nil while nothing is
	closed bool
}

// tally is what a cause had in its second.
type tally struct {
	began   time.Time
	passed  int
	dropped int // not told yet
}

func newLimitHandler(h slog.Handler, perSecond int) limitHandler {
	return limitHandler{h, &limiter{root: h, max: perSecond, now: time.Now, causes: map[cause]*tally{}}}
}

// Handle passes the record on, or counts it.
func (h limitHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo && !h.passes(r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler that shares the limits.
func (h limitHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return limitHandler{h.Handler.WithAttrs(attrs), h.limiter}
}

// WithGroup returns a handler that shares the limits.
func (h limitHandler) WithGroup(name string) slog.Handler {
	return limitHandler{h.Handler.WithGroup(name), h.limiter}
}

func causeOf(r slog.Record) cause {
	c := cause{level: r.Level, message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "reason" {
			return true
		}
		c.reason = a.Value.Resolve().String()
		if len(c.reason) > maxReasonSize {
			c.reason = c.reason[:maxReasonSize]
		}
		return false
	})
	return c
}

func (l *limiter) passes(r slog.Record) bool {
	c := causeOf(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	t := l.tally(c, now)
	if now.Sub(t.began) >= limitWindow {
		t.began, t.passed = now, 0
	}
	if t.passed < l.max {
		t.passed++
		return true
	}
	t.dropped++
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(limitWindow, l.tell)
	}
	return false
}

// tally returns that of a cause. When the table is full of causes of this
// second, the rest share one by level.
func (l *limiter) tally(c cause, now time.Time) *tally {
	if t := l.causes[c]; t != nil {
		return t
	}
	if len(l.causes) >= maxCauses {
		for k, t := range l.causes {
			if t.dropped == 0 && now.Sub(t.began) >= limitWindow {
				delete(l.causes, k)
			}
		}
	}
	if len(l.causes) >= maxCauses {
		c = cause{level: c.level, message: "more kinds of lines than are told apart"}
		if t := l.causes[c]; t != nil {
			return t
		}
	}
	t := &tally{began: now}
	l.causes[c] = t
	return t
}

// tell writes how many records were left out, a line for each cause.
func (l *limiter) tell() {
	l.mu.Lock()
	l.timer = nil
	var lines []slog.Record
	for c, t := range l.causes {
		if t.dropped == 0 {
			continue
		}
		r := slog.NewRecord(l.now(), c.level, c.message, 0)
		if c.reason != "" {
			r.AddAttrs(slog.String("reason", c.reason))
		}
		r.AddAttrs(slog.Int("dropped", t.dropped))
		lines = append(lines, r)
		t.dropped = 0
	}
	l.mu.Unlock()
	for _, r := range lines {
		_ = l.root.Handle(context.Background(), r) // as a logger does
	}
}

// Flush writes how many records a logger of New has left out and not told yet.
// It is for the end of the process: later ones are not told.
func Flush(log *slog.Logger) {
	h, ok := log.Handler().(limitHandler)
	if !ok {
		return
	}
	h.mu.Lock()
	h.closed = true
	if h.timer != nil {
		h.timer.Stop()
	}
	h.mu.Unlock()
	h.tell()
}
