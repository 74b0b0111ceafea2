package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	grpchealth "google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// authPart answers a gateway's question.
type authPart struct {
	authv1.UnimplementedAuthServiceServer
	err error
}

func (a *authPart) KeepAlive(context.Context, *authv1.KeepAliveRequest) (*authv1.KeepAliveResponse, error) {
	return &authv1.KeepAliveResponse{}, a.err
}

// TestWhatIsAmissWithAnotherPart is told by its reason, and by where it is.
func TestWhatIsAmissWithAnotherPart(t *testing.T) {
	t.Parallel()
	const right, wrong = "0123456789abcdef", "fedcba9876543210"
	for name, c := range map[string]struct {
		token            string
		unready, stopped bool
		err              error
		reason, sentence string
	}{
		"all is well":    {token: right},
		"it is stopped":  {token: right, stopped: true, reason: reasonUnreachable, sentence: "does not answer: "},
		"it is unready":  {token: right, unready: true, reason: reasonNotReady, sentence: "is not ready: its own /readyz says why"},
		"another token":  {token: wrong, reason: reasonToken, sentence: "refuses our token: SERVICE_TOKENS has to be the same on every part"},
		"it cannot work": {token: right, err: errs.New(errs.Unavailable, "STORE_UNAVAILABLE", "the store is away"), reason: reasonFailing, sentence: "answers and fails: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := grpchealth.NewServer()
			if c.unready {
				state.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
			}
			server, err := rpc.NewServer(rpc.ServerConfig{
				Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(prometheus.NewRegistry()), Health: state, Access: rpc.Access{Tokens: rpc.Tokens{partPacket: {right}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			authv1.RegisterAuthServiceServer(server, &authPart{err: c.err})
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				_ = server.Serve(ln) // ends with Stop
			}()
			stop := func() {
				server.Stop()
				<-served
			}
			if c.stopped {
				stop()
			} else {
				defer stop()
			}

			r := config.New("waystone")
			s := register(r, []part{parts()[len(parts())-1]})
			env := []string{"DISCOVERY_AUTH=" + ln.Addr().String(), "SERVICE_TOKENS=packet:" + c.token}
			if err := r.Load(nil, env); err != nil {
				t.Fatal(err)
			}
			s.tokens = rpc.Tokens{partPacket: {c.token}}
			srv, err := newServer(Process{Stderr: io.Discard, Env: env}, r, s)
			if err != nil {
				t.Fatal(err)
			}
			defer srv.closeConns()
			var got health.Result
			for _, check := range srv.health.Report().Checks {
				if check.Name == "auth part" {
					got = check
				}
			}
			want := "nobody can sign in: auth at " + ln.Addr().String() + " " + c.sentence
			if got.OK != (c.reason == "") || got.Reason != c.reason || !got.OK && !strings.HasPrefix(got.Error, want) || !got.Critical {
				t.Errorf("%+v, want %q: %s", got, c.reason, want)
			}
		})
	}
}
