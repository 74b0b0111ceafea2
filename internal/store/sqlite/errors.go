package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// fail turns an error of the driver into an error of the contract; what names
// the work. Errors of the contract and nil are returned unchanged.
func (s *Store) fail(ctx context.Context, what string, err error) error {
	var known *errs.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		// The driver has several errors for a cancelled statement.
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case s.closed.Load():
		return store.ErrUnavailable.With("the store is closed").Wrap(err)
	}
	if t := troubleOf(err); t != "" {
		known = explain(t, s.cfg.Path, fmt.Errorf("%s: %w", what, err))
		s.file.note(t, known)
		return known
	}
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_INTERRUPT { // to try again may help
		return store.ErrUnavailable.Wrap(fmt.Errorf("%s: %w", what, err))
	}
	return errs.New(errs.Internal, "INTERNAL", "internal error").Wrap(fmt.Errorf("%s: %w", what, err))
}

// busy reports whether another process has the file locked.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// orNotFound replaces "no rows" by an error of the contract.
func orNotFound(err error, notFound *errs.Error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notFound
	}
	return err
}
