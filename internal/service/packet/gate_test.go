package packet_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
)

// starved is a backend that does so many calls a second, and fewer the more it
// is given at once beyond that.
type starved struct {
	atBest int

	mu  sync.Mutex
	now int
}

// serve does one call. The more there are at once, the longer each takes.
func (b *starved) serve(ctx context.Context) error {
	b.mu.Lock()
	b.now++
	over := max(1, float64(b.now)/float64(b.atBest))
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.now--
		b.mu.Unlock()
	}()
	select {
	case <-time.After(time.Duration(over * over * float64(time.Second))):
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func hostOf(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }

// Ten times as many sign in at once as are let in while one waits: as many get in
// each second as when there is no storm, and all others are told.
func TestAStormDoesNotSlowSignInsDown(t *testing.T) {
	const atBest, wait, crowd = 6, 10 * time.Second, 600
	cfg := packet.Config{SignIns: atBest, SignInQueue: 1000, SignInWait: wait, BackendTimeout: 5 * time.Second}
	for name, impatient := range map[string]bool{"who waits": false, "who gives up and comes back": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate, backend := packet.NewGate(cfg), &starved{atBest: atBest}
				var in, told, other int
				var mu sync.Mutex
				var storm sync.WaitGroup
				for i := range crowd {
					storm.Go(func() {
						var err error
						for try := range 5 {
							ctx, cancel := context.WithCancel(t.Context())
							if impatient && try < 4 { // each with a patience of its own
								ctx, cancel = context.WithTimeout(ctx, time.Duration(500+i)*time.Millisecond)
							}
							err = gate.SignIn(ctx, hostOf(i), func() error {
								call, end := context.WithTimeout(ctx, cfg.BackendTimeout)
								defer end()
								return backend.serve(call)
							})
							gone := ctx.Err() != nil
							cancel()
							if !gone {
								break
							}
						}
						mu.Lock()
						defer mu.Unlock()
						switch {
						case err == nil:
							in++
						case errs.KindOf(err) == errs.ResourceExhausted:
							told++
						default:
							other++
							t.Errorf("neither in nor told: %v", err)
						}
					})
				}
				begun := time.Now()
				storm.Wait()
				took := time.Since(begun)
				least := atBest * int(wait/time.Second)
				if in+told+other != crowd || in < least {
					t.Errorf("of %d, %d got in within %v, want %d at least, and %d were told", crowd, in, took, least, told)
				}
				most := wait + cfg.BackendTimeout
				if impatient { // for all that they gave up before
					most += 4 * time.Duration(500+crowd) * time.Millisecond
				}
				if took > most {
					t.Errorf("the last was told after %v, want %v at most", took, most)
				}
			})
		})
	}
}

// A flood from one address waits for its own kind, and others go in between.
func TestAFloodOfOneAddressKeepsNobodyElseWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := packet.NewGate(packet.Config{SignIns: 1, SignInQueue: 8, SignInWait: time.Minute})
		second := func() error { time.Sleep(time.Second); return nil }
		var all sync.WaitGroup
		refused := make(chan error, 16)
		for range 10 {
			all.Go(func() {
				if err := gate.SignIn(t.Context(), hostOf(1), second); err != nil {
					refused <- err
				}
			})
		}
		synctest.Wait()
		begun := time.Now()
		if err := gate.SignIn(t.Context(), hostOf(2), second); err != nil || time.Since(begun) > 2*time.Second {
			t.Errorf("another address, after %v: %v", time.Since(begun), err)
		}
		all.Wait()
		if len(refused) != 2 { // one found no place, one gave its place up
			t.Errorf("%d of the flood were refused, want 2", len(refused))
		}
		close(refused)
		for err := range refused {
			if errs.ReasonOf(err) != "GATEWAY_BUSY" {
				t.Errorf("refused with %v", err)
			}
		}
	})
}

// turnedAway waits until so many sign-ins were turned away for a reason.
func (g *gateway) turnedAway(why string, n float64) {
	g.t.Helper()
	g.eventually("turned away: "+why, func() bool {
		return g.metric("waystone_packet_turned_away_total", map[string]string{"kind": "sign-in", "why": why}) == n
	})
}

