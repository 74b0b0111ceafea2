package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/utils/ops"
)

func answer(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func config(addr string) ops.Config {
	return ops.Config{
		Addr: addr, AddrSetting: "OPS_LISTEN_ADDR", Live: answer("alive"), Ready: answer("set"),
		Metrics: prometheus.NewRegistry(), Version: "v1.2.3", Targets: []string{"auth", "world"},
		Settings:  func() map[string]string { return map[string]string{"DATABASE_URL": "***"} },
		Providers: map[string]func() any{"players": func() any { return 7 }},
		Log:       slog.New(slog.DiscardHandler),
	}
}

// start runs a server for the length of the test.
func start(t *testing.T, cfg ops.Config) *ops.Server {
	t.Helper()
	s, err := ops.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func request(t *testing.T, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestPages(t *testing.T) {
	t.Parallel()
	cfg := config("127.0.0.1:0")
	played := prometheus.NewCounter(prometheus.CounterOpts{Name: "waystone_played_total", Help: "Plays."})
	cfg.Metrics.MustRegister(played)
	url := "http://" + start(t, cfg).Addr().String()
	for _, c := range []struct {
		method, path string
		code         int
		want         string
	}{
		{"GET", "/healthz", 200, "alive"},
		{"HEAD", "/healthz", 200, ""},
		{"GET", "/readyz", 200, "set"},
		{"GET", "/metrics", 200, "waystone_played_total 0"},
		{"GET", "/metrics", 200, "go_goroutines"},
		{"GET", "/metrics", 200, "process_open_fds"},
		{"GET", "/debug/pprof/", 200, "goroutine"},
		{"GET", "/debug/pprof/heap?debug=1", 200, "heap profile"},
		{"GET", "/none", 404, ""},
		{"POST", "/status", 405, ""},
	} {
		code, body := request(t, c.method, url+c.path)
		if code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d, want %d with %q:\n%.300s", c.method, c.path, code, c.code, c.want, body)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	_, body := request(t, "GET", "http://"+start(t, config("127.0.0.1:0")).Addr().String()+"/status")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	started, _ := got["started"].(string)
	if at, err := time.Parse(time.RFC3339Nano, started); err != nil || time.Since(at) > time.Hour {
		t.Errorf("started %q, %v", started, err)
	}
	if _, ok := got["uptime_seconds"].(float64); !ok {
		t.Errorf("uptime %v", got["uptime_seconds"])
	}
	for _, key := range []string{"started", "uptime_seconds", "go"} {
		delete(got, key)
	}
	want := map[string]any{
		"version": "v1.2.3", "targets": []any{"auth", "world"},
		"settings": map[string]any{"DATABASE_URL": "***"}, "more": map[string]any{"players": 7.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRegistryWithTheCollectorsAlready(t *testing.T) {
	t.Parallel()
	cfg := config("127.0.0.1:0")
	for range 2 {
		if _, err := ops.New(cfg); err != nil {
			t.Error(err)
		}
	}
}

func TestAddressErrorsNameTheSetting(t *testing.T) {
	t.Parallel()
	taken := start(t, config("127.0.0.1:0")).Addr().String()
	for addr, want := range map[string]string{
		taken:         `OPS_LISTEN_ADDR="` + taken + `": the address is in use; stop the program that has it or choose another port`,
		"192.0.2.1:0": `OPS_LISTEN_ADDR="192.0.2.1:0": must be an address of this machine and a port: `,
		"nonsense":    `OPS_LISTEN_ADDR="nonsense": must be an address of this machine and a port: `,
	} {
		s, err := ops.New(config(addr))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Errorf("stop of a server that never started: %v", err)
		}
	}
}

func TestStopWaitsForRequestsThenCutsThem(t *testing.T) {
	t.Parallel()
	for _, patient := range []bool{true, false} {
		entered, release := make(chan struct{}), make(chan struct{})
		cfg := config("127.0.0.1:0")
		cfg.Live = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			select {
			case <-release:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(w, "late")
		})
		s, err := ops.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		answered := make(chan error, 1)
		go func() {
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			resp, err := client.Get("http://" + s.Addr().String() + "/healthz")
			if err == nil {
				err = resp.Body.Close()
			}
			answered <- err
		}()
		<-entered
		ctx, cancel := context.WithCancel(t.Context())
		if patient {
			close(release)
		} else {
			cancel()
		}
		stopErr := s.Stop(ctx)
		if answer := <-answered; (answer == nil) != patient || (stopErr == nil) != patient {
			t.Errorf("patient %v: stop %v, answer %v", patient, stopErr, answer)
		}
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("Run after Stop: %v", err)
		}
		cancel()
	}
}

func TestRunEndsWithItsContextAndLeavesThePortOpen(t *testing.T) {
	t.Parallel()
	s := start(t, config("127.0.0.1:0"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if code, _ := request(t, "GET", "http://"+s.Addr().String()+"/healthz"); code != http.StatusOK {
		t.Errorf("the port answers %d", code)
	}
}

// TestArgumentsAreNotShown: settings can be arguments, passwords and tokens too.
func TestArgumentsAreNotShown(t *testing.T) {
	t.Parallel()
	if len(os.Args) < 2 {
		t.Fatal("the test has no arguments of its own")
	}
	url := "http://" + start(t, config("127.0.0.1:0")).Addr().String()
	if code, body := request(t, http.MethodGet, url+"/debug/pprof/cmdline"); code != http.StatusOK || body != os.Args[0] {
		t.Errorf("the command line is shown as %d %q", code, body)
	}
}
