package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// TestLookupsAnswerAsCalls: over a stream and by themselves, answers and errors
// are the same.
func TestLookupsAnswerAsCalls(t *testing.T) {
	t.Parallel()
	c := call(t, newBacking(t).listen(t, "127.0.0.1:0").addr)
	c.open(t)
	signature := strings.Repeat("A", 43) + "="
	for name, token := range map[string]string{
		"raw": warmToken, "signed": warmToken + "." + signature, "bearer": "Bearer " + warmToken,
		"signed bearer": "bearer " + warmToken + "." + signature, "cookie": "better-auth.session_token=" + warmToken + "." + signature,
		"unknown": "no-such-token", "no token": "no such token.", "expired": expiredToken, "banned": bannedToken,
		"empty": "", "overlong": strings.Repeat("x", 513), "long": strings.Repeat("x", 512), "far too long": strings.Repeat("x", 300<<10),
		"NUL": "a\x00b", "line feed": "a\nb", "DEL": "a\x7f", "not ASCII": "\u00fc\U0001f409", "not UTF-8": "a\xff\xfe",
	} {
		before := c.streamed(t)
		got, gotErr := c.EncodedSession(t.Context(), token, store.Cached)
		streamed := c.streamed(t) > before
		want, wantErr := c.plain.EncodedSession(t.Context(), token, store.Cached)
		if diff := cmp.Diff(wantErr, gotErr, cmp.Comparer(same)); diff != "" {
			t.Errorf("%s (-call +look-up):\n%s", name, diff)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-call +look-up):\n%s", name, diff)
		}
		if odd := name == "not UTF-8" || name == "far too long"; streamed == odd {
			t.Errorf("%s: over a stream %v", name, streamed)
		}
	}
	before := c.streamed(t)
	if _, err := c.EncodedSession(t.Context(), warmToken, store.Fresh); err != nil || c.streamed(t) != before {
		t.Errorf("a fresh read: %v, over a stream %v", err, c.streamed(t) != before)
	}
}

// same compares what a caller sees of errors.
func same(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	x, y := errs.Of(a), errs.Of(b)
	return x.Kind == y.Kind && x.Reason == y.Reason && x.Field == y.Field && x.Msg == y.Msg
}

// TestASlowLookupHoldsUpNoOther: neither in its message nor in later ones, and
// a refusal is a look-up's own.
func TestASlowLookupHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := newBacking(t)
	c := call(t, b.listen(t, "127.0.0.1:0").addr)
	c.open(t)
	stream, err := databasev1.NewSessionServiceClient(c.cc).GetSessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(tokens ...string) {
		t.Helper()
		m := &databasev1.GetSessionsRequest{}
		for i, token := range tokens {
			l := &databasev1.SessionLookup{Number: uint64(i), Request: &databasev1.GetSessionRequest{Token: token}}
			if token == "gated-shortly" {
				l.TimeoutMs = 30
			}
			m.Lookups = append(m.Lookups, l)
		}
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	answers := func(n int) map[uint64]string {
		t.Helper()
		got := map[uint64]string{}
		for len(got) < n {
			m, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range m.GetAnswers() {
				if found := a.GetFound(); found != nil {
					got[a.GetNumber()] = found.GetSession().GetId()
					continue
				}
				var st spb.Status
				if err := proto.Unmarshal(a.GetRefusal(), &st); err != nil {
					t.Fatal(err)
				}
				got[a.GetNumber()] = codes.Code(st.GetCode()).String()
			}
		}
		return got
	}
	ask("gated-1", warmToken, "a\x00b", "gated-2", warmToken, "gated-shortly")
	if diff := cmp.Diff(map[uint64]string{1: "s1", 2: "InvalidArgument", 4: "s1", 5: "DeadlineExceeded"}, answers(4)); diff != "" {
		t.Errorf("while others wait (-want +got):\n%s", diff)
	}
	ask("", "", "", "", "", "", warmToken)
	if got := answers(7); got[6] != "s1" {
		t.Errorf("a later message is answered with %v", got)
	}
	b.let()
	if diff := cmp.Diff(map[uint64]string{0: "NotFound", 3: "NotFound"}, answers(2)); diff != "" {
		t.Errorf("those that waited (-want +got):\n%s", diff)
	}
	// Who sends no more gets all answers.
	ask(warmToken)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if got := answers(1); got[0] != "s1" {
		t.Errorf("the last look-up is answered with %v", got)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v", err)
	}
}

