package rpc

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Domain is the domain of the ErrorInfo that every error carries.
const Domain = "waystone"

// table maps kinds to codes, in both directions.
var table = [...]struct { //nolint:gochecknoglobals // a constant table
	kind errs.Kind
	code codes.Code
}{
	{errs.Internal, codes.Internal},
	{errs.InvalidArgument, codes.InvalidArgument},
	{errs.NotFound, codes.NotFound},
	{errs.AlreadyExists, codes.AlreadyExists},
	{errs.FailedPrecondition, codes.FailedPrecondition},
	{errs.Aborted, codes.Aborted},
	{errs.PermissionDenied, codes.PermissionDenied},
	{errs.Unauthenticated, codes.Unauthenticated},
	{errs.ResourceExhausted, codes.ResourceExhausted},
	{errs.Unavailable, codes.Unavailable},
	{errs.DeadlineExceeded, codes.DeadlineExceeded},
	{errs.Canceled, codes.Canceled},
}

// Code returns the gRPC code of a kind.
func Code(k errs.Kind) codes.Code {
	for _, row := range table {
		if row.kind == k {
			return row.code
		}
	}
	return codes.Internal
}

// Kind returns the kind of a gRPC code; Internal for a code that none of our
// errors has.
func Kind(c codes.Code) errs.Kind {
	for _, row := range table {
		if row.code == c {
			return row.kind
		}
	}
	return errs.Internal
}

// ToStatus turns an error into what the caller gets: code, public sentence, reason, the wrong
// field and how long to wait. Causes are not sent. An unclassified error is logged and shown
// as "internal error".
func ToStatus(ctx context.Context, log *slog.Logger, method string, err error) error {
	if err == nil {
		return nil
	}
	var e *errs.Error
	if !errors.As(err, &e) {
		if st, ok := status.FromError(err); ok && st.Code() != codes.Unknown {
			return err // an error of grpc itself, such as a deadline that it noticed first
		}
	}
	e = errs.Of(err)
	msg := e.Msg
	switch e.Kind {
	case errs.Internal:
		log.ErrorContext(ctx, "call failed", "method", method, "cause", err.Error())
		msg = "internal error"
	case errs.Unavailable:
		level := slog.LevelWarn
		if endsInOrder(e.Reason) {
			level = slog.LevelInfo
		}
		log.Log(ctx, level, "call refused: unavailable", "method", method, "cause", err.Error())
	default: // not worth a line in the log
	}
	st := status.New(Code(e.Kind), msg)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: e.Reason, Domain: Domain}}
	if e.Field != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: e.Field, Description: e.Msg, Reason: e.Reason},
		}})
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	full, detailErr := st.WithDetails(details...)
	if detailErr != nil {
		return st.Err()
	}
	return full.Err()
}

// endsInOrder reports whether the reason of an error belongs to an orderly
// stop: STOPPING, and that of store.ErrWatchClosed.
func endsInOrder(reason string) bool {
	return slices.Contains([]string{errStopping.Reason, "WATCH_CLOSED"}, reason)
}

// FromStatus turns the error of a call into an *errs.Error, so that
// errors.Is(err, store.ErrNameTaken) works for the caller too. The end of a
// stream and other errors that are no status are returned as they are.
func FromStatus(err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	e := &errs.Error{Kind: Kind(st.Code()), Msg: st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == Domain {
				e.Reason = d.GetReason()
			}
		case *errdetails.BadRequest:
			if v := d.GetFieldViolations(); len(v) > 0 {
				e.Field = v[0].GetField()
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	switch {
	case e.Reason != "":
	case e.Kind == errs.DeadlineExceeded:
		e.Reason, e.Cause = "DEADLINE_EXCEEDED", context.DeadlineExceeded
	case e.Kind == errs.Canceled:
		e.Reason, e.Cause = "CANCELED", context.Canceled
	case e.Kind == errs.Unavailable:
		// The part itself cannot be reached: grpc's text is for the log.
		e.Reason, e.Cause, e.Msg = "PART_UNAVAILABLE", errors.New(st.Message()), "another part cannot be reached; try again"
	}
	return e
}
