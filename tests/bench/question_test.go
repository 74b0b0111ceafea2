package main

import (
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

func TestAnAnswerIsComparedWhole(t *testing.T) {
	t.Parallel()
	var q question
	q.expect([]byte("answer"))
	pieces := func(texts ...string) (data mem.BufferSlice) {
		for _, s := range texts {
			data = append(data, mem.SliceBuffer(s))
		}
		return data
	}
	for _, data := range []mem.BufferSlice{pieces("answer"), pieces("an", "", "swer")} {
		if !q.is(data) {
			t.Errorf("%q is not taken", data.Materialize())
		}
	}
	for _, data := range []mem.BufferSlice{nil, pieces("answe"), pieces("answers"), pieces("an", "swers"), pieces("another"), pieces("answer", "!")} {
		if q.is(data) {
			t.Errorf("%q is taken", data.Materialize())
		}
	}
}

func TestAnotherAnswerFailsTheCall(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, h := grpc.NewServer(), health.NewServer()
	grpc_health_v1.RegisterHealthServer(s, h)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	c, err := connect(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = hangUp(c.conns)
		s.Stop()
		<-done
	})
	if err := c.askHealth(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := c.check("health check")
	for caller := range connections {
		if err := check.call(t.Context(), caller, 0); err != nil {
			t.Errorf("the same answer: %v", err)
		}
	}
	h.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	if err := check.call(t.Context(), 0, 0); status.Code(err) != codes.Internal {
		t.Errorf("another answer: %v", err)
	}
	if err := c.askHealth(t.Context()); err == nil || errors.Is(err, errOtherAnswer) {
		t.Errorf("a first answer that is not the one expected: %v", err)
	}
}
