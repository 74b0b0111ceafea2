package packet

import (
	"slices"
	"time"

	"golang.org/x/time/rate"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// While the world cannot be reached, its players stay connected. What they do
// meanwhile is handled like this:
//
//   - The latest walk or stop is kept. It is done when the player is back, unless
//     it is older than replayTime.
//   - A chat line is never lost without a notice and never shown twice: it is
//     delivered late, or its speaker gets a notice. This also holds for a line that
//     was sent when the stream was lost.
//   - Changes of the quick bar are kept, and confirmed when the player is back.
//   - Emotes and switches (run, sit) are dropped: clients show them only when
//     the world tells them to.

// Limits of what is kept for one player.
const (
	replayTime  = 5 * time.Second // how old a walk may be to be done late
	lineTime    = 5 * time.Second // how long a line of chat may wait
	maxWaiting  = 8               // lines that may wait
	settleTime  = 2 * time.Second // how long lines wait for players who do not come back
	noticeBurst = 16              // notices of lost lines at once; after that one a second
)

// Notices to the speaker of a line that was not, or perhaps not, delivered.
const (
	notDelivered     = "Not delivered: "
	perhapsDelivered = "Perhaps not delivered: "
)

// line is a line of chat that the world has not acknowledged.
type line struct {
	number uint64
	msg    *worldv1.ConnectRequest
	sent   bool        // put into a stream
	until  time.Time   // when it is given up; zero while the stream to which it was sent is up
	expiry *time.Timer // for that; may be nil
}

func (ln *line) text() string { return ln.msg.GetSay().GetText() }

// done removes a line.
func (ln *line) done() {
	if ln.expiry != nil {
		ln.expiry.Stop()
	}
}

// reaches reports whether what is sent for a player reaches the world. The
// caller holds mu.
func (l *worldLink) reaches(p *player) bool { return l.out != nil && !p.gone && !p.returning }

// move passes on a walk or a stop, and keeps it in case the stream is lost.
func (l *worldLink) move(p *player, msg *worldv1.ConnectRequest) {
	msg.Player = p.id
	l.mu.Lock()
	defer l.mu.Unlock()
	p.motion, p.movedAt = msg, time.Now()
	if l.reaches(p) {
		offer(l.out, msg)
	}
}

// say passes on a line of chat.
func (l *worldLink) say(p *player, say *worldv1.Say) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.gone || p.leaving {
		return
	}
	p.spoken++
	say.Line = p.spoken
	ln := &line{number: p.spoken, msg: &worldv1.ConnectRequest{
		Player: p.id, Message: &worldv1.ConnectRequest_Say{Say: say},
	}}
	p.lines = append(p.lines, ln)
	l.flush(p)
	if ln.sent {
		return
	}
	waiting := 0
	for _, o := range p.lines {
		if !o.sent {
			waiting++
		}
	}
	if waiting > maxWaiting {
		p.lines = p.lines[:len(p.lines)-1]
		l.tellLost(p, notDelivered, ln)
		return
	}
	l.expire(p, ln)
}

// awaitAll lets chat wait until all players are back: players who are still away
// would not get an earlier line. The caller holds mu.
func (l *worldLink) awaitAll() {
	l.settled = l.away == 0
	if l.settled {
		return
	}
	out := l.out
	time.AfterFunc(settleTime, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.out == out && !l.settled {
			l.settle()
		}
	})
}

// back notes that a player is not away any more. The caller holds mu.
func (l *worldLink) back(p *player) {
	if !p.returning {
		return
	}
	p.returning = false
	l.away--
	if p.brought && l.out != nil {
		l.bringNext()
	}
	if l.away == 0 && l.out != nil && !l.settled {
		l.settle()
	}
}

// settle sends the chat that waits. The caller holds mu.
func (l *worldLink) settle() {
	l.settled = true
	for _, p := range l.players {
		l.flush(p)
	}
}

// flush sends the lines that wait, in their order. The caller holds mu.
func (l *worldLink) flush(p *player) {
	if !l.settled || !l.reaches(p) {
		return
	}
	for _, ln := range p.lines {
		if ln.sent {
			continue
		}
		if !offer(l.out, ln.msg) {
			break
		}
		ln.done()
		ln.sent, ln.until = true, time.Time{}
	}
	if !l.acknowledges {
		p.lines = slices.DeleteFunc(p.lines, func(ln *line) bool { return ln.sent })
	}
}

// expire gives a line up when its time is over. The caller holds mu.
func (l *worldLink) expire(p *player, ln *line) {
	ln.until = time.Now().Add(lineTime)
	ln.expiry = time.AfterFunc(lineTime, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.giveUp(p)
	})
}

// giveUp sends a speaker the notices for his lines whose time is over. It keeps
// their order, because their timers may end in any order. The caller holds mu.
func (l *worldLink) giveUp(p *player) {
	now := time.Now()
	p.lines = slices.DeleteFunc(p.lines, func(ln *line) bool {
		if ln.until.IsZero() || now.Before(ln.until) {
			return false
		}
		if ln.sent {
			l.tellLost(p, perhapsDelivered, ln)
		} else {
			l.tellLost(p, notDelivered, ln)
		}
		return true
	})
}

// tellLost sends a speaker the notice for a line that was given up. If there are
// very many lines, not each gets a notice. The caller holds mu.
func (l *worldLink) tellLost(p *player, what string, ln *line) {
	if p.notices == nil {
		p.notices = rate.NewLimiter(1, noticeBurst)
	}
	if p.notices.Allow() {
		l.notify(p, what+ln.text())
	}
}

// acknowledged removes the lines up to a number: the world has handled them. The
// caller holds mu.
func (p *player) acknowledged(number uint64) {
	p.lines = slices.DeleteFunc(p.lines, func(ln *line) bool {
		if ln.number > number {
			return false
		}
		ln.done()
		return true
	})
}

// interrupted notes that the stream to which a player's lines were sent was lost.
// The caller holds mu.
func (l *worldLink) interrupted(p *player) {
	if !p.returning {
		p.returning = true
		l.away++
	}
	p.brought = false
	for _, ln := range p.lines {
		if ln.sent && ln.until.IsZero() {
			l.expire(p, ln)
		}
	}
}

// resume continues with a player who is in the world again. The caller holds mu.
func (l *worldLink) resume(p *player, e *worldv1.Entered) {
	if e.LastLine != nil {
		// The world knows which lines it has handled: the others are sent again.
		p.acknowledged(e.GetLastLine())
		for _, ln := range p.lines {
			ln.sent = false
		}
	} else {
		// Not known. If the line were sent again, it might be shown twice.
		p.lines = slices.DeleteFunc(p.lines, func(ln *line) bool {
			if ln.sent {
				ln.done()
				l.tellLost(p, perhapsDelivered, ln)
			}
			return ln.sent
		})
	}
	l.back(p)
	l.flush(p)
	l.restoreHotbar(p)
	if p.motion != nil && time.Since(p.movedAt) < replayTime {
		offer(l.out, p.motion)
	}
}
