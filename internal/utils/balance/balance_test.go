package balance_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/waystone-mmo/waystone/internal/utils/balance"
	"github.com/waystone-mmo/waystone/internal/utils/discovery"
)

// check is the method that the tests call. The health service serves for that:
// its Check is an ordinary call, its Watch is what the balancer listens to.
const check = "grpc.health.v1.Health/Check"

// replica is a server that counts calls and fails as many as it is told to.
type replica struct {
	addr   string
	server *grpc.Server
	health *health.Server
	calls  atomic.Int32
	fail   atomic.Int32 // calls still to be answered with UNAVAILABLE
	slow   atomic.Bool  // calls end with their deadline, and with its error
}

func newReplica(t *testing.T) *replica {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{addr: listener.Addr().String(), health: health.NewServer()}
	r.server = grpc.NewServer(grpc.UnaryInterceptor(r.intercept))
	healthpb.RegisterHealthServer(r.server, r.health)
	var running sync.WaitGroup
	running.Go(func() {
		if err := r.server.Serve(listener); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { r.server.Stop(); running.Wait() })
	return r
}

func (r *replica) intercept(ctx context.Context, _ any, _ *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	r.calls.Add(1)
	if r.slow.Load() {
		// The deadline travels with the call, and the server's clock may reach it
		// before the client's: an answer then would be taken.
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if r.fail.Add(-1) >= 0 {
		return nil, status.Error(codes.Unavailable, "told to fail")
	}
	return &healthpb.HealthCheckResponse{}, nil
}

func dial(t *testing.T, cfg balance.Config, replicas ...*replica) healthpb.HealthClient {
	t.Helper()
	var addrs []string
	for _, r := range replicas {
		addrs = append(addrs, r.addr)
	}
	target, err := discovery.Parse(strings.Join(addrs, ","))
	if err != nil {
		t.Fatal(err)
	}
	opts, err := balance.DialOptions(cfg)
	if err != nil {
		t.Fatal(err)
	}
	opts = append(opts, target.DialOptions()...)
	conn, err := grpc.NewClient(target.String(), append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return healthpb.NewHealthClient(conn)
}

func call(t *testing.T, client healthpb.HealthClient) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := client.Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	return err
}

// callUntil calls until done, since connections come up and go down in their
// own time. Every call on the way has to succeed.
func callUntil(t *testing.T, client healthpb.HealthClient, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		if err := call(t, client); err != nil {
			t.Fatalf("before %s: %v", what, err)
		}
	}
}

func TestCallsReachBothAndGoOnWithOne(t *testing.T) {
	t.Parallel()
	for _, policy := range []balance.Policy{"", balance.RoundRobin, balance.LeastRequest} {
		t.Run("policy "+string(policy), func(t *testing.T) {
			t.Parallel()
			a, b := newReplica(t), newReplica(t)
			client := dial(t, balance.Config{Policy: policy, Idempotent: []string{check}}, a, b)
			callUntil(t, client, "both were called", func() bool { return a.calls.Load() > 0 && b.calls.Load() > 0 })

			a.server.Stop()
			before := b.calls.Load()
			for range 100 {
				if err := call(t, client); err != nil {
					t.Fatalf("with one replica stopped: %v", err)
				}
			}
			if got := b.calls.Load() - before; got != 100 {
				t.Errorf("the replica that is left got %d of 100 calls", got)
			}
		})
	}
}

func TestUnhealthyReplicasGetNoCalls(t *testing.T) {
	t.Parallel()
	for _, policy := range []balance.Policy{balance.RoundRobin, balance.LeastRequest} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			a, b := newReplica(t), newReplica(t)
			for _, r := range []*replica{a, b} {
				r.health.SetServingStatus("db", healthpb.HealthCheckResponse_SERVING)
			}
			client := dial(t, balance.Config{Policy: policy, HealthService: "db"}, a, b)
			callUntil(t, client, "both were called", func() bool { return a.calls.Load() > 0 && b.calls.Load() > 0 })

			a.health.SetServingStatus("db", healthpb.HealthCheckResponse_NOT_SERVING)
			callUntil(t, client, "50 calls in a row passed the unhealthy replica by", func() bool {
				before := a.calls.Load()
				for range 50 {
					if err := call(t, client); err != nil {
						t.Fatal(err)
					}
				}
				return a.calls.Load() == before
			})
			before := a.calls.Load()
			a.health.SetServingStatus("db", healthpb.HealthCheckResponse_SERVING)
			callUntil(t, client, "the healed replica is called", func() bool { return a.calls.Load() > before })
		})
	}
}

