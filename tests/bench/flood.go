package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
)

// floodCommand makes this program guess passwords in a process of its own. It
// does what it reads, a line at a time: "on" and "off", and answers each with a
// line when that is so.
const floodCommand = "flood"

// pauseBetween is what a network would take between a guess and the next one of
// the same caller.
const pauseBetween = 5 * time.Millisecond

// honest is the number of the user who signs in meanwhile.
const honest = 0

// guesses counts what the flood was told.
type guesses struct{ judged, busy, slowed, other atomic.Int64 }

func (g *guesses) count(err error) {
	switch errs.ReasonOf(rpc.FromStatus(err)) {
	case "LOGIN_REFUSED":
		g.judged.Add(1)
	case "AUTH_BUSY":
		g.busy.Add(1)
	case "TOO_MANY_ATTEMPTS":
		g.slowed.Add(1)
	default:
		g.other.Add(1)
	}
}

// runFlood guesses passwords: 64 callers of one network, half of them at the name
// of the honest user, half of them at all names in turn.
func runFlood(args []string, in io.Reader, out io.Writer) error {
	f := flag.NewFlagSet(floodCommand, flag.ContinueOnError)
	addr := f.String("addr", "", "address of the auth part")
	users := f.Int("users", 1, "names to guess at")
	if err := f.Parse(args); err != nil {
		return err
	}
	c, err := connect(*addr)
	if err != nil {
		return err
	}
	var g guesses
	stop := func() {}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		stop()
		if lines.Text() == "on" {
			stop = g.begin(c, *users)
		}
		fmt.Fprintln(out, g.judged.Load(), g.busy.Load(), g.slowed.Load(), g.other.Load())
	}
	return errors.Join(lines.Err(), hangUp(c.conns))
}

// begin lets all callers guess until stop is called. When begin returns, each
// has been answered once.
func (g *guesses) begin(c *clients, users int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	services := c.services()
	var answered, guessing sync.WaitGroup
	answered.Add(callers)
	for caller := range callers {
		guessing.Go(func() {
			pause := time.NewTicker(pauseBetween)
			defer pause.Stop()
			for n := 0; ctx.Err() == nil; n++ {
				name := username(honest)
				if caller%2 == 1 {
					name = username((caller*7919 + n) % users)
				}
				// Without ctx: what has begun is answered before the next slice.
				_, err := services[caller%connections].VerifyPassword(context.Background(), &authv1.VerifyPasswordRequest{
					User: &authv1.VerifyPasswordRequest_Username{Username: name}, Password: "guess", Address: fmt.Sprintf("198.51.100.%d", caller),
				})
				g.count(err)
				if n == 0 {
					answered.Done()
				}
				select {
				case <-pause.C:
				case <-ctx.Done():
				}
			}
		})
	}
	answered.Wait()
	return func() {
		cancel()
		guessing.Wait()
	}
}

// flooder is the flood's process.
type flooder struct {
	*process
	in  io.Writer
	out *bufio.Reader
}

func newFlooder(ctx context.Context, addr string, users int) (*flooder, error) {
	p, in, out, err := again(ctx, floodCommand, "-addr", addr, "-users", strconv.Itoa(users))
	if err != nil {
		return nil, err
	}
	return &flooder{process: p, in: in, out: out}, nil
}

// turn turns the flood on or off and returns what it was told so far: guesses
// judged, refused as busy, told to wait, and all else.
func (f *flooder) turn(how string) (told [4]int64, err error) {
	if _, err := fmt.Fprintln(f.in, how); err != nil {
		return told, fmt.Errorf("turn the flood %s: %w", how, err)
	}
	line, err := f.out.ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &told[0], &told[1], &told[2], &told[3])
	}
	if err != nil {
		return told, fmt.Errorf("the flood was turned %s and said %q: %w", how, strings.TrimSpace(line), err)
	}
	return told, nil
}

// patient is what the honest waits for, in milliseconds.
type patient struct{ signIns, checks []float64 }

// checksBetween is how many sessions are checked between two sign-ins.
const checksBetween = 5

