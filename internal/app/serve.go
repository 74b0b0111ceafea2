package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/internal/utils/balance"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/discovery"
	"github.com/waystone-mmo/waystone/internal/utils/health"
	"github.com/waystone-mmo/waystone/internal/utils/lifecycle"
	"github.com/waystone-mmo/waystone/internal/utils/listen"
	"github.com/waystone-mmo/waystone/internal/utils/logging"
	"github.com/waystone-mmo/waystone/internal/utils/ops"
)

// server is a process that serves.
type server struct {
	Process
	settings *settings
	registry *config.Registry
	log      *slog.Logger
	metrics  *prometheus.Registry
	health   *health.Health
	rpc      *rpc.Metrics
	batches  *rpc.BatchMetrics
	manager  *lifecycle.Manager
	status   map[string]func() any
	memory   map[string]rpc.Listener // by part, for callers in this process
	conns    []*grpc.ClientConn
	shares   shares
	stores   []*remote.Store           // closed before the connections
	tables   *data.Data                // of the world, once loaded
	store    atomic.Pointer[dataStore] // nil until it is opened
	gateway  gateway
	checked  map[string]bool // names of the checks of other parts
	// withGuests: the store may have guests, which are the bots of a check.
	withGuests bool
	stop       context.CancelCauseFunc
}

// errChecked ends a process that was started with --exit.
var errChecked = errors.New("the check is done")