// TestAStreamIsReadOnlyAsFarAsItMayHaveInTheWorks: a thousand, not more.
func TestAStreamIsReadOnlyAsFarAsItMayHaveInTheWorks(t *testing.T) {
	t.Parallel()
	const all, bound = 2048, 1024
	b := newBacking(t)
	c := call(t, b.listen(t, "127.0.0.1:0").addr)
	stream, err := databasev1.NewSessionServiceClient(c.cc).GetSessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		for n := 0; n < all; {
			m := &databasev1.GetSessionsRequest{}
			for ; len(m.Lookups) < 256; n++ {
				m.Lookups = append(m.Lookups, &databasev1.SessionLookup{
					Number: uint64(n), Request: &databasev1.GetSessionRequest{Token: fmt.Sprint("gated-", n)}, TimeoutMs: 60_000,
				})
			}
			if err := stream.Send(m); err != nil {
				t.Error(err)
			}
		}
	})
	b.await(t, bound)
	// What was sent has come by the time that these are answered.
	for range 50 {
		c.wantPlain(t)
	}
	if n := b.now.Load(); n != bound {
		t.Errorf("%d look-ups are in the works, want %d", n, bound)
	}
	b.let()
	for n := 0; n < all; {
		m, err := stream.Recv()
		if err != nil {
			t.Fatalf("after %d answers: %v", n, err)
		}
		n += len(m.GetAnswers())
	}
}

func (c *caller) wantPlain(t *testing.T) {
	t.Helper()
	if _, err := c.plain.EncodedSession(t.Context(), warmToken, store.Cached); err != nil {
		t.Error(err)
	}
}

// TestTooManyLookupsInAMessageEndTheStream, and none.
func TestTooManyLookupsInAMessageEndTheStream(t *testing.T) {
	t.Parallel()
	c := call(t, newBacking(t).listen(t, "127.0.0.1:0").addr)
	for _, n := range []int{0, 257} {
		stream, err := databasev1.NewSessionServiceClient(c.cc).GetSessions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m := &databasev1.GetSessionsRequest{}
		for range n {
			m.Lookups = append(m.Lookups, &databasev1.SessionLookup{})
		}
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); errs.KindOf(err) != errs.InvalidArgument || errs.Of(err).Field != "lookups" {
			t.Errorf("%d look-ups: %v", n, err)
		}
	}
}

// TestTenThousandLookupsAtOnce are all answered, each with its own answer.
func TestTenThousandLookupsAtOnce(t *testing.T) {
	t.Parallel()
	c := call(t, newBacking(t).listen(t, "127.0.0.1:0").addr)
	c.open(t)
	var wg sync.WaitGroup
	for i := range 10_000 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if i%10 == 0 {
				if _, err := c.EncodedSession(ctx, bannedToken, store.Cached); !errors.Is(err, store.ErrUserBanned) {
					t.Errorf("a banned user: %v", err)
				}
				return
			}
			c.wantLiving(t, ctx)
		})
	}
	wg.Wait()
}