// metric is the value of a counter or a gauge with just these labels; 0 if there
// is none.
func (g *gateway) metric(name string, labels map[string]string) float64 {
	g.t.Helper()
	families, err := g.reg.Gather()
	if err != nil {
		g.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			has := map[string]string{}
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			if f.GetName() == name && maps.Equal(has, labels) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// startHeld starts a gateway that lets one in at a time, whose sign-ins each give
// a value to begun and then wait for one from let, or for their client to go,
// which gives one to gone.
func startHeld(t *testing.T, change func(*packet.Config)) (g *gateway, begun, let, gone chan struct{}) {
	t.Helper()
	begun, let, gone = make(chan struct{}, 16), make(chan struct{}), make(chan struct{}, 16)
	g = start(t, func(c *packet.Config) {
		c.SignIns, c.SignInWait = 1, time.Minute
		if change != nil {
			change(c)
		}
	})
	g.auth.hold = func(ctx context.Context) error {
		begun <- struct{}{}
		select {
		case <-let:
			return nil
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				gone <- struct{}{}
			}
			return ctx.Err()
		}
	}
	return g, begun, let, gone
}

// asks is a client that has sent its name and password.
func (g *gateway) asks() *client {
	g.t.Helper()
	c := g.dial(packets.Login)
	c.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](c)
	c.send(&packets.LoginRequest{Secret: secret, User: "alice"})
	return c
}

func (g *gateway) waiting(n float64) {
	g.t.Helper()
	g.eventually(fmt.Sprintf("%v wait for their turn", n), func() bool {
		return g.metric("waystone_packet_turn_queue", map[string]string{"kind": "sign-in"}) == n
	})
}

func TestNoWorkIsDoneForAClientThatHasGone(t *testing.T) {
	g, begun, let, gone := startHeld(t, nil)
	first := g.asks()
	await(t, begun, "the first sign-in")
	second, third := g.asks(), g.asks()
	g.waiting(2)
	_ = second.nc.Close()
	g.turnedAway("gone", 1)
	g.waiting(1)
	_ = first.nc.Close()
	await(t, gone, "the end of the first sign-in's call")
	await(t, begun, "the third sign-in") // and not the second
	let <- struct{}{}
	if r := expect[*packets.LoginReply](third); r.Result != packets.LoginOK {
		t.Errorf("the third: %+v", r)
	}
	if len(begun) != 0 {
		t.Error("a sign-in was begun for a client that had gone")
	}
}

func TestWhoFindsTheQueueFullIsToldAtOnce(t *testing.T) {
	g, begun, let, _ := startHeld(t, func(c *packet.Config) { c.SignInQueue = 1 })
	first := g.asks()
	await(t, begun, "the first sign-in")
	second := g.asks()
	g.waiting(1)
	third := g.asks()
	if r := expect[*packets.LoginReply](third); r.Result != packets.LoginTooManyUsers {
		t.Errorf("the third: %+v", r)
	}
	for _, c := range []*client{first, second} {
		let <- struct{}{}
		if r := expect[*packets.LoginReply](c); r.Result != packets.LoginOK {
			t.Errorf("one that waited: %+v", r)
		}
	}
	// A refused client may try again on the same connection.
	third.send(&packets.LoginRequest{Secret: secret, User: "alice"})
	let <- struct{}{}
	if r := expect[*packets.LoginReply](third); r.Result != packets.LoginOK {
		t.Errorf("the third again: %+v", r)
	}
}

func TestWhoHasWaitedTooLongIsTold(t *testing.T) {
	g, begun, let, _ := startHeld(t, func(c *packet.Config) { c.SignInWait = 100 * time.Millisecond })
	first := g.asks()
	await(t, begun, "the first sign-in")
	if r := expect[*packets.LoginReply](g.asks()); r.Result != packets.LoginTooManyUsers {
		t.Errorf("the second: %+v", r)
	}
	g.turnedAway("late", 1)
	let <- struct{}{}
	if r := expect[*packets.LoginReply](first); r.Result != packets.LoginOK {
		t.Errorf("the first: %+v", r)
	}
}
