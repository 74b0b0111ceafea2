package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// connect returns a pool whose database has answered once. w, if not nil, sees
// the results of all statements and decides whether a connection may be used.
func connect(ctx context.Context, cfg Config, rows *rowSecurity, w *writes) (*pgxpool.Pool, error) {
	if cfg.URL == "" {
		return nil, errConfig("DATABASE_URL is not set; it has the form postgres://user:password@host:5432/database")
	}
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// The parser's error can contain parts of the password: a "/" in it
		// makes the rest look like a port.
		return nil, errConfig("DATABASE_URL is malformed; it has the form postgres://user:password@host:5432/database, " +
			"with special characters in the password percent-encoded")
	}
	pc.MaxConns = int32(cfg.MaxConns) //nolint:gosec // bounded by complete
	pc.MaxConnLifetimeJitter = pc.MaxConnLifetime / 10
	pc.HealthCheckPeriod = 15 * time.Second
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = connectTimeout
	}
	pc.ConnConfig.RuntimeParams["application_name"] = "waystone"
	pc.BeforeConnect = rows.prepare
	if w != nil {
		// Checked when a connection is lent and not when it is given back: pgx
		// would do that in a goroutine of its own, and the next call might find no
		// free connection.
		pc.ConnConfig.Tracer, pc.PrepareConn = w, w.usable
	}
	boundConnections(pc)
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, errConfig("DATABASE_URL holds a pool setting that is out of range").Wrap(err)
	}
	err = pool.Ping(ctx)
	if rows.refuse(err) {
		cfg.Log.InfoContext(ctx, "a pooler refuses the parameter row_security: whether row-level security hides what is not found is looked up each time")
		err = pool.Ping(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, connectError(pc.ConnConfig.Config, err)
	}
	return pool, nil
}

// boundConnections makes the pool find dead connections soon (the server has
// vanished, a firewall has forgotten them) and free their places. Without it,
// the driver takes 15 s to give up a connection whose call has ended without an
// answer: it asks the server to cancel the call, sends a termination message,
// and waits until the other side closes.
func boundConnections(pc *pgxpool.Config) {
	timeout := pc.ConnConfig.ConnectTimeout
	dialer := &net.Dialer{
		Timeout: timeout,
		// A dead idle connection is found after five seconds.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 2},
	}
	pc.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		deadline := time.Now().Add(timeout)
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		// For the sign-in, or for the whole life of a connection that cancels a
		// call.
		return conn, conn.SetDeadline(deadline)
	}
	pc.ConnConfig.AfterConnect = func(_ context.Context, conn *pgconn.PgConn) error {
		return conn.Conn().SetDeadline(time.Time{})
	}
	pc.PingTimeout = pingTimeout
	pc.BeforeClose = func(conn *pgx.Conn) {
		c := conn.PgConn().Conn()
		time.AfterFunc(closeTimeout, func() { _ = c.Close() }) // closing twice does no harm
	}
}

// undefinedObject is the SQLSTATE of an unknown parameter in the URL.
const undefinedObject = "42704"

// connectError says what part of DATABASE_URL did not work.
func connectError(c pgconn.Config, err error) error {
	at := fmt.Sprintf("%s:%d", c.Host, c.Port)
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch {
		case pe.Code[:2] == "28":
			return errConfig(fmt.Sprintf("DATABASE_URL: PostgreSQL at %s refused user %q for database %q; "+
				"check user name and password and the server's pg_hba.conf", at, c.User, c.Database)).Wrap(err)
		case pe.Code == undefinedObject:
			return errConfig("DATABASE_URL has a parameter that PostgreSQL does not know; remove it").Wrap(err)
		case pe.Code == "3D000":
			return errConfig(fmt.Sprintf("DATABASE_URL: PostgreSQL at %s has no database %q", at, c.Database)).Wrap(err)
		}
	}
	return store.ErrUnavailable.With("DATABASE_URL: PostgreSQL at %s does not answer (database %q, user %q)",
		at, c.Database, c.User).Wrap(err)
}

// misconfigured is the reason of errors that only the operator can correct.
const misconfigured = "STORE_MISCONFIGURED"

// errConfig returns an error about something that the operator has to correct
// before the store can be opened.
func errConfig(msg string) *errs.Error {
	return errs.New(errs.FailedPrecondition, misconfigured, msg)
}
