package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
)

// mirror answers with what it sees of its caller.
type mirror struct {
	users
	kept *databasev1.GetUserResponse
}

func (m *mirror) GetUser(ctx context.Context, r *databasev1.GetUserRequest) (*databasev1.GetUserResponse, error) {
	switch r.GetUserId() {
	case "kept":
		return m.kept, nil
	case "bad text":
		return &databasev1.GetUserResponse{User: &databasev1.User{Id: "\xff"}}, nil
	case "large":
		return &databasev1.GetUserResponse{User: &databasev1.User{Name: strings.Repeat("x", rpc.MaxMessageSize)}}, nil
	case "wait":
		<-ctx.Done()
		return nil, ctx.Err()
	case "sight":
		in, _ := metadata.FromIncomingContext(ctx)
		out, _ := metadata.FromOutgoingContext(ctx)
		p, _ := peer.FromContext(ctx)
		return &databasev1.GetUserResponse{User: &databasev1.User{
			Id: strings.Join(in.Get("x-test"), ","), Name: strings.Join(out.Get("x-test"), ","), Email: p.Addr.Network(),
		}}, nil
	case "way":
		way := "connection"
		if grpc.ServerTransportStreamFromContext(ctx) == nil {
			way = "direct"
		}
		return &databasev1.GetUserResponse{User: &databasev1.User{Id: way}}, nil
	}
	return m.users.GetUser(ctx, r)
}

// A call within the process has the outcome that it has on a connection.
func TestCallsWithinTheProcessAreAsOnAConnection(t *testing.T) {
	m := &mirror{kept: &databasev1.GetUserResponse{User: &databasev1.User{Id: "kept"}}}
	ln := rpc.Listen()
	serve(t, ln, rpc.Access{}, m)
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	client := databasev1.NewUserServiceClient(cc)

	over := func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		t.Cleanup(cancel)
		return ctx
	}
	gone := func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return ctx
	}
	soon := func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	for _, c := range []struct {
		what, id string
		ctx      func(*testing.T) context.Context
	}{
		{"answered", "u", nil}, {"against the rules", "", nil}, {"text that is none", "a\xff", nil},
		{"a panic", "panic", nil}, {"a reply with bad text", "bad text", nil}, {"a reply that is too large", "large", nil},
		{"a request that is too large", strings.Repeat("x", rpc.MaxMessageSize), nil},
		{"what is seen of the caller", "sight", nil},
		{"too late", "u", over}, {"given up", "u", gone}, {"the time runs out", "wait", soon},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-test", "1", "x-test", "2")
		if c.ctx != nil {
			ctx = c.ctx(t)
		}
		direct, directErr := client.GetUser(ctx, &databasev1.GetUserRequest{UserId: c.id})
		if c.ctx != nil {
			ctx = c.ctx(t)
		}
		var header metadata.MD // which only a connection carries
		on, onErr := client.GetUser(ctx, &databasev1.GetUserRequest{UserId: c.id}, grpc.Header(&header))
		if errs.KindOf(directErr) != errs.KindOf(onErr) || errs.ReasonOf(directErr) != errs.ReasonOf(onErr) {
			t.Errorf("%s: directly %v, on a connection %v", c.what, directErr, onErr)
		}
		if d, o := direct.GetUser(), on.GetUser(); d.GetId() != o.GetId() || d.GetName() != o.GetName() || d.GetEmail() != o.GetEmail() {
			t.Errorf("%s: directly %v, on a connection %v", c.what, d, o)
		}
	}

	way, err := client.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "way"})
	if err != nil || way.GetUser().GetId() != "direct" {
		t.Errorf("the way taken: %v, %v", way, err)
	}
	kept, err := client.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "kept"})
	if err != nil {
		t.Fatal(err)
	}
	kept.User.Id = "changed by the caller"
	if m.kept.GetUser().GetId() != "kept" {
		t.Error("caller and handler share a message")
	}
}

// A server that has stopped is reached by nobody, not even within the process.
func TestAStoppedServerIsNotReached(t *testing.T) {
	ln := rpc.Listen()
	s := serve(t, ln, rpc.Access{}, users{})
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	client := databasev1.NewUserServiceClient(cc)
	if _, err := client.GetUser(t.Context(), &databasev1.GetUserRequest{UserId: "u"}); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = client.GetUser(ctx, &databasev1.GetUserRequest{UserId: "u"})
	if kind := errs.KindOf(err); kind != errs.Unavailable && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stopped server: %v", err)
	}
}
