// Package health knows whether a process can serve: it runs named checks,
// remembers what they said for a short while, and tells gRPC health clients,
// HTTP probes and the operator the same thing.
//
// A critical check that fails makes the process unready; a degraded one only
// shows. Whatever the checks say, the process is unready while it starts and
// once it drains. However often it is asked, a check runs at most once a
// period, so that probes cannot hammer a store.
package health

import (
	"context"
	"log/slog"
	"sync"
	"time"

	grpchealth "google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Defaults of Config.
const (
	DefaultTimeout = time.Second
	DefaultPeriod  = time.Second
)

// State is where the process stands in its life.
type State int

// The states, in their order.
const (
	Starting State = iota
	Ready
	Draining
)

// String returns "starting", "ready" or "draining".
func (s State) String() string {
	switch s {
	case Starting:
		return "starting"
	case Ready:
		return "ready"
	case Draining:
		return "draining"
	default:
		return "unknown"
	}
}

// Check is something that has to work for the process to be of use.
type Check struct {
	// Name appears in reports, such as "store".
	Name string
	// Degraded marks a check whose failure makes the process worse, not useless.
	Degraded bool
	// Services are the gRPC services that need it, by their full names. None
	// means that all do.
	Services []string
	// Func returns nil if it works. It has to return when ctx ends.
	Func func(ctx context.Context) error
}

// Config tunes a Health.
type Config struct {
	// Timeout bounds one run of a check. 0: 1 s.
	Timeout time.Duration
	// Period is how long the result of a check is kept. 0: 1 s.
	Period time.Duration
	// Services are the gRPC services whose status is reported beside that of
	// the whole process, which has the name "".
	Services []string
	// Log is told when a check begins or ceases to fail.
	Log *slog.Logger
}

// Health runs checks and reports. All methods may be called at any time and
// from any goroutine.
type Health struct {
	cfg    Config
	server *grpchealth.Server

	mu      sync.Mutex // held while checks run: one run serves all who ask
	state   State
	checks  []Check
	results []Result
	expires time.Time
}

// New returns a Health in the state Starting, without checks.
func New(cfg Config) *Health {
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Period == 0 {
		cfg.Period = DefaultPeriod
	}
	h := &Health{cfg: cfg, server: grpchealth.NewServer()}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.publish()
	return h
}

// Add registers a check.
func (h *Health) Add(c Check) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks = append(h.checks, c)
	h.expires = time.Time{}
}

// SetState moves the process on and tells gRPC health clients. It waits for
// checks that are running, and on Ready runs those that have not run yet, so
// that nobody hears "serving" before something was looked at.
func (h *Health) SetState(s State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state = s
	if s == Ready && !time.Now().Before(h.expires) {
		h.runChecks()
	}
	h.publish()
}

// Server is the standard gRPC health service; register it on every server.
func (h *Health) Server() healthpb.HealthServer { return h.server }

// Run keeps the gRPC health service up to date, once a period, until ctx ends.
func (h *Health) Run(ctx context.Context) error {
	ticker := time.NewTicker(h.cfg.Period)
	defer ticker.Stop()
	for {
		h.Report()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Report returns the current report, and runs the checks first if their last
// results have expired. It takes as long as the slowest check, at most Timeout.
func (h *Health) Report() Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !time.Now().Before(h.expires) {
		h.runChecks()
		h.publish()
	}
	return h.report()
}

// runChecks runs all checks at once. They get a context of their own: a probe
// that hangs up must not turn into a failed check for everybody.
func (h *Health) runChecks() {
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.Timeout)
	defer cancel()
	results := make([]Result, len(h.checks))
	var all sync.WaitGroup
	for i, c := range h.checks {
		all.Go(func() { results[i] = runCheck(ctx, c) })
	}
	all.Wait()
	h.logChanges(results)
	h.results = results
	h.expires = time.Now().Add(h.cfg.Period)
}

func runCheck(ctx context.Context, c Check) Result {
	began := time.Now()
	err := c.Func(ctx)
	r := Result{Name: c.Name, Critical: !c.Degraded, OK: err == nil, Took: time.Since(began), services: c.Services}
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

func (h *Health) logChanges(results []Result) {
	if h.cfg.Log == nil {
		return
	}
	// While a process starts or stops, what others do for it is not there yet, or
	// no more.
	level := slog.LevelInfo
	if h.state == Ready {
		level = slog.LevelWarn
	}
	for i, r := range results {
		wasOK := i >= len(h.results) || h.results[i].OK
		switch {
		case wasOK && !r.OK:
			h.cfg.Log.Log(context.Background(), level, "health check fails", "check", r.Name, "critical", r.Critical, "error", r.Error)
		case !wasOK && r.OK:
			h.cfg.Log.Info("health check works again", "check", r.Name)
		}
	}
}

// publish sets the status of every service from the last results.
func (h *Health) publish() {
	h.server.SetServingStatus("", h.status(""))
	for _, service := range h.cfg.Services {
		h.server.SetServingStatus(service, h.status(service))
	}
}

func (h *Health) status(service string) healthpb.HealthCheckResponse_ServingStatus {
	if h.state != Ready {
		return healthpb.HealthCheckResponse_NOT_SERVING
	}
	for _, r := range h.results {
		if !r.OK && r.Critical && r.concerns(service) {
			return healthpb.HealthCheckResponse_NOT_SERVING
		}
	}
	return healthpb.HealthCheckResponse_SERVING
}
