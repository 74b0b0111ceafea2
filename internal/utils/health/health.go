// Package health knows whether a process can serve: it runs named checks,
// remembers what they said for a short while, and tells gRPC health clients,
// HTTP probes and the operator the same thing.
//
// A critical check that fails makes the process unready; a degraded one only
// shows. Whatever the checks say, the process is unready while it starts and
// once it drains. However often it is asked, a check runs at most once a
// period, so that probes cannot hammer a store.
//
// A check that fails says so in the same words everywhere: in the report, which
// `waystone health` prints, in one line of the log, and by a short reason in
// the metric waystone_health_failing.
package health

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	grpchealth "google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Defaults of Config.
const (
	DefaultTimeout = time.Second
	DefaultPeriod  = time.Second
	DefaultWarmUp  = 5 * time.Second
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
	// Degraded marks a check whose failure makes the process worse, not useless:
	// of the gRPC services only those in Services stop serving.
	Degraded bool
	// Services are the gRPC services that need it, by the names by which their
	// health is asked. None means all of a critical check, and none of a degraded
	// one.
	Services []string
	// Reasons are those with which Func may fail, see Because. Any other failure
	// has the reason Failed.
	Reasons []string
	// Misses is how often in a row it has to fail before that counts, once it has
	// worked: for what may be slow for a moment. 0 is once.
	Misses int
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
	// WarmUp is for how long after Add the log says nothing of a check that has
	// never worked: what others do for a process may come after it. 0: 5 s.
	WarmUp time.Duration
	// Log is told when a check begins to fail, fails for another reason, and
	// works again.
	Log *slog.Logger
}

// Health runs checks and reports. All methods may be called at any time and
// from any goroutine.
type Health struct {
	cfg    Config
	server *grpchealth.Server

	mu      sync.Mutex // held while checks run: one run serves all who ask
	state   State
	checks  []*watched
	results []Result
	expires time.Time
}

// watched is a check and what is remembered of it.
type watched struct {
	Check
	labels []string // the reasons, each once
	added  time.Time
	worked bool
	misses int    // in a row
	told   string // the reason that the log was told of; "" while it works
}

// New returns a Health in the state Starting, without checks.
func New(cfg Config) *Health {
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Period == 0 {
		cfg.Period = DefaultPeriod
	}
	if cfg.WarmUp == 0 {
		cfg.WarmUp = DefaultWarmUp
	}
	cfg.Services = slices.Clone(cfg.Services)
	h := &Health{cfg: cfg, server: grpchealth.NewServer()}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.publish()
	return h
}

// Add registers a check, whose name no other has. The health of its services
// can be asked for from here on.
func (h *Health) Add(c Check) {
	h.mu.Lock()
	defer h.mu.Unlock()
	labels := append(slices.Clone(c.Reasons), Failed)
	slices.Sort(labels)
	h.checks = append(h.checks, &watched{Check: c, labels: slices.Compact(labels), added: time.Now()})
	for _, service := range c.Services {
		if !slices.Contains(h.cfg.Services, service) {
			h.cfg.Services = append(h.cfg.Services, service)
		}
	}
	h.expires = time.Time{}
	h.publish()
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
	for i, w := range h.checks {
		h.judge(w, &results[i])
	}
	h.results = results
	h.expires = time.Now().Add(h.cfg.Period)
}

func runCheck(ctx context.Context, w *watched) Result {
	began := time.Now()
	err := w.Func(ctx)
	r := Result{Name: w.Name, Critical: !w.Degraded, OK: err == nil, Took: time.Since(began), services: w.Services}
	if err != nil {
		r.Error, r.Reason = err.Error(), reasonOf(err, w.Reasons)
	}
	return r
}

// judge decides whether a failure counts, and tells the log of what is new.
func (h *Health) judge(w *watched, r *Result) {
	if r.OK {
		w.worked, w.misses = true, 0
	} else if w.misses++; w.worked && w.misses < w.Misses {
		r.OK, r.Error, r.Reason = true, "", ""
	}
	if w.told == r.Reason || !w.worked && time.Since(w.added) < h.cfg.WarmUp {
		return
	}
	w.told = r.Reason
	if h.cfg.Log == nil {
		return
	}
	if r.OK {
		h.cfg.Log.Info("health check works again", "check", r.Name)
		return
	}
	// While a process starts or stops, what others do for it is not there yet, or
	// no more.
	level := slog.LevelInfo
	if h.state == Ready {
		level = slog.LevelWarn
	}
	h.cfg.Log.Log(context.Background(), level, "health check fails",
		"check", r.Name, "critical", r.Critical, "reason", r.Reason, "error", r.Error)
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
		if !r.OK && r.concerns(service) {
			return healthpb.HealthCheckResponse_NOT_SERVING
		}
	}
	return healthpb.HealthCheckResponse_SERVING
}
