package auth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/auth"
)

const (
	home   = "192.0.2.7"
	abroad = "198.51.100.9"
	secret = "correct horse"
)

// hashOfSecret is computed once: it is slow on purpose.
var hashOfSecret = sync.OnceValues(func() (string, error) { return auth.HashGamePassword(secret) })

// siteHashOfSecret is the website's hash of the same.
var siteHashOfSecret = sync.OnceValue(func() string { return auth.SiteHash(secret) })

// world is an auth part behind a real gRPC server, with a few users.
type world struct {
	authv1.AuthServiceClient
	part    *auth.Server
	conn    *grpc.ClientConn
	store   *testStore
	metrics *prometheus.Registry
	log     *safeBuffer
	hashes  atomic.Int64 // hashes of game passwords verified
	scrypts atomic.Int64 // hashes of the website verified
	// duringScrypt, if set before the first call, runs while one is verified.
	duringScrypt func()
	// fits, if set before the first call, stands in for the hash of either kind
	// where a test tries more of them than it is about.
	fits func(hash, password string) bool
}

// newWorld starts a part over the users of newStore.
func newWorld(t testing.TB, edit ...func(*auth.Config)) *world {
	t.Helper()
	w := &world{store: newStore(t), metrics: prometheus.NewRegistry(), log: &safeBuffer{}}
	cfg := auth.DefaultConfig()
	for _, e := range edit {
		e(&cfg)
	}
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := auth.New(cfg, auth.Deps{
		Log: log, Metrics: w.metrics, Store: w.store, Now: w.store.clock.Now,
		Verify: func(hash, form string) bool {
			w.hashes.Add(1)
			return w.verify(hash, form, auth.Verify)
		},
		VerifySite: func(hash, password string) bool {
			w.scrypts.Add(1)
			if w.duringScrypt != nil {
				w.duringScrypt()
			}
			return w.verify(hash, password, auth.VerifySitePassword)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.part = a
	a.SetEndingWait(50 * time.Millisecond)
	w.conn = serve(t, log, a)
	w.AuthServiceClient = authv1.NewAuthServiceClient(w.conn)
	return w
}

// verified are the functions that verify, once, by hash and password: hashes are
// slow on purpose, and most tests verify the same few, many at once.
var verified sync.Map

func (w *world) verify(hash, password string, slow func(hash, password string) bool) bool {
	if w.fits != nil {
		return w.fits(hash, password)
	}
	key := [2]string{hash, password}
	fits, _ := verified.LoadOrStore(key, sync.OnceValue(func() bool { return slow(hash, password) }))
	return fits.(func() bool)()
}

func serve(t testing.TB, log *slog.Logger, a *auth.Server) *grpc.ClientConn {
	t.Helper()
	s, err := rpc.NewServer(rpc.ServerConfig{Log: log, Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	auth.Register(s, a)
	return serveOn(t, s)
}

// serveOn serves until the test ends, and returns a connection.
func serveOn(t testing.TB, s *rpc.Server) *grpc.ClientConn {
	t.Helper()
	ln := rpc.Listen()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// ticket issues a ticket for a user by the session or, with an operator's
// right, by the id.
func (w *world) ticket(t testing.TB, userID string, bySession bool) *authv1.IssueTicketResponse {
	t.Helper()
	r := &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_UserId{UserId: userID}}
	if bySession {
		r.Subject = &authv1.IssueTicketRequest_SessionToken{SessionToken: "token-" + userID}
	}
	resp, err := w.IssueTicket(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func (w *world) login(t testing.TB, name, secret, address string) (*authv1.LoginResponse, error) {
	t.Helper()
	return w.Login(t.Context(), &authv1.LoginRequest{UserName: name, Secret: secret, Address: address})
}

// end ends a play record.
func (w *world) end(t testing.TB, p *databasev1.Play) {
	t.Helper()
	if _, err := w.EndPlay(t.Context(), &authv1.EndPlayRequest{Play: ref(p)}); err != nil {
		t.Fatal(err)
	}
}

// mustLogin signs a user in by a fresh ticket.
func (w *world) mustLogin(t testing.TB, userID string) (*authv1.LoginResponse, string) {
	t.Helper()
	ticket := w.ticket(t, userID, true)
	resp, err := w.login(t, ticket.GetUserName(), ticket.GetTicket(), home)
	if err != nil {
		t.Fatal(err)
	}
	return resp, ticket.GetTicket()
}

// want fails the test unless err matches.
func want(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", what, err, target)
	}
}

// safeBuffer takes log lines from several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Clone(s.b.String())
}
