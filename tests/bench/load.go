package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	callers     = 64
	connections = 4
	// patience bounds one slice beyond its own length: a side that does not
	// answer is an error, not a wait.
	patience = 20 * time.Second
	// window is what a server may send before the client has read it, in bytes
	// for each stream.
	window = 64 << 10
)

// call is one call to a side; n grows with each call of a caller.
type call func(ctx context.Context, caller, n int) error

// side is one of the two that a ratio compares.
type side struct {
	name string
	call call
}

// dial opens the connections to a server: the same for both sides, so that what
// differs is the server, and with as little work in the client as can be, since
// the callers share the server's cores. Without retries a call is not kept for a
// second attempt, and windows of a fixed size need no pings to measure the way.
func dial(addr string) ([]*grpc.ClientConn, error) {
	var list []*grpc.ClientConn
	for range connections {
		cc, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(newCodec())), grpc.WithDisableRetry(),
			grpc.WithStaticStreamWindowSize(window), grpc.WithStaticConnWindowSize(16*window))
		if err != nil {
			return nil, errors.Join(err, hangUp(list))
		}
		list = append(list, cc)
	}
	return list, nil
}

func hangUp(list []*grpc.ClientConn) error {
	var err error
	for _, cc := range list {
		err = errors.Join(err, cc.Close())
	}
	return err
}

// volley is what a slice has done.
type volley struct {
	calls int64
	took  time.Duration
}

// rate is in calls per second.
func (v volley) rate() float64 { return float64(v.calls) / v.took.Seconds() }

// shoot lets all callers call, one call after the other each, until the time
// is over or the calls are made; limit 0 means that only time ends it.
func shoot(ctx context.Context, s side, length time.Duration, limit int64) (volley, error) {
	return shootFrom(ctx, s, length, limit, callers)
}

// shootFrom is shoot with so many callers.
func shootFrom(ctx context.Context, s side, length time.Duration, limit int64, crowd int) (volley, error) {
	ctx, cancel := context.WithTimeout(ctx, length+patience)
	defer cancel()
	var calls atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	start := time.Now()
	end := start.Add(length)
	for c := range crowd {
		wg.Go(func() {
			done := int64(0)
			defer func() { calls.Add(done) }()
			for n := 0; failed.Load() == nil && time.Now().Before(end); n++ {
				if limit > 0 && done >= limit/int64(crowd) {
					return
				}
				if err := s.call(ctx, c, n); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				done++
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return volley{}, fmt.Errorf("%s: %w", s.name, *err)
	}
	return volley{calls: calls.Load(), took: time.Since(start)}, nil
}

// ratio is what a comparison found.
type ratio struct {
	name         string
	target       float64                         // 0 for none
	callers      int                             // 0 for 64
	beforeSlice  func(ctx context.Context) error // may be nil
	a, b         string                          // names of the sides
	pairs        int
	median       float64
	low, high    float64 // 10 and 90 % of the pairs
	rateA, rateB float64 // medians, calls per second
}

// compare measures the ratio of two sides in pairs of neighbouring slices; the
// order in a pair changes from pair to pair. The first pair warms up and does
// not count.
func (b *bench) compare(ctx context.Context, r ratio, sa, sb side) error {
	if !b.wanted(r.name) {
		return nil
	}
	r.a, r.b, r.pairs = sa.name, sb.name, b.pairs
	var ratios, as, bs []float64
	for i := range b.pairs + 1 {
		order := []side{sa, sb}
		if i%2 == 1 {
			slices.Reverse(order)
		}
		rates := map[string]float64{}
		for _, s := range order {
			if r.beforeSlice != nil {
				if err := r.beforeSlice(ctx); err != nil {
					return err
				}
			}
			v, err := shootFrom(ctx, s, b.slice, 0, cmp.Or(r.callers, callers))
			if err != nil {
				return err
			}
			rates[s.name] = v.rate()
		}
		if i == 0 {
			continue
		}
		ratios, as, bs = append(ratios, rates[sa.name]/rates[sb.name]), append(as, rates[sa.name]), append(bs, rates[sb.name])
		if i%10 == 0 || i == b.pairs {
			b.say("%s: pair %d of %d, median so far %.2f", r.name, i, b.pairs, quantile(ratios, 0.5))
		}
	}
	r.median, r.low, r.high = quantile(ratios, 0.5), quantile(ratios, 0.1), quantile(ratios, 0.9)
	r.rateA, r.rateB = quantile(as, 0.5), quantile(bs, 0.5)
	b.report.ratios = append(b.report.ratios, r)
	return nil
}

// quantile returns the q-quantile of values, 0 ≤ q ≤ 1, between neighbours
// where it falls between them; values must not be empty.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}
