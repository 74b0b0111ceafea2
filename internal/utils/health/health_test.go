package health_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// failing is a check whose outcome the test sets.
type failing struct {
	on    atomic.Bool
	calls atomic.Int32
}

func (f *failing) check(context.Context) error {
	f.calls.Add(1)
	if f.on.Load() {
		return errors.New("connection refused")
	}
	return nil
}

func serving(t *testing.T, h *health.Health, service string) bool {
	t.Helper()
	resp, err := h.Server().Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetStatus() == healthpb.HealthCheckResponse_SERVING
}

func TestReadinessFollowsStateAndCriticalChecks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		state              health.State
		critical, degraded bool // fails
		status             string
		ready, worse       bool
	}{
		{"starting", health.Starting, false, false, "starting", false, false},
		{"ready", health.Ready, false, false, "ready", true, false},
		{"store down", health.Ready, true, false, "unready", false, true},
		{"cache down", health.Ready, false, true, "ready", true, true},
		{"draining", health.Draining, false, false, "draining", false, false},
		{"draining without store", health.Draining, true, false, "draining", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var store, cache failing
			store.on.Store(c.critical)
			cache.on.Store(c.degraded)
			h := health.New(health.Config{})
			h.Add(health.Check{Name: "store", Func: store.check})
			h.Add(health.Check{Name: "cache", Func: cache.check, Degraded: true})
			h.SetState(c.state)
			r := h.Report()
			if r.Status != c.status || r.Ready != c.ready || r.Degraded != c.worse {
				t.Errorf("got %+v", r)
			}
			if got := serving(t, h, ""); got != c.ready {
				t.Errorf("gRPC says serving %v", got)
			}
			w := httptest.NewRecorder()
			h.Ready().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			if (w.Code == http.StatusOK) != c.ready || !c.ready && w.Code != http.StatusServiceUnavailable {
				t.Errorf("/readyz says %d", w.Code)
			}
			w = httptest.NewRecorder()
			h.Live().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			if w.Code != http.StatusOK {
				t.Errorf("/healthz says %d", w.Code)
			}
		})
	}
}

func TestReadyBodyListsChecks(t *testing.T) {
	t.Parallel()
	var store failing
	store.on.Store(true)
	h := health.New(health.Config{})
	h.Add(health.Check{Name: "store", Func: store.check})
	h.SetState(health.Ready)
	w := httptest.NewRecorder()
	h.Ready().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	check, _ := got["checks"].([]any)[0].(map[string]any)
	if _, ok := check["took_ms"].(float64); !ok {
		t.Errorf("took_ms is %v", check["took_ms"])
	}
	delete(check, "took_ms")
	want := map[string]any{"status": "unready", "ready": false, "degraded": true, "checks": []any{
		map[string]any{"name": "store", "critical": true, "ok": false, "reason": "failed", "error": "connection refused"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNeverServingBeforeChecksHaveRun(t *testing.T) {
	t.Parallel()
	var store failing
	store.on.Store(true)
	h := health.New(health.Config{})
	h.Add(health.Check{Name: "store", Func: store.check})
	h.SetState(health.Ready)
	if serving(t, h, "") {
		t.Error("gRPC says serving although the store has always been down")
	}
}

func TestServicesHaveTheirOwnChecks(t *testing.T) {
	t.Parallel()
	var store failing
	store.on.Store(true)
	h := health.New(health.Config{Services: []string{"db", "auth"}})
	h.Add(health.Check{Name: "store", Func: store.check, Services: []string{"db"}})
	h.SetState(health.Ready)
	h.Report()
	if serving(t, h, "") || serving(t, h, "db") || !serving(t, h, "auth") {
		t.Error("a check of one service has the wrong reach")
	}
}

func TestResultsAreKeptForAPeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var store failing
		h := health.New(health.Config{Period: time.Second})
		h.Add(health.Check{Name: "store", Func: store.check})
		var probes sync.WaitGroup
		for range 50 {
			probes.Go(func() { h.Report() })
		}
		probes.Wait()
		if n := store.calls.Load(); n != 1 {
			t.Errorf("50 probes ran the check %d times", n)
		}
		time.Sleep(time.Second)
		h.Report()
		if n := store.calls.Load(); n != 2 {
			t.Errorf("after a period the check has run %d times, want 2", n)
		}
	})
}

// TestAnAddedCheckIsRunByTheNextReport, though the others were run just now.
func TestAnAddedCheckIsRunByTheNextReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := health.New(health.Config{Period: time.Hour})
		var cache, store failing
		h.Add(health.Check{Name: "cache", Func: cache.check})
		h.SetState(health.Ready)
		if r := h.Report(); !r.Ready {
			t.Fatalf("got %+v", r)
		}
		store.on.Store(true)
		h.Add(health.Check{Name: "store", Func: store.check})
		if r := h.Report(); r.Ready || store.calls.Load() != 1 {
			t.Errorf("got %+v after %d calls of the check", r, store.calls.Load())
		}
	})
}

func TestSlowCheckTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := health.New(health.Config{Timeout: time.Second})
		h.Add(health.Check{Name: "store", Func: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		began := time.Now()
		h.SetState(health.Ready)
		r := h.Report()
		if took := time.Since(began); took != time.Second || r.Ready || r.Checks[0].Took != time.Second {
			t.Errorf("after %s: %+v", took, r)
		}
	})
}

func TestRunTellsWatchersAndLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var store failing
		var log bytes.Buffer
		h := health.New(health.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		h.Add(health.Check{Name: "store", Func: store.check})
		h.SetState(health.Ready)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := h.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Run ended with %v", err)
			}
		})
		for _, down := range []bool{true, false} {
			store.on.Store(down)
			time.Sleep(2 * time.Second)
			if serving(t, h, "") == down {
				t.Errorf("store down %v, and gRPC has not heard of it", down)
			}
		}
		cancel()
		running.Wait()
		for _, want := range []string{"health check fails", "health check works again"} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("the log should say %q once:\n%s", want, log.String())
			}
		}
	})
}

// What fails while a process stops is no warning.
func TestAFailureIsAWarningWhileReady(t *testing.T) {
	t.Parallel()
	for state, level := range map[health.State]string{health.Starting: "INFO", health.Ready: "WARN", health.Draining: "INFO"} {
		synctest.Test(t, func(t *testing.T) {
			var store failing
			var log bytes.Buffer
			h := health.New(health.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
			h.Add(health.Check{Name: "store", Func: store.check})
			h.SetState(state)
			h.Report()
			store.on.Store(true)
			time.Sleep(2 * time.Second)
			h.Report()
			if want := "level=" + level + ` msg="health check fails"`; !strings.Contains(log.String(), want) {
				t.Errorf("%v: the log does not say %s:\n%s", state, want, log.String())
			}
		})
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	h := health.New(health.Config{Services: []string{"db"}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, h.Server())
	var running sync.WaitGroup
	running.Go(func() {
		if err := server.Serve(listener); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer server.Stop()
	mux := http.NewServeMux()
	mux.Handle("/readyz", h.Ready())
	web := httptest.NewServer(mux)
	defer web.Close()

	address := listener.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	targets := []string{address, "grpc://" + address, "grpc://" + address + "/db", web.URL, web.URL + "/readyz"}
	for _, target := range targets {
		if _, err := health.Probe(ctx, target); err == nil || !strings.Contains(err.Error(), target) {
			t.Errorf("starting, %s: %v", target, err)
		}
	}
	h.SetState(health.Ready)
	for _, target := range targets {
		if _, err := health.Probe(ctx, target); err != nil {
			t.Errorf("ready, %s: %v", target, err)
		}
	}
	for target, want := range map[string]string{
		"grpc://" + address + "/none": "unknown service",
		web.URL + "/none":             "404",
		"127.0.0.1":                   "must be host:port",
		"http://":                     "must be a URL",
		"127.0.0.1:1":                 "connection refused",
	} {
		if _, err := health.Probe(ctx, target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", target, err, want)
		}
	}
}
