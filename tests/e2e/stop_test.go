package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/internal/utils/balance"
	"github.com/waystone-mmo/waystone/internal/utils/discovery"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// replicas are database parts on one database.
type replicas struct {
	pg    *testenv.PG
	env   []map[string]string
	proc  []*process
	grpc  []string // host:port
	ops   []string
	alice string // the id of a user
}

func databaseReplicas(t *testing.T, n int, drainDelay string) *replicas {
	t.Helper()
	r := &replicas{pg: testenv.Postgres(t)}
	for _, f := range []string{"postgres_schema.sql", "seed_postgres.sql", "rebase_postgres.sql"} {
		r.pg.Exec(t, betterauth.Read(f))
	}
	redis := testenv.Redis(t)
	for range n {
		p := ports(t, 2)
		r.grpc, r.ops = append(r.grpc, "127.0.0.1:"+p[0]), append(r.ops, "127.0.0.1:"+p[1])
		r.env = append(r.env, map[string]string{
			"DATABASE_URL": r.pg.URL(), "REDIS_URL": redis, "LISTEN_ADDR": "127.0.0.1", "SERVICE_PORT": p[0],
			"OPS_LISTEN_ADDR": "127.0.0.1:" + p[1], "DRAIN_DELAY": drainDelay,
		})
	}
	r.proc = make([]*process, n)
	for i := range n {
		r.start(t, i)
	}
	named, err := databasev1.NewUserServiceClient(plain(t, r.grpc[0])).GetUserByUsername(t.Context(), &databasev1.GetUserByUsernameRequest{Username: "alice_01"})
	if err != nil {
		t.Fatal(err)
	}
	r.alice = named.GetUser().GetId()
	return r
}

// start starts a replica, again if need be.
func (r *replicas) start(t *testing.T, i int) {
	t.Helper()
	r.proc[i] = run(t, r.env[i], "serve", "database")
	r.proc[i].ready(r.ops[i])
}

// plain is a connection as any program makes one.
func plain(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// fresh is a read that passes every cache.
func (r *replicas) fresh(ctx context.Context, cc *grpc.ClientConn) error {
	_, err := databasev1.NewUserServiceClient(cc).GetUser(ctx, &databasev1.GetUserRequest{
		UserId: r.alice, Consistency: databasev1.Consistency_CONSISTENCY_FRESH,
	})
	return err
}

// missing reads a character that is not there, which no lock on users holds up.
func missing(ctx context.Context, cc *grpc.ClientConn) error {
	_, err := databasev1.NewCharacterDbServiceClient(cc).GetCharacter(ctx, &databasev1.GetCharacterRequest{CharacterId: "4294967295"})
	return err
}

// lock makes reads of users wait until the transaction is over.
func (r *replicas) lock(t *testing.T) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `BEGIN; LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() { _ = conn.Close(context.Background()) })
}

// waiting is how many reads wait for a lock.
func (r *replicas) waiting(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// served is how many reads of users a replica has answered.
func (r *replicas) served(t *testing.T, i int) (n int) {
	t.Helper()
	resp, err := http.Get("http://" + r.ops[i] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var count int
		if _, err := fmt.Sscanf(lines.Text(), `waystone_rpc_calls_total{code="OK",method="/waystone.database.v1.UserService/GetUser"} %d`, &count); err == nil {
			n = count
		}
	}
	return n
}

// TestStopFailsNoCallInFlight: what had begun when SIGTERM came ends well,
// readiness goes first, calls that come too late are told to try again, and
// somebody who watches the health of the process does not keep it.
func TestStopFailsNoCallInFlight(t *testing.T) {
	t.Parallel()
	r := databaseReplicas(t, 1, "500ms")
	p, cc := r.proc[0], plain(t, r.grpc[0])
	watch, err := grpc_health_v1.NewHealthClient(plain(t, r.grpc[0])).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if now, err := watch.Recv(); err != nil || now.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("before: %v, %v", now, err)
	}
	observer, err := pgx.Connect(t.Context(), r.pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = observer.Close(context.Background()) }()

	release := r.lock(t)
	defer release()
	const inFlight = 8
	results := make(chan error, inFlight)
	for range inFlight {
		go func() { results <- r.fresh(t.Context(), cc) }()
	}
	p.until("has calls that wait for the lock", func() bool { return r.waiting(t, observer) > 0 })

	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if now, err := watch.Recv(); err != nil || now.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("after SIGTERM health is %v, %v", now, err)
	}
	resp, err := http.Get("http://" + r.ops[0] + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("while it leaves, readiness is %s", resp.Status)
	}
	// Readiness is off and everything still works, for those who have not looked.
	if err := missing(t.Context(), cc); status.Code(err) != codes.NotFound {
		t.Errorf("a call in the drain delay: %v", err)
	}
	p.until("takes no more calls", func() bool {
		err := missing(t.Context(), plain(t, r.grpc[0]))
		code := status.Code(err)
		if code != codes.NotFound && code != codes.Unavailable {
			t.Errorf("a call that comes late: %v", err)
		}
		return code == codes.Unavailable
	})
	select {
	case err := <-results:
		t.Fatalf("a call in flight did not wait for the lock: %v", err)
	default:
	}
	release()
	for range inFlight {
		if err := <-results; err != nil {
			t.Errorf("a call in flight: %v", err)
		}
	}
	if err := p.wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestRollingRestartFailsNoCall: two replicas are restarted in turn while many
// callers, balanced and retried as the product's parts are, read without pause.
func TestRollingRestartFailsNoCall(t *testing.T) {
	t.Parallel()
	r := databaseReplicas(t, 2, "500ms")
	target, err := discovery.Parse(r.grpc[0] + "," + r.grpc[1])
	if err != nil {
		t.Fatal(err)
	}
	options, err := balance.DialOptions(balance.Config{Idempotent: []string{"waystone.database.v1.UserService"}})
	if err != nil {
		t.Fatal(err)
	}
	cc, err := rpc.Dial(target.String(), rpc.ClientConfig{Options: append(target.DialOptions(), options...)})
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()

	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	var calls, failed atomic.Int64
	for range 16 {
		callers.Go(func() {
			for ctx.Err() == nil {
				// Its own context: a caller that stops is not what is tested.
				if err := r.fresh(t.Context(), cc); err != nil {
					if failed.Add(1) <= 3 {
						t.Errorf("call %d: %v", calls.Load(), err)
					}
				}
				calls.Add(1)
			}
		})
	}
	more := func(p *process, why string) {
		t.Helper()
		was := calls.Load()
		p.until(fmt.Sprintf("lets calls pass, %s", why), func() bool { return calls.Load() > was+200 })
	}
	for i, p := range r.proc {
		other := r.proc[1-i]
		more(other, "before the stop")
		p.stop()
		if p.err != nil {
			t.Errorf("replica %d ended with %v", i, p.err)
		}
		more(other, "one replica away")
		r.start(t, i)
		used := r.served(t, i)
		r.proc[i].until("is used again", func() bool { return r.served(t, i) > used+100 })
	}
	stop()
	callers.Wait()
	t.Logf("%d calls, %d failed", calls.Load(), failed.Load())
}
