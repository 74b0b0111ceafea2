package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Names of the constraints whose violation means something to a caller.
const (
	nameUnique     = "character_name_key"
	skeletonUnique = "character_name_skeleton_key"
	tokenUnique    = "play_next_token_key"
)

// translate turns an error of the driver into an error of the contract: by
// SQLSTATE and type, never by text. The driver's error stays inside as the
// cause.
func translate(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	var classified *errs.Error
	if errors.As(err, &classified) {
		return err
	}
	// If a deadline has passed that is not the caller's (that of connecting),
	// the caller must not get DEADLINE_EXCEEDED.
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("%s: %w", op, ctxErr)
	}
	cause := fmt.Errorf("%s: %w", op, err)
	var pe *pgconn.PgError
	if errors.As(err, &pe) && slices.Contains([]string{duplicateStatement, noStatement}, pe.Code) {
		cause = fmt.Errorf("%s: %s: %w", op, poolerHint, err)
	}
	switch {
	case denied(err):
		// A revoked grant, or row-level security: see rowSecurity.
		return store.ErrWebsiteHidden.Wrap(cause)
	case unavailable(err):
		return store.ErrUnavailable.Wrap(cause)
	}
	return &errs.Error{Kind: errs.Internal, Reason: "INTERNAL", Msg: "internal error", Cause: cause}
}

// SQLSTATEs for prepared statements that another session has prepared, or that
// this one has not: a pooler in transaction mode mixes sessions.
const (
	duplicateStatement = "42P05"
	noStatement        = "26000"
)

const poolerHint = "prepared statements do not get through a pooler in transaction mode: " +
	"add default_query_exec_mode=exec to DATABASE_URL, and set DATABASE_FEED_URL to PostgreSQL itself"

// unavailable reports whether the same call may well succeed a moment later.
func unavailable(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return unavailableCode(pe.Code)
	}
	var (
		ce *pgconn.ConnectError
		ne net.Error
	)
	return errors.As(err, &ce) || errors.As(err, &ne) || pgconn.SafeToRetry(err) ||
		errors.Is(err, puddle.ErrClosedPool) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded)
}

// unavailableCode sorts SQLSTATEs. By class: 08 connection, 28 the role was
// refused (a password being rotated), 53 out of resources (too many
// connections, disk full), 58 the server's own input and output. By code:
// read-only (a standby, or a primary being demoted), a transaction given up
// because its next statement did not come, serialization, deadlock, lock not
// available, cancelled by an operator or a statement timeout, shut down,
// crashed, not yet up, database dropped.
func unavailableCode(code string) bool {
	if len(code) != 5 {
		return false
	}
	switch code[:2] {
	case "08", "28", "53", "58":
		return true
	}
	switch code {
	case "25006", "25P03", "40001", "40P01", "55P03", "57014",
		"57P01", "57P02", "57P03", "57P04", "57P05", "3D000":
		return true
	}
	return false
}

// violates reports whether err is the violation of a named unique constraint.
func violates(err error, constraint string) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505" && pe.ConstraintName == constraint
}

// uniqueViolation reports whether err is the violation of any unique
// constraint.
func uniqueViolation(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505"
}

// missingValue returns the column that must not be null and was; "" for any other
// error.
func missingValue(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) && pe.Code == "23502" {
		return pe.ColumnName
	}
	return ""
}

// denied reports whether the role lacks a privilege.
func denied(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "42501"
}

// violatesProtocol reports whether the server, or a pooler in front of it,
// refuses what it was sent, such as a parameter of the connection.
func violatesProtocol(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "08P01"
}

// noRows returns sentinel for an empty answer and translates any other error.
func noRows(ctx context.Context, op string, err error, sentinel *errs.Error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return sentinel
	}
	return translate(ctx, op, err)
}
