package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// maxWaiting bounds the expectations that one bot may have at a time.
const maxWaiting = 64

// Expectation waits for one packet of one connection. It counts from the call
// of Expect on, so that what answers a request sent after it is never missed.
type Expectation struct {
	bot   *Bot
	conn  *conn
	match func(packets.Packet) bool
	got   chan outcome // capacity 1
}

type outcome struct {
	packet packets.Packet
	err    error
}

// Expect begins to wait for the first packet on the present connection of a
// stage for which match is true. match runs on the reader's goroutine and must
// neither wait nor call the bot. Every packet is shown to all expectations.
func (b *Bot) Expect(stage packets.Stage, match func(packets.Packet) bool) (*Expectation, error) {
	c, err := b.need(stage)
	if err != nil {
		return nil, err
	}
	return b.expect(c, match)
}

func (b *Bot) expect(c *conn, match func(packets.Packet) bool) (*Expectation, error) {
	x := &Expectation{bot: b, conn: c, match: match, got: make(chan outcome, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case c.ended != nil:
		return nil, c.ended
	case len(b.waiting) >= maxWaiting:
		return nil, fmt.Errorf("%w: %d packets are being waited for", ErrState, maxWaiting)
	}
	b.waiting[x] = struct{}{}
	return x, nil
}

// Wait returns the packet, a *ClosedError when the connection ends first, or
// the context's cause. It is called once.
func (x *Expectation) Wait(ctx context.Context) (packets.Packet, error) {
	defer x.Cancel()
	select {
	case o := <-x.got:
		return o.packet, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Cancel gives up an expectation; calling it again, or after Wait, is allowed.
func (x *Expectation) Cancel() {
	x.bot.mu.Lock()
	defer x.bot.mu.Unlock()
	delete(x.bot.waiting, x)
}

// WaitFor waits for the next packet of the game connection for which match is
// true. What came before the call does not count; see Expect.
func (b *Bot) WaitFor(ctx context.Context, what string, match func(packets.Packet) bool) (packets.Packet, error) {
	var p packets.Packet
	err := b.step(ctx, what, func(ctx context.Context) error {
		x, err := b.Expect(packets.Game, match)
		if err != nil {
			return err
		}
		p, err = x.Wait(ctx)
		return err
	})
	return p, err
}

// WaitUntil waits until a condition on what the bot knows is true. It is
// judged at once, whenever a packet arrives and whenever somebody in sight
// arrives at the end of a walk; more is added to the step's time. cond must
// neither wait nor call the bot.
func (b *Bot) WaitUntil(ctx context.Context, what string, more time.Duration, cond func(View) bool) error {
	return b.longStep(ctx, what, more, func(ctx context.Context) error {
		for {
			done, again, changed, err := b.judge(cond)
			if done || err != nil {
				return err
			}
			timer := time.NewTimer(again)
			select {
			case <-changed:
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return context.Cause(ctx)
			}
			timer.Stop()
		}
	})
}

// idle is how long WaitUntil sleeps when nobody walks and nothing arrives.
const idle = time.Hour

func (b *Bot) judge(cond func(View) bool) (done bool, again time.Duration, changed <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if cond(View{m: &b.model, now: now}) {
		return true, 0, nil, nil
	}
	if c := b.conns[packets.Game]; c != nil && c.ended != nil {
		return false, 0, nil, c.ended
	}
	again = idle
	if at, ok := b.model.nextArrival(now); ok {
		again = at.Sub(now)
	}
	return false, again, b.changed, nil
}

// receive takes in one packet; it runs on the reader's goroutine.
func (b *Bot) receive(c *conn, p packets.Packet) {
	b.log.Debug("packet received", "user", b.cfg.User, "stage", c.stage.String(),
		"name", packets.Name(c.stage, packets.Server, p.Command()))
	b.mu.Lock()
	defer b.mu.Unlock()
	if a, ok := p.(*packets.Announce); ok {
		c.announce = a.Text
	}
	if c.stage == packets.Game && c == b.conns[packets.Game] {
		b.model.apply(time.Now(), p)
	}
	for x := range b.waiting {
		if x.conn == c && x.match(p) {
			x.got <- outcome{packet: p}
			delete(b.waiting, x)
		}
	}
	b.wake()
}

// connEnded notes how a connection ended and tells those who wait for it.
func (b *Bot) connEnded(c *conn, err error) {
	_ = c.nc.Close() // after an error of the codec it is still open
	b.mu.Lock()
	defer b.mu.Unlock()
	c.ended = &ClosedError{Stage: c.stage, Announce: c.announce, Err: err}
	for x := range b.waiting {
		if x.conn == c {
			x.got <- outcome{err: c.ended}
			delete(b.waiting, x)
		}
	}
	b.wake()
}

func (b *Bot) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// request sends a packet and returns the first packet of type P after it.
func request[P packets.Packet](ctx context.Context, b *Bot, stage packets.Stage, p packets.Packet) (P, error) {
	var none P
	x, err := b.Expect(stage, isA[P])
	if err != nil {
		return none, err
	}
	defer x.Cancel()
	if err := b.send(ctx, x.conn, p); err != nil {
		return none, err
	}
	got, err := x.Wait(ctx)
	if err != nil {
		return none, err
	}
	reply, _ := got.(P) // isA has seen to it
	return reply, nil
}

func isA[P packets.Packet](p packets.Packet) bool {
	_, ok := p.(P)
	return ok
}
