package rpc_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
)

// raw sends bytes as they are, and drops the answer.
type raw struct{}

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (raw) Unmarshal(mem.BufferSlice, any) error { return nil }
func (raw) Name() string                         { return "proto" }

var _ encoding.CodecV2 = raw{}

func TestBytesThatAreNoMessageAreTheCallersFault(t *testing.T) {
	cc := inMemory(t, rpc.Access{}, "")
	text := func(num protowire.Number, value string) []byte {
		return protowire.AppendString(protowire.AppendTag(nil, num, protowire.BytesType), value)
	}
	play := func(id string) []byte { return text(1, string(text(1, id))) } // PlayRef{play_id}
	for name, c := range map[string]struct {
		method, field, reason string
		data                  []byte
	}{
		"text that is not UTF-8":     {databasev1.UserService_GetUser_FullMethodName, "user_id", "INVALID_USER_ID", text(1, "a\xff")},
		"the same, further in":       {databasev1.AuthStoreService_EndPlay_FullMethodName, "play.play_id", "INVALID_PLAY_PLAY_ID", play("\xc3\x28")},
		"the same, in a list":        {databasev1.AuthStoreService_RenewPlays_FullMethodName, "plays[1].play_id", "INVALID_PLAYS_1__PLAY_ID", append(play("ok"), play("\xed\xa0\x80")...)},
		"bytes cut off":              {databasev1.UserService_GetUser_FullMethodName, "", "MALFORMED_REQUEST", text(1, "user")[:4]},
		"a field of the wrong shape": {databasev1.AuthStoreService_EndPlay_FullMethodName, "", "MALFORMED_REQUEST", text(1, "\xff\xff\xff")},
	} {
		t.Run(name, func(t *testing.T) {
			err := cc.Invoke(t.Context(), c.method, c.data, new(struct{}), grpc.ForceCodecV2(raw{}))
			e := errs.Of(err)
			if e == nil || e.Kind != errs.InvalidArgument || e.Field != c.field || e.Reason != c.reason {
				t.Errorf("got %v (field %q, reason %q)", err, e.Field, e.Reason)
			}
		})
	}
}

// countedUsers counts the calls that reach the handler.
type countedUsers struct {
	databasev1.UnimplementedUserServiceServer
	calls chan string
}

func (u countedUsers) GetUser(_ context.Context, r *databasev1.GetUserRequest) (*databasev1.GetUserResponse, error) {
	u.calls <- r.GetUserId()
	return &databasev1.GetUserResponse{}, nil
}

// TestADeadlineThatHasPassedEndsAtTheEdge speaks HTTP/2 itself: a client of
// grpc's would not send such a call.
func TestADeadlineThatHasPassedEndsAtTheEdge(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := countedUsers{calls: make(chan string, 2)}
	serve(t, ln, rpc.Access{}, u)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
	t.Cleanup(client.CloseIdleConnections)

	call := func(timeout, id string) string {
		msg := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), id)
		body := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(msg))), msg...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+ln.Addr().String()+databasev1.UserService_GetUser_FullMethodName, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Grpc-Timeout": {timeout}}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		if s := resp.Trailer.Get("Grpc-Status"); s != "" {
			return s
		}
		return resp.Header.Get("Grpc-Status")
	}
	if got, want := call("1n", "late"), strconv.Itoa(int(codes.DeadlineExceeded)); got != want {
		t.Errorf("a call that came too late ends with status %s, want %s", got, want)
	}
	if got := call("1H", "in time"); got != "0" {
		t.Errorf("a call in time ends with status %s", got)
	}
	if len(u.calls) != 1 || <-u.calls != "in time" {
		t.Error("the call that came too late reached the handler")
	}
}

// TestRulesCompile: rules that do not compile would fail every call.
func TestRulesCompile(t *testing.T) {
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				mt, err := protoregistry.GlobalTypes.FindMessageByName(methods.Get(j).Input().FullName())
				if err != nil {
					t.Error(err)
					continue
				}
				n++
				var bad *protovalidate.ValidationError
				if err := v.Validate(mt.New().Interface()); err != nil && !errors.As(err, &bad) {
					t.Errorf("%s: %v", mt.Descriptor().FullName(), err)
				}
			}
		}
		return true
	})
	if n < 30 {
		t.Errorf("only %d methods found", n)
	}
}
