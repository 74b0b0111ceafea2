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

// connect returns a pool whose database has answered once. What is written
// through it is told to w, if there is one.
func connect(ctx context.Context, cfg Config, rows *rowSecurity, w *writes) (*pgxpool.Pool, error) {
	if cfg.URL == "" {
		return nil, errConfig("DATABASE_URL is not set; it has the form postgres://user:password@host:5432/database")
	}
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// The parser's own words can hold pieces of the password: a "/" in it
		// makes the rest of it look like a port.
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
		// Judged when it is lent and not when it is given back: that would be done
		// by a goroutine of its own, and the next call would find no connection.
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

// boundConnections sees to it that connections which lead nowhere (the server
// has vanished, a firewall has forgotten them) are found, and give their places
// in the pool free soon. The driver alone takes 15 s to give up one whose call
// has ended without an answer: it asks the server to cancel the call, says
// good-bye, and waits for the other side to hang up.
func boundConnections(pc *pgxpool.Config) {
	timeout := pc.ConnConfig.ConnectTimeout
	dialer := &net.Dialer{
		Timeout: timeout,
		// Idle ones are found dead after five seconds.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 2},
	}
	pc.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		deadline := time.Now().Add(timeout)
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		// For signing in, or for all of a connection that asks to cancel a call.
		return conn, conn.SetDeadline(deadline)
	}
	pc.ConnConfig.AfterConnect = func(_ context.Context, conn *pgconn.PgConn) error {
		return conn.Conn().SetDeadline(time.Time{})
	}
	pc.PingTimeout = pingTimeout
	pc.BeforeClose = func(conn *pgx.Conn) {
		c := conn.PgConn().Conn()
		time.AfterFunc(closeTimeout, func() { _ = c.Close() }) // once more is no harm
	}
}

// undefinedObject is the SQLSTATE of an unknown parameter in the URL.
const undefinedObject = "42704"

// connectError says what of DATABASE_URL did not work.
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

// misconfigured is the reason of errors that only the operator can put right.
const misconfigured = "STORE_MISCONFIGURED"

// errConfig returns an error about something that the operator has to put
// right before the store can be opened.
func errConfig(msg string) *errs.Error {
	return errs.New(errs.FailedPrecondition, misconfigured, msg)
}
