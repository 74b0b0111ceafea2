package packet

import (
	"slices"
	"time"

	"golang.org/x/time/rate"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// While the world cannot be reached, its players stay connected. What they do
// then is treated by what its loss would mean:
//
//   - Of walks and stops the latest is kept and carried out once the player is
//     back, unless it is older than replayTime.
//   - A line of chat is never lost without a word and never heard twice: it is
//     delivered late, or its speaker is told. So is a line that was under way
//     when the stream was lost.
//   - What is put onto the quick bar is kept and confirmed once the player is back.
//   - Emotes and switches (run, sit) are dropped: clients show them only when
//     the world tells them to.

// Bounds of what is kept for one player.
const (
	replayTime  = 5 * time.Second // how old a walk may be that is carried out late
	lineTime    = 5 * time.Second // how long a line of chat may wait
	maxWaiting  = 8               // lines that may wait
	settleTime  = 2 * time.Second // how long lines wait for players who do not come back
	noticeBurst = 16              // notices of lost lines at once; beyond, one a second
)

// What a speaker is told of a line of his that may not have been heard.
const (
	notDelivered     = "Not delivered: "
	perhapsDelivered = "Perhaps not delivered: "
)

// line is a line of chat that the world has not acknowledged.
type line struct {
	number uint64
	msg    *worldv1.ConnectRequest
	sent   bool        // put into a stream
	until  time.Time   // when it is given up; zero while the stream that it was put into is up
	expiry *time.Timer // for that; may be nil
}

func (ln *line) text() string { return ln.msg.GetSay().GetText() }

// done lets go of a line.
func (ln *line) done() {
	if ln.expiry != nil {
		ln.expiry.Stop()
	}
}

// reaches reports whether what is sent for a player reaches the world. The
// caller holds mu.
func (l *worldLink) reaches(p *player) bool { return l.out != nil && !p.gone && !p.returning }

// move passes on a walk or a stop, and keeps it for the case that the stream is
// lost.
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

// awaitAll has chat wait until all players are back: a line that goes out before
// would not reach those who are still away. The caller holds mu.
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

// expire has a line given up when its time is over. The caller holds mu.
func (l *worldLink) expire(p *player, ln *line) {
	ln.until = time.Now().Add(lineTime)
	ln.expiry = time.AfterFunc(lineTime, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.giveUp(p)
	})
}

// giveUp tells a speaker of his lines whose time is over, in their order: their
// timers may run in any. The caller holds mu.
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

// tellLost tells a speaker of a line that is given up. Who floods the chat is
// not told of each. The caller holds mu.
func (l *worldLink) tellLost(p *player, what string, ln *line) {
	if p.notices == nil {
		p.notices = rate.NewLimiter(1, noticeBurst)
	}
	if p.notices.Allow() {
		l.notify(p, what+ln.text())
	}
}

// acknowledged lets go of the lines up to a number: the world has carried them
// out. The caller holds mu.
func (p *player) acknowledged(number uint64) {
	p.lines = slices.DeleteFunc(p.lines, func(ln *line) bool {
		if ln.number > number {
			return false
		}
		ln.done()
		return true
	})
}

// interrupted notes that the stream was lost which a player's lines were put
// into. The caller holds mu.
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

// resume goes on with a player whom the world has again. The caller holds mu.
func (l *worldLink) resume(p *player, e *worldv1.Entered) {
	if e.LastLine != nil {
		// The world knows which lines it has carried out: the others go out
		// again.
		p.acknowledged(e.GetLastLine())
		for _, ln := range p.lines {
			ln.sent = false
		}
	} else {
		// Nobody knows. Said again, a line might be heard twice.
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