func serveCommand(p Process) *cobra.Command {
	var check, exit bool
	c := &cobra.Command{
		Use:   "serve [PART…]",
		Short: "Run all parts of the server, or only the named parts",
		Long: "Run all parts of the server in this process, or only the named parts: database, auth,\ncharacter, world, packet. Ctrl-C or SIGTERM stops it in order.\n\n" +
			"With --check, two bots play after the start, and each step is printed. The bots are kept\nin memory; nothing of them is written to the database.",
		Example: "  waystone serve                      all parts, on an embedded database\n" +
			"  waystone serve packet world         two parts in one process\n" +
			"  waystone serve packet --help        the settings of a part that runs alone",
		ValidArgs: partNames(),
		RunE: func(c *cobra.Command, args []string) error {
			return runServe(c, p, args, check, exit)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "let two bots play after the start, and print each step")
	c.Flags().BoolVar(&exit, "exit", false, "with --check, stop when the bots have finished; the exit status says whether it worked")
	takeSettings(c, false)
	helpWithSettings(c)
	return c
}

func runServe(c *cobra.Command, p Process, args []string, check, exit bool) error {
	started := time.Now()
	if exit && !check {
		return cli.Usagef("--exit goes with --check")
	}
	chosen, err := chooseParts(args)
	if err != nil {
		return err
	}
	if check && len(chosen) != len(parts()) {
		return cli.Usagef("--check needs all parts in one process; use waystone bot against parts that run alone")
	}
	r := config.New("waystone")
	s := register(r, chosen)
	if err := loadServing(p, r, s, c.Flags()); err != nil {
		return err
	}
	if err := requireDatabaseURL(s); err != nil {
		return err
	}
	if s.runs(partAuth) {
		collectLater(p.lookup)
	}
	srv, err := newServer(p, r, s)
	if err != nil {
		return err
	}
	defer logging.Flush(srv.log)
	defer srv.closeConns()
	srv.warnUnknown()
	if check {
		srv.addCheck(started, exit)
	}
	ctx, cancel := context.WithCancelCause(c.Context())
	defer cancel(nil)
	srv.stop = cancel
	ctx, release := lifecycle.Signals(ctx, srv.log, p.Exit)
	defer release()
	return srv.manager.Run(ctx)
}

func newServer(p Process, r *config.Registry, s *settings) (*server, error) {
	log, err := logging.New(p.Stderr, logging.Config{
		Level: s.logLevel, Format: logging.Format(s.logFormat), MaxPerSecond: s.logMax,
	})
	if err != nil {
		return nil, err
	}
	srv := &server{
		Process: p, settings: s, registry: r, log: log,
		metrics: prometheus.NewRegistry(),
		health:  health.New(health.Config{Log: log}),
		status:  map[string]func() any{},
		memory:  map[string]rpc.Listener{},
		checked: map[string]bool{},
	}
	srv.metrics.MustRegister(srv.health)
	srv.shares = s.shares(descriptors())
	srv.shares.log(log, s)
	srv.rpc, srv.batches = rpc.NewMetrics(srv.metrics), rpc.NewBatchMetrics(srv.metrics)
	srv.manager = lifecycle.New(log, lifecycle.Config{
		DrainDelay:  s.drainDelay,
		GracePeriod: s.gracePeriod,
		OnReady: func() {
			srv.health.SetState(health.Ready)
			log.Info("ready", "parts", len(s.parts), "version", Version())
		},
		OnDraining: func() { srv.health.SetState(health.Draining) },
	})
	for _, p := range s.parts {
		if p.port != 0 {
			srv.memory[p.name] = rpc.Listen()
		}
		// If there are tokens, every caller needs one. If all parts share a
		// process, a part without a token gets a random one for the life of the
		// process.
		if len(s.tokens) > 0 && s.tokens.Own(p.name) == "" && p.name != partDatabase {
			if !s.allInOne() {
				return nil, fmt.Errorf("SERVICE_TOKENS names no token for %s, which calls other parts: add %s:TOKEN, the same on every part", p.name, p.name)
			}
			s.tokens[p.name] = []string{rand.Text()}
		}
	}
	if err := srv.addOps(); err != nil {
		return nil, err
	}
	for _, p := range s.parts {
		if err := srv.addPart(p); err != nil {
			srv.closeConns()
			return nil, err
		}
	}
	return srv, nil
}

// warnUnknown names the variables that look like settings and are none: in the log,
// or on standard error if warnings are not logged.
func (s *server) warnUnknown() {
	if !s.log.Enabled(context.Background(), slog.LevelWarn) {
		s.Process.warnUnknown()
		return
	}
	for _, sentence := range config.UnknownVariables(s.Env, known()...) {
		s.log.Warn("a variable of the environment is not used", "cause", sentence)
	}
}

func (s *server) closeConns() {
	for _, db := range s.stores {
		_ = db.Close() // never fails
	}
	for _, cc := range s.conns {
		_ = cc.Close()
	}
}

// addOps adds the operations endpoints, which are up during the whole life of the
// process, and the loop that updates the health.
func (s *server) addOps() error {
	var names []string
	for _, p := range s.settings.parts {
		names = append(names, p.name)
	}
	o, err := ops.New(ops.Config{
		Addr: s.settings.opsListen(), AddrSetting: "OPS_LISTEN_ADDR",
		MaxConnections: s.shares.ops,
		Live:           s.health.Live(), Ready: s.health.Ready(),
		Metrics: s.metrics, Version: Version(), Targets: names,
		Settings: s.registry.Changed, Providers: s.status, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.manager.Add(lifecycle.Unit{Name: "operations", Start: o.Start, Run: o.Run, Stop: o.Stop})
	s.manager.Add(lifecycle.Unit{Name: "health", Needs: []string{"operations"}, Run: s.health.Run})
	return nil
}

// conn returns a connection to a part: in memory if it runs in this process,
// otherwise by discovery. as is the part that calls.
func (s *server) conn(as, to string) (*grpc.ClientConn, error) {
	cfg := rpc.ClientConfig{Token: s.settings.tokens.Own(as)}
	var cc *grpc.ClientConn
	if ln, ok := s.memory[to]; ok {
		var err error
		if cc, err = ln.Dial(cfg); err != nil {
			return nil, err
		}
	} else {
		target, err := discovery.Parse(*s.settings.discovery[to])
		if err != nil {
			return nil, err
		}
		cfg.Options = target.DialOptions()
		balancing, err := balance.DialOptions(balance.Config{
			Policy:     balance.Policy(s.settings.balancing),
			Idempotent: append(idempotentMethods(), strings.TrimPrefix(healthpb.Health_Check_FullMethodName, "/")),
			// If the only replica is about to stop, other parts still save through
			// it until its connections close.
			NoHealthCheck: target.Scheme == discovery.Static && len(target.Addrs) == 1,
		})
		if err != nil {
			return nil, err
		}
		cfg.Options = append(cfg.Options, balancing...)
		if cc, err = rpc.Dial(target.String(), cfg); err != nil {
			return nil, err
		}
	}
	s.conns = append(s.conns, cc)
	return cc, nil
}

// addGRPC adds the unit of a part that others call: its services on a port and
// on the in-memory listener.
func (s *server) addGRPC(p part, needs []string, register func(grpc.ServiceRegistrar)) error {
	stopping := make(chan struct{})
	srv, err := rpc.NewServer(rpc.ServerConfig{
		Log: s.log, Metrics: s.rpc, Health: s.health.Server(), Access: rpc.Access{Tokens: s.settings.tokens},
		Stopping: stopping, MaxConnections: s.shares.rpc, MaxPerAddress: s.settings.rpcPerAddress,
	})
	if err != nil {
		return err
	}
	register(srv)
	e := s.settings.listen[p.name]
	var ln net.Listener
	s.manager.Add(lifecycle.Unit{
		Name: p.name + " gRPC", Needs: needs,
		Start: func(ctx context.Context) error {
			addr := net.JoinHostPort(e.addr, strconv.Itoa(e.port))
			var lc net.ListenConfig
			var err error
			if ln, err = lc.Listen(ctx, listen.Network(e.addr), addr); err != nil {
				return fmt.Errorf("listen on %s: %w; %s sets another port", addr, err, s.portSetting(p))
			}
			s.log.Info("gRPC is open", "part", p.name, "addr", ln.Addr().String())
			if !rpc.IsLocal(ln.Addr()) && len(s.settings.tokens) == 0 {
				s.log.Warn("gRPC is open beyond this machine and SERVICE_TOKENS is not set: internal methods refuse callers from elsewhere",
					"part", p.name, "addr", ln.Addr().String())
			}
			return nil
		},
		Run: func(context.Context) error {
			errc := make(chan error, 2)
			go func() { errc <- srv.Serve(s.memory[p.name]) }()
			go func() { errc <- srv.Serve(ln) }()
			first := <-errc
			if first != nil {
				srv.Stop() // if one listener fails, the other one ends too
			}
			second := <-errc
			// If another unit could not start, this one is stopped before it
			// serves.
			if errors.Is(first, grpc.ErrServerStopped) {
				first = nil
			}
			if errors.Is(second, grpc.ErrServerStopped) {
				second = nil
			}
			return errors.Join(first, second)
		},
		Stop: func(ctx context.Context) error {
			close(stopping)
			done := make(chan struct{})
			go func() {
				srv.GracefulStop()
				close(done)
			}()
			select {
			case <-done:
				return nil
			case <-ctx.Done():
				srv.Stop()
				<-done
				return fmt.Errorf("calls in flight were cut off: %w", ctx.Err())
			}
		},
	})
	return nil
}

func (s *server) portSetting(p part) string {
	if len(s.settings.parts) == 1 {
		return "SERVICE_PORT"
	}
	return strings.ToUpper(p.name) + "_SERVICE_PORT"
}
