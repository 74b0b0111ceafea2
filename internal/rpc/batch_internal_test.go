package rpc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
)

// TestBatchesAreTheMessagesOfTheProto: encoding by hand gives the same bytes as
// protobuf, and decoding the same messages.
func TestBatchesAreTheMessagesOfTheProto(t *testing.T) {
	t.Parallel()
	request := &databasev1.GetSessionRequest{Token: "token", Consistency: databasev1.Consistency_CONSISTENCY_FRESH}
	encoded, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	want := &databasev1.GetSessionsRequest{}
	var message []byte
	for _, number := range []uint64{1, 300, 1 << 63} {
		message = appendCall(message, number, encoded, 2500*time.Millisecond)
		want.Lookups = append(want.Lookups, &databasev1.SessionLookup{Number: number, Request: request, TimeoutMs: 2500})
	}
	var got databasev1.GetSessionsRequest
	if err := proto.Unmarshal(message, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	calls, err := parseCalls(message)
	if err != nil || len(calls) != 3 || calls[1].number != 300 || calls[1].timeout != 2500*time.Millisecond || string(calls[1].request) != string(encoded) {
		t.Errorf("calls are read as %v, %v", calls, err)
	}

	found, err := proto.Marshal(&databasev1.GetSessionResponse{Session: &databasev1.Session{Id: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	one := batchAnswer{number: 7, size: len(found), parts: [][]byte{found[:1], found[1:]}}
	two := batchAnswer{number: 300, refused: true, size: 3, parts: [][]byte{[]byte("why")}}
	message = appendStopping(two.appendTo(one.appendTo(nil)))
	var reply databasev1.GetSessionsResponse
	if err := proto.Unmarshal(message, &reply); err != nil {
		t.Fatal(err)
	}
	wantReply := &databasev1.GetSessionsResponse{Stopping: true, Answers: []*databasev1.SessionAnswer{
		{Number: 7, Outcome: &databasev1.SessionAnswer_Found{Found: &databasev1.GetSessionResponse{Session: &databasev1.Session{Id: "s"}}}},
		{Number: 300, Outcome: &databasev1.SessionAnswer_Refusal{Refusal: []byte("why")}},
	}}
	if diff := cmp.Diff(wantReply, &reply, protocmp.Transform()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	read := map[uint64][2]string{}
	going, ok := parseAnswers(message, func(number uint64, found, refusal []byte) { read[number] = [2]string{string(found), string(refusal)} })
	if diff := cmp.Diff(map[uint64][2]string{7: {string(found), ""}, 300: {"", "why"}}, read); diff != "" || !going || !ok {
		t.Errorf("answers are read with %v, %v (-want +got):\n%s", going, ok, diff)
	}
}

func TestCallsAreReadAsProtobufReadsThem(t *testing.T) {
	t.Parallel()
	call := appendCall(nil, 1, []byte("ab"), time.Second)
	inner, _ := protowire.ConsumeBytes(call[1:])
	odd := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), []byte("cd"))
	odd = protowire.AppendFixed32(protowire.AppendTag(odd, 9, protowire.Fixed32Type), 1)
	odd = append(append([]byte{}, inner...), odd...)
	message := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), odd)
	message = protowire.AppendBytes(protowire.AppendTag(message, 8, protowire.BytesType), []byte("new"))
	if calls, err := parseCalls(message); err != nil || len(calls) != 1 || string(calls[0].request) != "abcd" {
		t.Errorf("a request in two pieces and unknown fields are read as %v, %v", calls, err)
	}
	if calls, err := parseCalls([]byte{1<<3 | 2, 0}); err != nil || len(calls) != 1 || calls[0].timeout != DefaultTimeout {
		t.Errorf("an empty call is read as %v, %v", calls, err)
	}
	for _, bad := range [][]byte{{0xff}, {1<<3 | 2, 5, 1}, {1<<3 | 2, 1, 0xff}, {1<<3 | 7}} {
		if calls, err := parseCalls(bad); !errors.Is(err, errMalformedBatch) {
			t.Errorf("% x is read as %v, %v", bad, calls, err)
		}
		if _, ok := parseAnswers(bad, func(uint64, []byte, []byte) {}); ok {
			t.Errorf("% x is read as answers", bad)
		}
	}
}

// TestAReplyThatIsTooLargeIsRefused, and the other calls of the batch go on.
func TestAReplyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	const whole = MaxMessageSize - batchOverhead
	for size, refused := range map[int]bool{whole: false, whole + 1: true} {
		// Of a field of this size, the tag and the length take 5 bytes.
		reply := &databasev1.GetUserResponse{User: &databasev1.User{}}
		reply.User.Id = strings.Repeat("x", size-10)
		if n := proto.Size(reply); n != size {
			t.Fatalf("the reply has %d bytes, want %d", n, size)
		}
		b := &batchServer{codec: newCodec()}
		b.call.handler = func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
			return reply, nil
		}
		a := b.answer(t.Context(), batchCall{number: 3})
		if a.number != 3 || a.refused != refused {
			t.Errorf("a reply of %d bytes: refused %v, want %v", size, a.refused, refused)
		}
		if out := outcomeOf(nil, a.parts[0]); refused && errs.KindOf(out.err) != errs.ResourceExhausted {
			t.Errorf("the refusal is %v", out.err)
		}
	}
}

