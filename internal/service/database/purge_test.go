package database_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/service/database"
)

// fakePurger answers by script and remembers when it was asked.
type fakePurger struct {
	start  time.Time
	script []answer // what comes after it: nothing to purge
	asked  []time.Duration
	limits []int
	sweeps []sweepAnswer // what comes after it: the end, and nothing marked
	swept  []string      // when, and from where on
}

type sweepAnswer struct {
	next   string
	marked int
	err    error
}

func (p *fakePurger) SweepCharacters(ctx context.Context, after string, limit int) (string, int, error) {
	p.swept = append(p.swept, time.Since(p.start).String()+" "+after)
	p.limits = append(p.limits, limit)
	if err := ctx.Err(); err != nil {
		return after, 0, err
	}
	if len(p.sweeps) == 0 {
		return "", 0, nil
	}
	a := p.sweeps[0]
	p.sweeps = p.sweeps[1:]
	return a.next, a.marked, a.err
}

type answer struct {
	n   int
	err error
}

func (p *fakePurger) PurgeCharacters(ctx context.Context, limit int) (int, error) {
	p.asked = append(p.asked, time.Since(p.start))
	p.limits = append(p.limits, limit)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(p.script) == 0 {
		return 0, nil
	}
	a := p.script[0]
	p.script = p.script[1:]
	return a.n, a.err
}

func TestPurge(t *testing.T) {
	t.Parallel()
	const full = 500 // characters that one call removes at most
	for name, c := range map[string]struct {
		script []answer
		want   []time.Duration // when it asked within two and a half minutes
		log    []string
	}{
		"nothing to do":      {nil, []time.Duration{0, time.Minute, 2 * time.Minute}, nil},
		"a few":              {[]answer{{n: 3}}, []time.Duration{0, time.Minute, 2 * time.Minute}, []string{"INFO", "characters=3"}},
		"more than one call": {[]answer{{n: full}, {n: full}, {n: 1}}, []time.Duration{0, 0, 0, time.Minute, 2 * time.Minute}, []string{"INFO", "characters=1001"}},
		"exactly one call":   {[]answer{{n: full}}, []time.Duration{0, 0, time.Minute, 2 * time.Minute}, []string{"characters=500"}},
		"a failure": {[]answer{{err: errors.New("the disk is full")}, {n: 7}}, []time.Duration{0, time.Minute, 2 * time.Minute},
			[]string{"WARN", "the disk is full", "characters=7"}},
		"a failure in the middle": {[]answer{{n: full}, {err: errors.New("the disk is full")}}, []time.Duration{0, 0, time.Minute, 2 * time.Minute},
			[]string{"WARN"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				p := &fakePurger{start: time.Now(), script: c.script}
				ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
				defer cancel()
				database.Purge(ctx, p, time.Minute, slog.New(slog.NewTextHandler(&log, nil)))
				if got := time.Since(p.start); got != 150*time.Second {
					t.Errorf("it ended after %v, want the end of its context", got)
				}
				if diff := cmp.Diff(c.want, p.asked); diff != "" {
					t.Errorf("when it asked (-want +got):\n%s", diff)
				}
				for _, limit := range p.limits {
					if limit != full {
						t.Errorf("it asked for %d at once, want %d", limit, full)
					}
				}
				for _, w := range c.log {
					if !strings.Contains(log.String(), w) {
						t.Errorf("the log does not say %q:\n%s", w, log.String())
					}
				}
				if c.log == nil && log.Len() > 0 {
					t.Errorf("it logs although nothing happened:\n%s", log.String())
				}
			})
		})
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	long := make([]sweepAnswer, 15)
	for i := range long {
		long[i] = sweepAnswer{next: string(rune('a' + i)), marked: 1}
	}
	for name, c := range map[string]struct {
		sweeps []sweepAnswer
		want   []string // when it swept within a minute and a half, and from where on
		log    []string
	}{
		"nothing to do":     {nil, []string{"0s ", "1m0s "}, nil},
		"more than one":     {[]sweepAnswer{{next: "m", marked: 2}, {next: "x", marked: 3}, {}}, []string{"0s ", "0s m", "0s x", "1m0s "}, []string{"INFO", "characters=5"}},
		"another is at it":  {[]sweepAnswer{{next: "m"}, {next: "m"}, {}}, []string{"0s ", "0s m", "1m0s m"}, nil},
		"a failure":         {[]sweepAnswer{{next: "m", marked: 2}, {next: "m", err: errors.New("the disk is full")}}, []string{"0s ", "0s m", "1m0s m"}, []string{"WARN", "the disk is full"}},
		"too many for once": {long, []string{"0s ", "0s a", "0s b", "0s c", "0s d", "0s e", "0s f", "0s g", "0s h", "0s i", "1m0s j", "1m0s k", "1m0s l", "1m0s m", "1m0s n", "1m0s o"}, []string{"characters=10", "characters=5"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				p := &fakePurger{start: time.Now(), sweeps: c.sweeps}
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				database.Purge(ctx, p, time.Minute, slog.New(slog.NewTextHandler(&log, nil)))
				if diff := cmp.Diff(c.want, p.swept); diff != "" {
					t.Errorf("when it swept, and from where on (-want +got):\n%s", diff)
				}
				for _, w := range c.log {
					if !strings.Contains(log.String(), w) {
						t.Errorf("the log does not say %q:\n%s", w, log.String())
					}
				}
				if c.log == nil && log.Len() > 0 {
					t.Errorf("it logs although nothing happened:\n%s", log.String())
				}
			})
		})
	}
}

func TestPurgeEndsQuietlyInTheMiddle(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &fakePurger{start: time.Now()}
	database.Purge(ctx, p, time.Minute, slog.New(slog.NewTextHandler(&log, nil)))
	if log.Len() > 0 {
		t.Errorf("the end of the process is logged as a failure:\n%s", log.String())
	}
}