// wait signs the honest user in and checks sessions, one call after the other,
// for a slice.
func (b *bench) wait(ctx context.Context, c *clients) (patient, error) {
	ctx, cancel := context.WithTimeout(ctx, b.slice+patience)
	defer cancel()
	var p patient
	service := authv1.NewAuthServiceClient(c.conns[0])
	took := func(list *[]float64, call func() error) error {
		begun := time.Now()
		err := call()
		*list = append(*list, 1000*time.Since(begun).Seconds())
		return err
	}
	for end := time.Now().Add(b.slice); time.Now().Before(end); {
		if err := took(&p.signIns, func() error {
			_, err := service.SignIn(ctx, &authv1.SignInRequest{
				User: &authv1.SignInRequest_Username{Username: username(honest)}, Password: password, Address: "203.0.113.7",
			})
			return err
		}); err != nil {
			return p, fmt.Errorf("sign in: %w", err)
		}
		for i := range checksBetween {
			if err := took(&p.checks, func() error { return c.sessions[(len(p.checks)+i)%len(c.sessions)].again(ctx, c.conns[0]) }); err != nil {
				return p, fmt.Errorf("check a session: %w", err)
			}
		}
	}
	return p, nil
}

// floods measures what a flood of guesses costs those who sign in and those
// whose sessions are checked.
func (b *bench) floods(ctx context.Context) error {
	const off = "100000,100ms,100ms,1s"
	for _, form := range []struct {
		name, target string
		settings     []string
	}{
		{"auth flood, limits of tries on", "≤ 2", nil},
		{"auth flood, limits of tries off", "none", []string{"AUTH_ATTEMPTS_DEVICE=" + off, "AUTH_ATTEMPTS_ACCOUNT=" + off, "AUTH_ATTEMPTS_NETWORK=" + off}},
	} {
		if b.wanted(form.name) {
			if err := b.flood(ctx, form.name, form.target, form.settings); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) flood(ctx context.Context, name, target string, settings []string) (err error) {
	d, err := b.together(ctx, settings...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := b.askSessions(ctx, d.clients); err != nil {
		return err
	}
	f, err := newFlooder(ctx, d.processes[0].addr, b.warm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	var signIns, checks comparison
	var first, last [4]int64
	for i := range b.pairs + 1 {
		var quiet, flooded patient
		order := []string{"off", "on"}
		if i%2 == 1 {
			slices.Reverse(order)
		}
		for _, how := range order {
			if _, err := f.turn(how); err != nil {
				return err
			}
			p, err := b.wait(ctx, d.clients)
			if err != nil {
				return err
			}
			if last, err = f.turn("off"); err != nil {
				return err
			}
			if how == "on" {
				flooded = p
			} else {
				quiet = p
			}
		}
		if i == 0 {
			first = last // the first pair warms up, and uses the free tries
			continue
		}
		signIns.add(flooded.signIns, quiet.signIns)
		checks.add(flooded.checks, quiet.checks)
		if i%10 == 0 || i == b.pairs {
			b.say("%s: pair %d of %d, median so far %.2f, of checks %.2f", name, i, b.pairs, quantile(signIns.ratios, 0.5), quantile(checks.ratios, 0.5))
		}
	}
	met := ""
	if target != "none" {
		met = verdict(quantile(signIns.ratios, 0.5) <= 2)
	}
	b.report.facts = append(b.report.facts,
		fact{what: name + ": a sign-in, flooded : quiet", measured: signIns.String(), target: target, verdict: met},
		fact{
			what: name + ": a session check, flooded : quiet", target: "none",
			measured: fmt.Sprintf("%s; guesses judged %s, busy %s, told to wait %s, failed %s", checks.String(), since(first, last, 0), since(first, last, 1), since(first, last, 2), since(first, last, 3)),
		})
	return nil
}

func since(first, last [4]int64, i int) string { return thousands(float64(last[i] - first[i])) }

// comparison is how long calls take in pairs of slices.
type comparison struct{ ratios, flooded, quiet []float64 }

func (c *comparison) add(flooded, quiet []float64) {
	f, q := quantile(flooded, 0.5), quantile(quiet, 0.5)
	c.ratios, c.flooded, c.quiet = append(c.ratios, f/q), append(c.flooded, f), append(c.quiet, q)
}

// String gives the ratio of medians, and these.
func (c *comparison) String() string {
	return fmt.Sprintf("%.2f (10–90 %%: %.2f–%.2f), %.2f ms against %.2f ms", quantile(c.ratios, 0.5),
		quantile(c.ratios, 0.1), quantile(c.ratios, 0.9), quantile(c.flooded, 0.5), quantile(c.quiet, 0.5))
}