// load looks up without a pause until the returned function is called, and
// reports every outcome.
func (c *caller) load(ctx context.Context, outcome func(error)) (halt func()) {
	halted, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for halted.Err() == nil {
				_, err := c.EncodedSession(ctx, warmToken, store.Cached)
				outcome(err)
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// TestAStopInGoodOrderFailsNoLookup, neither those under way nor later ones.
func TestAStopInGoodOrderFailsNoLookup(t *testing.T) {
	t.Parallel()
	b := newBacking(t)
	one, two := b.listen(t, "127.0.0.1:0"), b.listen(t, "127.0.0.1:0")
	c := call(t, one.addr, two.addr)
	c.open(t)
	// Whoever waits does so for long: a busy machine is no failure.
	patient, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	slow := make(chan error, 16)
	for i := range cap(slow) {
		go func() {
			_, err := c.EncodedSession(patient, fmt.Sprint("gated-", i), store.Cached)
			slow <- err
		}()
	}
	b.await(t, cap(slow))
	halt := c.load(patient, func(err error) {
		if err != nil {
			t.Errorf("a look-up failed: %v", err)
		}
	})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		one.stop()
	}()
	<-one.stopping
	for range 50 { // the other one serves
		c.wantLiving(t, patient)
	}
	b.let()
	<-stopped
	for range cap(slow) {
		if err := <-slow; !errors.Is(err, store.ErrSessionNotFound) {
			t.Errorf("a look-up that waited: %v", err)
		}
	}
	halt()
	c.open(t) // over the replica that is left
}

// TestAKilledDatabasePart: callers get an answer or are told that it is away,
// and streams come back with it.
func TestAKilledDatabasePart(t *testing.T) {
	t.Parallel()
	b := newBacking(t)
	r := b.listen(t, "127.0.0.1:0")
	c := call(t, r.addr)
	c.open(t)
	var away atomic.Int64
	told := make(chan struct{}, 1)
	halt := c.load(t.Context(), func(err error) {
		switch {
		case err == nil:
		case errs.KindOf(err) == errs.Unavailable:
			away.Add(1)
			select {
			case told <- struct{}{}:
			default:
			}
		default:
			t.Errorf("a look-up: %v", err)
		}
	})
	r.kill()
	select {
	case <-told:
	case <-time.After(10 * time.Second):
		t.Error("nobody is told that the database part is away")
	}
	b.listen(t, r.addr)
	c.open(t)
	halt()
	c.wantLiving(t, t.Context())
}

// TestADatabasePartThatAnswersNothing holds nobody up beyond his deadline, and
// its streams are left.
func TestADatabasePartThatAnswersNothing(t *testing.T) {
	t.Parallel()
	proxy := testenv.NewProxy(t, newBacking(t).listen(t, "127.0.0.1:0").addr)
	c := call(t, proxy.Addr())
	c.open(t)
	proxy.Blackhole(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			_, err := c.EncodedSession(ctx, warmToken, store.Cached)
			if kind := errs.KindOf(err); kind != errs.DeadlineExceeded && kind != errs.Unavailable {
				t.Errorf("a look-up that nobody hears: %v", err)
			}
		})
	}
	heard := make(chan struct{})
	go func() { wg.Wait(); close(heard) }()
	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Fatal("look-ups are held up beyond their deadline")
	}
	proxy.Heal(t)
	c.open(t)
	c.wantLiving(t, t.Context())
}

// older is a database part that knows no streams of look-ups.
type older struct {
	databasev1.UnimplementedSessionServiceServer
}

func (older) GetSession(context.Context, *databasev1.GetSessionRequest) (*databasev1.GetSessionResponse, error) {
	return &databasev1.GetSessionResponse{Session: &databasev1.Session{Id: "s1"}, User: &databasev1.User{Username: "ada"}}, nil
}

// newer is one that knows them.
type newer struct{ older }

func (newer) GetSessions(stream grpc.BidiStreamingServer[databasev1.GetSessionsRequest, databasev1.GetSessionsResponse]) error {
	return rpc.ServeBatch(stream, databasev1.SessionService_GetSession_FullMethodName)
}

