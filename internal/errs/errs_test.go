package errs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
)

func TestSentinelMatchesAfterWrapping(t *testing.T) {
	sentinel := errs.New(errs.NotFound, "USER_NOT_FOUND", "no such user")
	cause := errors.New("sql: no rows")
	err := fmt.Errorf("load user 42: %w", sentinel.With("no user %q", "42").Wrap(cause))
	if !errors.Is(err, sentinel) {
		t.Errorf("errors.Is(%v, sentinel) = false", err)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if errors.Is(err, errs.New(errs.NotFound, "SESSION_NOT_FOUND", "")) {
		t.Error("another reason of the same kind matches")
	}
	if errors.Is(err, errs.New(errs.Internal, "USER_NOT_FOUND", "")) {
		t.Error("the same reason of another kind matches")
	}
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind errs.Kind
	}{
		{context.DeadlineExceeded, errs.DeadlineExceeded},
		{fmt.Errorf("x: %w", context.Canceled), errs.Canceled},
		{errors.New("disk on fire"), errs.Internal},
		{errs.Invalid("user_id", "must not be empty"), errs.InvalidArgument},
	} {
		if got := errs.KindOf(c.err); got != c.kind {
			t.Errorf("KindOf(%v) = %v, want %v", c.err, got, c.kind)
		}
	}
	if e := errs.Of(errors.New("password=hunter2")); e.Msg != "internal error" {
		t.Errorf("an unclassified error shows %q to the caller", e.Msg)
	}
	if errs.Of(nil) != nil {
		t.Error("Of(nil) is not nil")
	}
}

func TestInvalidNamesTheField(t *testing.T) {
	e := errs.Invalid("user_id", "must not be empty")
	if e.Reason != "INVALID_USER_ID" || e.Error() != "user_id: must not be empty" {
		t.Errorf("got reason %q, text %q", e.Reason, e.Error())
	}
}

func TestEveryKindHasAName(t *testing.T) {
	for _, k := range errs.Kinds() {
		if k.String() == "" || k.String() == fmt.Sprintf("kind(%d)", uint8(k)) {
			t.Errorf("kind %d has no name", k)
		}
	}
}
