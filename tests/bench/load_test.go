package main

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	t.Parallel()
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.1: 1.4, 0.5: 3, 0.9: 4.6, 1: 5} {
		if got := quantile(values, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("the %v quantile is %v, want %v", q, got, want)
		}
	}
	if got := quantile([]float64{7}, 0.9); got != 7 {
		t.Errorf("of a single value: %v", got)
	}
	if values[0] != 5 {
		t.Error("the values were sorted in place")
	}
}

func TestShootCountsEveryCall(t *testing.T) {
	t.Parallel()
	made := make(chan int, 10*callers)
	v, err := shoot(t.Context(), side{"side", func(_ context.Context, caller, _ int) error {
		made <- caller
		return nil
	}}, time.Minute, 10*callers)
	if err != nil || v.calls != 10*callers || len(made) != 10*callers {
		t.Errorf("%d calls counted, %d made, %v", v.calls, len(made), err)
	}
}

func TestShootFromACrowd(t *testing.T) {
	t.Parallel()
	var seen [5]atomic.Int64
	v, err := shootFrom(t.Context(), side{"side", func(_ context.Context, caller, _ int) error {
		seen[caller].Add(1)
		return nil
	}}, time.Minute, 10, 5)
	if err != nil || v.calls != 10 {
		t.Errorf("%d calls counted, %v", v.calls, err)
	}
	for caller := range seen {
		if n := seen[caller].Load(); n != 2 {
			t.Errorf("caller %d made %d calls", caller, n)
		}
	}
}

func TestAFloodIsCompared(t *testing.T) {
	t.Parallel()
	var c comparison
	c.add([]float64{30, 10, 20}, []float64{10, 11, 9})
	c.add([]float64{40}, []float64{10})
	if got := c.String(); got != "3.00 (10–90 %: 2.20–3.80), 30.00 ms against 10.00 ms" {
		t.Errorf("got %s", got)
	}
}

func TestAFailingSideIsNotMeasured(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := shoot(t.Context(), side{"side", func(context.Context, int, int) error { return broken }}, time.Minute, 0)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "side") {
		t.Errorf("got %v", err)
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	got := samples("# HELP a b\na 1\nb{x=\"1 2\"} 2.5e+06\nb{x=\"3\"} 1\n\nbad line\n")
	if got["a"] != 1 || got["b"] != 2.5e+06+1 {
		t.Errorf("got %v", got)
	}
}

func TestTheTable(t *testing.T) {
	t.Parallel()
	r := report{command: "make bench", machine: "2 cores"}
	r.ratios = []ratio{
		{name: "good", a: "a", b: "b", target: 0.8, pairs: 30, median: 0.8, low: 0.7, high: 0.9, rateA: 800, rateB: 1000},
		{name: "bad", a: "a", b: "b", target: 0.8, pairs: 30, median: 0.79},
		{name: "beside", a: "a", b: "b", pairs: 30, median: 2, low: 1, high: 3, rateA: 12.34, rateB: 6.17},
	}
	var out strings.Builder
	if err := r.write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| good | a : b | 0.80 | 0.70–0.90 | ≥ 0.80 | met | 800 | 1,000 |", "| bad | a : b | 0.79 |", "not met", "| beside | a : b | 2.00 | 1.00–3.00 | none |  | 12.3 | 6.2 |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-pairs", "3", "-set", "CACHE_TTL=1s", "-set", "LOG_LEVEL=debug"})
	if err != nil || o.pairs != 3 || len(o.settings) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range [][]string{{"-pairs", "0"}, {"-set", "nothing"}, {"-users", "10"}, {"word"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestTheCommandIsWrittenAsMakeTakesIt(t *testing.T) {
	t.Parallel()
	if got := flagsOf([]string{"-only", "warm GetUser"}); got != `BENCHFLAGS='-only "warm GetUser"'` {
		t.Errorf("got %s", got)
	}
	if got := flagsOf(nil); got != "" {
		t.Errorf("got %q", got)
	}
}
