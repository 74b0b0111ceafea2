// Package balance spreads the calls of one gRPC connection over the replicas of
// a service: which replica gets a call, which ones are left out because they
// say that they are not healthy, what is tried again, and how long a call may
// take. Everything is gRPC's own machinery, put together from a Config.
package balance

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/balancer/leastrequest"
	_ "google.golang.org/grpc/health" // the client side of health checking
)

// Policy chooses the replica of a call.
type Policy string

// The policies.
const (
	// RoundRobin takes the healthy replicas in turn.
	RoundRobin Policy = "round_robin"
	// LeastRequest looks at two at random and takes the one with fewer calls in
	// flight; better where calls differ much in cost.
	LeastRequest Policy = "least_request"
)

// Bounds and defaults of Retry. gRPC itself makes no more than five attempts.
const (
	MaxAttempts           = 5
	DefaultAttempts       = 3
	DefaultInitialBackoff = 50 * time.Millisecond
	DefaultMaxBackoff     = time.Second
)

// Reconnecting to a replica that is gone is tried after ReconnectMin, then in
// growing steps up to ReconnectMax, so that one that comes back soon has work.
const (
	ReconnectMin = 100 * time.Millisecond
	ReconnectMax = 3 * time.Second
)

// Config says how calls are spread. Methods are named "package.Service/Method",
// or "package.Service" for all of a service's.
type Config struct {
	// Policy is RoundRobin or LeastRequest. "": RoundRobin.
	Policy Policy

	// HealthService is the service whose health is asked of each replica; ""
	// is the process as a whole. A replica that has no health service counts
	// as healthy.
	HealthService string
	// NoHealthCheck sends calls to replicas whatever their health.
	NoHealthCheck bool

	// Idempotent are the methods that may be called twice without harm. Only
	// these are tried again, and only on UNAVAILABLE.
	Idempotent []string
	// Retry says how often.
	Retry Retry

	// Timeouts bound the calls of methods whose caller sets no shorter
	// deadline.
	Timeouts map[string]time.Duration
}

// Retry is the policy for idempotent methods. gRPC spreads each wait at random
// by a fifth, and stops retrying while too many calls fail.
type Retry struct {
	// Attempts counts the first one: 2 to 5. 0: 3.
	Attempts int
	// InitialBackoff is the wait before the second attempt; it doubles up to
	// MaxBackoff. 0: 50 ms and 1 s.
	InitialBackoff, MaxBackoff time.Duration
}

func (r Retry) withDefaults() Retry {
	if r.Attempts == 0 {
		r.Attempts = DefaultAttempts
	}
	if r.InitialBackoff == 0 {
		r.InitialBackoff = DefaultInitialBackoff
	}
	if r.MaxBackoff == 0 {
		r.MaxBackoff = DefaultMaxBackoff
	}
	return r
}

// validate says what of the Config cannot be.
func (c Config) validate() error {
	var errs []error
	switch c.Policy {
	case "", RoundRobin, LeastRequest:
	default:
		errs = append(errs, fmt.Errorf("balancing policy %q: must be %s or %s", c.Policy, RoundRobin, LeastRequest))
	}
	r := c.Retry.withDefaults()
	if r.Attempts < 2 || r.Attempts > MaxAttempts {
		errs = append(errs, fmt.Errorf("retry attempts %d: must be from 2 to %d", r.Attempts, MaxAttempts))
	}
	if r.InitialBackoff < time.Millisecond || r.MaxBackoff < r.InitialBackoff {
		errs = append(errs, fmt.Errorf("retry backoff from %s to %s: must be from at least 1ms to at least that",
			r.InitialBackoff, r.MaxBackoff))
	}
	for _, m := range c.Idempotent {
		errs = append(errs, checkMethod(m))
	}
	for m, timeout := range c.Timeouts {
		errs = append(errs, checkMethod(m))
		if timeout <= 0 {
			errs = append(errs, fmt.Errorf("timeout %s of %s: must be longer than 0", timeout, m))
		}
	}
	return errors.Join(errs...)
}

func checkMethod(name string) error {
	service, method, ok := strings.Cut(name, "/")
	if service == "" || ok && method == "" || strings.ContainsAny(method, "/ ") || strings.Contains(service, " ") {
		return fmt.Errorf("method %q: must be package.Service/Method or package.Service", name)
	}
	return nil
}

// DialOptions are the options of a connection that spreads its calls so. The
// error joins all that is wrong with the Config.
func DialOptions(c Config) ([]grpc.DialOption, error) {
	text, err := c.ServiceConfig()
	if err != nil {
		return nil, err
	}
	reconnect := backoff.DefaultConfig
	reconnect.BaseDelay, reconnect.MaxDelay = ReconnectMin, ReconnectMax
	opts := []grpc.DialOption{
		grpc.WithDefaultServiceConfig(text),
		// A DNS record must not be able to change what is retried.
		grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: ReconnectMax}),
	}
	if c.NoHealthCheck {
		opts = append(opts, grpc.WithDisableHealthCheck())
	}
	return opts, nil
}

// ServiceConfig is the Config as gRPC's service config, in JSON.
func (c Config) ServiceConfig() (string, error) {
	if err := c.validate(); err != nil {
		return "", err
	}
	policy := string(RoundRobin)
	if c.Policy == LeastRequest {
		policy = leastrequest.Name
	}
	sc := serviceConfig{
		LoadBalancing: []map[string]struct{}{{policy: {}}},
		Methods:       c.methodConfigs(),
	}
	if !c.NoHealthCheck {
		sc.HealthCheck = &healthCheck{ServiceName: c.HealthService}
	}
	if len(c.Idempotent) > 0 {
		sc.Throttling = &throttling{MaxTokens: 20, TokenRatio: 0.1}
	}
	text, err := json.Marshal(sc)
	if err != nil {
		return "", fmt.Errorf("encode the service config: %w", err)
	}
	return string(text), nil
}