func TestAnOlderDatabasePartIsCalled(t *testing.T) {
	t.Parallel()
	c := call(t, listen(t, "127.0.0.1:0", func(s grpc.ServiceRegistrar) { databasev1.RegisterSessionServiceServer(s, older{}) }).addr)
	for range 500 {
		c.wantLiving(t, t.Context())
	}
	if n := c.streamed(t); n != 0 {
		t.Errorf("%v look-ups went over a stream", n)
	}
}

// TestACallerWhoGoesIsLetGo at once, and harms no other.
func TestACallerWhoGoesIsLetGo(t *testing.T) {
	t.Parallel()
	b := newBacking(t)
	c := call(t, b.listen(t, "127.0.0.1:0").addr)
	c.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := c.EncodedSession(ctx, "gated", store.Cached)
		gone <- err
	}()
	b.await(t, 1)
	cancel()
	if err := <-gone; errs.KindOf(err) != errs.Canceled || !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.EncodedSession(ctx, "gated", store.Cached); errs.KindOf(err) != errs.DeadlineExceeded {
		t.Errorf("a deadline that passed: %v", err)
	}
	before := c.streamed(t)
	for range 20 {
		c.wantLiving(t, t.Context())
	}
	if n := c.streamed(t) - before; n != 20 {
		t.Errorf("%v of 20 later look-ups went over a stream", n)
	}
	if _, err := c.EncodedSession(ctx, warmToken, store.Cached); errs.KindOf(err) != errs.DeadlineExceeded {
		t.Errorf("a caller whose time was over before: %v", err)
	}
}

// TestAClosedStoreStillAnswers: those who wait on a stream when it is closed,
// and later ones, make their calls by themselves.
func TestAClosedStoreStillAnswers(t *testing.T) {
	t.Parallel()
	b := newBacking(t)
	c := call(t, b.listen(t, "127.0.0.1:0").addr)
	c.open(t)
	slow := make(chan error, 1)
	go func() {
		_, err := c.EncodedSession(t.Context(), "gated", store.Cached)
		slow <- err
	}()
	b.await(t, 1)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	b.let()
	if err := <-slow; !errors.Is(err, store.ErrSessionNotFound) {
		t.Errorf("who waited got %v", err)
	}
	c.wantLiving(t, t.Context())
}

// TestStreamsAreMadeAnew, so that replicas that come get their share, and end in
// good order: nobody notices.
func TestStreamsAreMadeAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counts := prometheus.NewRegistry()
		srv, err := rpc.NewServer(rpc.ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(counts), Health: health.NewServer()})
		if err != nil {
			t.Fatal(err)
		}
		databasev1.RegisterSessionServiceServer(srv, newer{})
		ln := rpc.Listen()
		var serving sync.WaitGroup
		serving.Go(func() { _ = srv.Serve(ln) })
		cc, err := ln.Dial(rpc.ClientConfig{})
		if err != nil {
			t.Fatal(err)
		}
		c := &caller{Store: remote.New(cc), counts: prometheus.NewRegistry()}
		c.BatchLookups(slog.New(slog.DiscardHandler), rpc.NewBatchMetrics(c.counts))
		for range 1000 {
			c.wantLiving(t, t.Context())
			time.Sleep(100 * time.Millisecond)
		}
		if n := c.streamed(t); n < 900 {
			t.Errorf("only %v of 1000 look-ups went over a stream", n)
		}
		// In 100 seconds each of four has ended once, or is ending for the second time.
		if n := ended(t, counts, "OK"); n < 4 || n > 8 {
			t.Errorf("%v streams have ended in good order", n)
		}
		_ = c.Close()
		_ = cc.Close()
		srv.Stop()
		serving.Wait()
	})
}

// ended is how many streams a server has ended with a code.
func ended(t *testing.T, counts *prometheus.Registry, code string) float64 {
	t.Helper()
	families, err := counts.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if f.GetName() == "waystone_rpc_calls_total" && labels["method"] == databasev1.SessionService_GetSessions_FullMethodName && labels["code"] == code {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
