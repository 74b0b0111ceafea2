package balance

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types below are gRPC's service config in JSON, as far as it is used here.
type (
	serviceConfig struct {
		LoadBalancing []map[string]struct{} `json:"loadBalancingConfig"`
		HealthCheck   *healthCheck          `json:"healthCheckConfig,omitempty"`
		Methods       []methodConfig        `json:"methodConfig,omitempty"`
		Throttling    *throttling           `json:"retryThrottling,omitempty"`
	}
	healthCheck struct {
		ServiceName string `json:"serviceName"`
	}
	methodName struct {
		Service string `json:"service"`
		Method  string `json:"method,omitempty"`
	}
	methodConfig struct {
		Name    []methodName `json:"name"`
		Timeout string       `json:"timeout,omitempty"`
		Retry   *retryPolicy `json:"retryPolicy,omitempty"`
	}
	retryPolicy struct {
		MaxAttempts       int      `json:"maxAttempts"`
		InitialBackoff    string   `json:"initialBackoff"`
		MaxBackoff        string   `json:"maxBackoff"`
		BackoffMultiplier float64  `json:"backoffMultiplier"`
		Codes             []string `json:"retryableStatusCodes"`
	}
	// throttling stops retries while fewer than half of MaxTokens are left: a
	// failure takes one, a success gives TokenRatio back.
	throttling struct {
		MaxTokens  int     `json:"maxTokens"`
		TokenRatio float64 `json:"tokenRatio"`
	}
)

// methodConfigs has one entry for each method named anywhere, since gRPC takes
// only the closest entry of a method and merges nothing: what is said of a
// whole service is repeated for a method that has an entry of its own.
func (c Config) methodConfigs() []methodConfig {
	named := map[string]bool{}
	for _, m := range c.Idempotent {
		named[m] = true
	}
	for m := range c.Timeouts {
		named[m] = true
	}
	var configs []methodConfig
	for _, name := range slices.Sorted(maps.Keys(named)) {
		service, method, _ := strings.Cut(name, "/")
		mc := methodConfig{Name: []methodName{{Service: service, Method: method}}}
		timeout, ok := c.Timeouts[name]
		if !ok {
			timeout = c.Timeouts[service]
		}
		if timeout > 0 {
			mc.Timeout = seconds(timeout)
		}
		if slices.Contains(c.Idempotent, name) || slices.Contains(c.Idempotent, service) {
			mc.Retry = c.Retry.withDefaults().policy()
		}
		configs = append(configs, mc)
	}
	return configs
}

func (r Retry) policy() *retryPolicy {
	return &retryPolicy{
		MaxAttempts:       r.Attempts,
		InitialBackoff:    seconds(r.InitialBackoff),
		MaxBackoff:        seconds(r.MaxBackoff),
		BackoffMultiplier: 2,
		Codes:             []string{"UNAVAILABLE"},
	}
}

// seconds writes a duration as protobuf's JSON does.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