// TestARefusalThatMayPassIsTriedAgain, by itself and on another replica; others
// are answers.
func TestARefusalThatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	for code, again := range map[codes.Code]bool{codes.Unavailable: true, codes.NotFound: false, codes.Internal: false} {
		refusal, err := proto.Marshal(status.New(code, "why").Proto())
		if err != nil {
			t.Fatal(err)
		}
		if out := outcomeOf(nil, refusal); out.again != again || out.err == nil || out.reply != nil {
			t.Errorf("%v: %+v, want that it is tried again: %v", code, out, again)
		}
	}
}

// TestAStreamThatIsSilentIsGivenUp by a caller whose deadline has passed; not by
// a caller that has gone, and not while the other part answers.
func TestAStreamThatIsSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why     error
		silent  time.Duration
		givenUp bool
	}{
		"silent":                    {context.DeadlineExceeded, batchSilence, true},
		"it answers others":         {context.DeadlineExceeded, -time.Hour, false},
		"silent, the caller leaves": {context.Canceled, batchSilence, false},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		w := &batchWait{number: 1}
		s := &batchStream{cancel: cancel, pending: map[uint64]*batchWait{1: w}, asked: time.Now().Add(-c.silent)}
		if !s.leave(w, c.why) || len(s.pending) != 0 {
			t.Errorf("%s: the call is still waited for", name)
		}
		if err := context.Cause(ctx); errors.Is(err, errBatchSilent) != c.givenUp || (err != nil) != c.givenUp {
			t.Errorf("%s: the stream ends with %v", name, err)
		}
		if s.leave(w, c.why) {
			t.Errorf("%s: a call is left twice", name)
		}
		cancel(nil)
	}
}

// TestTheContextOfACallTellsWhoWaits, once, and ends as any other.
func TestTheContextOfACallTellsWhoWaits(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := 0
	c := &batchContext{Context: parent, deadline: time.Now().Add(time.Hour), waits: func() { told++ }}
	if c.Err() != nil || c.end() {
		t.Error("a call that did not wait is said to have waited")
	}
	<-c.Done()
	if told != 0 || !errors.Is(c.Err(), context.Canceled) {
		t.Errorf("after its end it told %d times, and ends with %v", told, c.Err())
	}

	c = &batchContext{Context: parent, deadline: time.Now().Add(time.Hour), waits: func() { told++ }}
	done := c.Done()
	if c.Done() != done || told != 1 || c.Err() != nil {
		t.Errorf("it told %d times, and ends with %v", told, c.Err())
	}
	cancel()
	<-done
	if !errors.Is(c.Err(), context.Canceled) || !c.end() {
		t.Errorf("it ends with %v", c.Err())
	}

	late := &batchContext{Context: context.Background(), deadline: time.Now().Add(-time.Second), waits: func() {}}
	if !errors.Is(late.Err(), context.DeadlineExceeded) {
		t.Errorf("a deadline that passed: %v", late.Err())
	}
	<-late.Done()
	if !errors.Is(late.Err(), context.DeadlineExceeded) {
		t.Errorf("a deadline that passed: %v", late.Err())
	}
}
