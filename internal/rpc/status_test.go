package rpc_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/store"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestEveryKindIsMapped(t *testing.T) {
	seen := map[codes.Code]errs.Kind{}
	for _, k := range errs.Kinds() {
		c := rpc.Code(k)
		if other, twice := seen[c]; twice {
			t.Errorf("kinds %v and %v are both %v", k, other, c)
		}
		seen[c] = k
		if back := rpc.Kind(c); back != k {
			t.Errorf("kind %v becomes %v and comes back as %v", k, c, back)
		}
	}
}

func TestErrorsSurviveTheWire(t *testing.T) {
	for _, want := range []*errs.Error{
		store.ErrUserNotFound, store.ErrUserBanned, store.ErrNameTaken, store.ErrCharacterLimit,
		store.ErrVersionConflict, store.ErrUnavailable, errs.Invalid("user_id", "must not be empty"),
		errs.New(errs.ResourceExhausted, "TOO_MANY_ATTEMPTS", "wait").RetryIn(1500 * time.Millisecond),
	} {
		sent := rpc.ToStatus(context.Background(), discard(), "/m", want.Wrap(errors.New("SELECT secret FROM t")))
		if strings.Contains(sent.Error(), "SELECT") {
			t.Errorf("%s: the cause crossed the wire: %v", want.Reason, sent)
		}
		got := rpc.FromStatus(sent)
		if !errors.Is(got, want) {
			t.Errorf("%s came back as %v", want.Reason, got)
		}
		if e := errs.Of(got); e.Msg != want.Msg || e.Field != want.Field || e.RetryAfter != want.RetryAfter {
			t.Errorf("%s: message %q, field %q, wait %v", want.Reason, e.Msg, e.Field, e.RetryAfter)
		}
	}
}

// A server that stops in order sends its callers elsewhere; that is no warning.
func TestAnOrdinaryStopIsNoWarning(t *testing.T) {
	for err, level := range map[*errs.Error]string{
		store.ErrWatchClosed: "INFO", errs.New(errs.Unavailable, "STOPPING", "the server is stopping"): "INFO",
		store.ErrUnavailable: "WARN", store.ErrFeedUnavailable: "WARN",
	} {
		var log strings.Builder
		_ = rpc.ToStatus(context.Background(), slog.New(slog.NewTextHandler(&log, nil)), "/m", err)
		if !strings.Contains(log.String(), "level="+level) {
			t.Errorf("%v is logged as %s", err, log.String())
		}
	}
}

func TestUnclassifiedErrorsAreHiddenAndLogged(t *testing.T) {
	var log strings.Builder
	l := slog.New(slog.NewTextHandler(&log, nil))
	for _, err := range []error{
		errors.New("relation game.play does not exist"),
		errs.New(errs.Internal, "", "relation game.play does not exist"),
	} {
		log.Reset()
		sent := rpc.ToStatus(context.Background(), l, "/m", err)
		if st := status.Convert(sent); st.Code() != codes.Internal || st.Message() != "internal error" {
			t.Errorf("the caller sees %v", sent)
		}
		if !strings.Contains(log.String(), "relation game.play") {
			t.Errorf("the operator does not see the cause: %s", log.String())
		}
	}
}

func TestContextErrors(t *testing.T) {
	got := rpc.FromStatus(rpc.ToStatus(context.Background(), discard(), "/m", context.DeadlineExceeded))
	if errs.KindOf(got) != errs.DeadlineExceeded {
		t.Errorf("a deadline came back as %v", got)
	}
	if got := rpc.FromStatus(status.Error(codes.Canceled, "context canceled")); !errors.Is(got, context.Canceled) {
		t.Errorf("a cancelled call came back as %v", got)
	}
	if got := rpc.FromStatus(status.Error(codes.Unavailable, "connection error: dial tcp 10.0.0.1")); errs.ReasonOf(got) != "PART_UNAVAILABLE" ||
		strings.Contains(errs.Of(got).Msg, "10.0.0.1") {
		t.Errorf("a part that is down came back as %v", got)
	}
}
