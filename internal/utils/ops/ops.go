// Package ops serves the operator's HTTP port: liveness and readiness, metrics,
// profiles, and a status page in JSON.
//
//	/healthz  /readyz   probes
//	/metrics            Prometheus
//	/debug/pprof/       profiles
//	/status             version, uptime, targets, changed settings, providers
//
// The port shows internal data of the process without authentication, so it belongs
// on loopback or in a private network.
package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/waystone-mmo/waystone/internal/utils/listen"
)

// Limits of the HTTP server.
const (
	HeaderTimeout  = 5 * time.Second  // to read a request's headers
	ReadTimeout    = 10 * time.Second // to read a request
	WriteTimeout   = 30 * time.Second // to answer; a profile adds its own length
	IdleTimeout    = time.Minute      // between the requests of a connection
	MaxHeaderBytes = 16 << 10
	MaxConnections = 32 // at once; more are closed
)

// Config is what the port shows.
type Config struct {
	// Addr is host:port; port 0 takes a free one, see Server.Addr.
	Addr string
	// AddrSetting names the setting behind Addr in errors: OPS_LISTEN_ADDR.
	AddrSetting string
	// Live and Ready answer /healthz and /readyz.
	Live, Ready http.Handler
	// Metrics answers /metrics; New adds collectors for Go and the process.
	Metrics *prometheus.Registry
	// MaxConnections lowers the bound of that name; 0 leaves it.
	MaxConnections int
	// Version and Targets say what runs.
	Version string
	Targets []string
	// Settings returns those not at their default, secrets masked. May be nil.
	Settings func() map[string]string
	// Providers add entries to /status by name. They are called by request
	// goroutines, and their results have to be fit for encoding/json.
	Providers map[string]func() any
	Log       *slog.Logger
}

// Server is the operator's port. Start it, and Stop it; in between, Run tells
// when it fails.
type Server struct {
	cfg      Config
	http     *http.Server
	listener net.Listener
	began    time.Time
	done     chan struct{} // closed when serving has ended
	err      error         // why, if not by Stop; read after done
}

// New returns a server that does not listen yet. The error is a collector that
// the registry refuses.
func New(cfg Config) (*Server, error) {
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		var already prometheus.AlreadyRegisteredError
		if err := cfg.Metrics.Register(c); err != nil && !errors.As(err, &already) {
			return nil, fmt.Errorf("register process metrics: %w", err)
		}
	}
	s := &Server{cfg: cfg, began: time.Now(), done: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: HeaderTimeout,
		ReadTimeout:       ReadTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", s.cfg.Live)
	mux.Handle("GET /readyz", s.cfg.Ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.cfg.Metrics, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
	}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", program)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /status", s.status)
	return mux
}

// program answers with the program's name alone. The arguments after it, which
// pprof has no use for, may hold a password or a token.
func program(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, os.Args[0]) //nolint:gosec // plain text, and what the operator called the program
}

// Start listens and begins to serve. The error names the setting and what to do.
func (s *Server) Start(ctx context.Context) error {
	var lc net.ListenConfig
	host, _, _ := net.SplitHostPort(s.cfg.Addr) // what is wrong with it, Listen says
	listener, err := lc.Listen(ctx, listen.Network(host), s.cfg.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s=%q: the address is in use; stop the program that has it or choose another port",
			s.cfg.AddrSetting, s.cfg.Addr)
	}
	if err != nil {
		return fmt.Errorf("%s=%q: must be an address of this machine and a port: %w", s.cfg.AddrSetting, s.cfg.Addr, err)
	}
	limit := MaxConnections
	if s.cfg.MaxConnections > 0 {
		limit = min(limit, s.cfg.MaxConnections)
	}
	s.listener = listen.Bound(listener, limit)
	go func() {
		defer close(s.done)
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.err = fmt.Errorf("serve %s: %w", listener.Addr(), err)
		}
	}()
	s.cfg.Log.Info("operations port is open", "addr", listener.Addr().String())
	return nil
}

// Run blocks until the server has ended or ctx has, and returns why it ended if
// Stop was not the reason. Calling it is not needed for serving.
func (s *Server) Run(ctx context.Context) error {
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Addr is where the server listens. It is valid once Start has returned nil.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Stop lets requests under way finish until ctx ends, then cuts them off, and
// waits until serving has ended. A server that never started needs no Stop, and
// it does no harm.
func (s *Server) Stop(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests to the operations port were cut off: %w", err), s.http.Close())
	}
	<-s.done
	return err
}

// statusPage is the JSON of /status.
type statusPage struct {
	Version   string            `json:"version"`
	Go        string            `json:"go"`
	Started   time.Time         `json:"started"`
	UptimeSec int64             `json:"uptime_seconds"`
	Targets   []string          `json:"targets"`
	Settings  map[string]string `json:"settings"`
	More      map[string]any    `json:"more,omitempty"`
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	page := statusPage{
		Version:   s.cfg.Version,
		Go:        runtime.Version(),
		Started:   s.began.UTC(),
		UptimeSec: int64(time.Since(s.began).Seconds()),
		Targets:   s.cfg.Targets,
		Settings:  map[string]string{},
		More:      map[string]any{},
	}
	if s.cfg.Settings != nil {
		page.Settings = s.cfg.Settings()
	}
	for name, provide := range s.cfg.Providers {
		page.More[name] = provide()
	}
	body, err := json.MarshalIndent(page, "", "  ")
	if err != nil {
		http.Error(w, fmt.Sprintf("encode the status: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // a reader that hung up has no use for the error
}
