package rpc_test

import (
	"testing"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
)

// TestWatchersDoNotKeepAServerFromStopping: somebody who watches its health, as
// a load balancer does for as long as it lives, is told to go.
func TestWatchersDoNotKeepAServerFromStopping(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	s, err := rpc.NewServer(rpc.ServerConfig{
		Log: discard(), Metrics: rpc.NewMetrics(nil), Health: health.NewServer(), Stopping: stopping,
	})
	if err != nil {
		t.Fatal(err)
	}
	ln := rpc.Listen()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	watch, err := grpc_health_v1.NewHealthClient(cc).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err != nil {
		t.Fatal(err)
	}
	close(stopping)
	s.GracefulStop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := watch.Recv(); errs.Of(err) == nil || errs.Of(err).Kind != errs.Unavailable {
		t.Errorf("the watcher got %v", err)
	}
}