func TestHealthCheckCanBeOff(t *testing.T) {
	t.Parallel()
	a := newReplica(t)
	a.health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	if err := call(t, dial(t, balance.Config{NoHealthCheck: true}, a)); err != nil {
		t.Error(err)
	}
}

func TestOnlyIdempotentMethodsAreRetried(t *testing.T) {
	t.Parallel()
	fast := balance.Retry{Attempts: 4, InitialBackoff: time.Millisecond, MaxBackoff: time.Millisecond}
	for _, c := range []struct {
		name  string
		cfg   balance.Config
		calls int32
		code  codes.Code
	}{
		{"method", balance.Config{Idempotent: []string{check}, Retry: fast}, 3, codes.OK},
		{"service", balance.Config{Idempotent: []string{"grpc.health.v1.Health"}, Retry: fast}, 3, codes.OK},
		{"method with a timeout of its own", balance.Config{
			Idempotent: []string{"grpc.health.v1.Health"}, Retry: fast, Timeouts: map[string]time.Duration{check: time.Minute},
		}, 3, codes.OK},
		{"too few attempts", balance.Config{Idempotent: []string{check}, Retry: balance.Retry{Attempts: 2}}, 2, codes.Unavailable},
		{"not idempotent", balance.Config{Idempotent: []string{"grpc.health.v1.Health/List"}, Retry: fast}, 1, codes.Unavailable},
		{"nothing is", balance.Config{}, 1, codes.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newReplica(t)
			a.fail.Store(2)
			if got := status.Code(call(t, dial(t, c.cfg, a))); got != c.code || a.calls.Load() != c.calls {
				t.Errorf("%s after %d calls, want %s after %d", got, a.calls.Load(), c.code, c.calls)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{check, "grpc.health.v1.Health"} {
		a := newReplica(t)
		a.slow.Store(true)
		client := dial(t, balance.Config{Timeouts: map[string]time.Duration{name: 50 * time.Millisecond}}, a)
		if _, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{}); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServiceConfig(t *testing.T) {
	t.Parallel()
	got, err := balance.Config{
		Policy: balance.LeastRequest, HealthService: "db",
		Idempotent: []string{"s.A"},
		Timeouts:   map[string]time.Duration{"s.A": 2 * time.Second, "s.A/Slow": 1500 * time.Millisecond, "s.B/Put": time.Minute},
	}.ServiceConfig()
	if err != nil {
		t.Fatal(err)
	}
	const retry = `"retryPolicy":{"maxAttempts":3,"initialBackoff":"0.05s","maxBackoff":"1s","backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}`
	want := `{"loadBalancingConfig":[{"least_request_experimental":{}}],"healthCheckConfig":{"serviceName":"db"},"methodConfig":[` +
		`{"name":[{"service":"s.A"}],"timeout":"2s",` + retry + `},` +
		`{"name":[{"service":"s.A","method":"Slow"}],"timeout":"1.5s",` + retry + `},` +
		`{"name":[{"service":"s.B","method":"Put"}],"timeout":"60s"}],"retryThrottling":{"maxTokens":20,"tokenRatio":0.1}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongConfig(t *testing.T) {
	t.Parallel()
	_, err := balance.DialOptions(balance.Config{
		Policy: "random", Idempotent: []string{"/s.A/Get", "s.A/"},
		Retry:    balance.Retry{Attempts: 6, InitialBackoff: time.Minute},
		Timeouts: map[string]time.Duration{"s.A/Get": 0},
	})
	want := `balancing policy "random": must be round_robin or least_request
retry attempts 6: must be from 2 to 5
retry backoff from 1m0s to 1s: must be from at least 1ms to at least that
method "/s.A/Get": must be package.Service/Method or package.Service
method "s.A/": must be package.Service/Method or package.Service
timeout 0s of s.A/Get: must be longer than 0`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
