package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// Reasons of Writable and Connects.
const (
	reasonStandby     = "standby"     // the server is one
	reasonReadOnly    = "read_only"   // by default_transaction_read_only
	reasonFull        = "full"        // its disk
	reasonDenied      = "denied"      // the role may not write our tables
	reasonRefused     = "refused"     // the user or the password
	reasonNoPlace     = "connections" // all that the server takes are in use
	reasonUnreachable = "unreachable"
)

// WritableReasons are the reasons of Store.Writable; see health.Check.
func WritableReasons() []string {
	return []string{reasonStandby, reasonReadOnly, reasonFull, reasonDenied}
}

// ConnectReasons are the reasons of Store.Connects; see health.Check.
func ConnectReasons() []string { return []string{reasonRefused, reasonNoPlace, reasonUnreachable} }

// fullTold is for how long a disk counts as full after a statement said so, if
// no write has succeeded since.
const fullTold = time.Minute

// writes knows whether the server takes writes, and new connections. It is the
// tracer of the pool: what statements say of a full disk, nothing else tells.
type writes struct {
	now func() time.Time

	mu       sync.Mutex
	fullAt   time.Time // when a statement found no room last; zero since one did
	full     error
	writable error // what Look has found
	connects error // likewise
}

// Writable is an error, with what mends it, while writes fail; see Look.
func (s *Store) Writable(context.Context) error {
	w := s.writes
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.fullAt.IsZero() && w.now().Sub(w.fullAt) < fullTold {
		return health.Because(reasonFull, fmt.Errorf("a disk of PostgreSQL at %s is full: free some space there: %w", s.at(), w.full))
	}
	return w.writable
}

// Connects is an error, with what mends it, while PostgreSQL takes no new
// connections. Calls go on over those there are, as long as these last.
func (s *Store) Connects(context.Context) error {
	s.writes.mu.Lock()
	defer s.writes.mu.Unlock()
	return s.writes.connects
}

// at is where the server is, for people.
func (s *Store) at() string {
	c := s.pool.Config().ConnConfig
	return fmt.Sprintf("%s:%d", c.Host, c.Port)
}

// lookStatement writes no row, and fails as a write does.
const lookStatement = `DELETE FROM game.play WHERE false`

// Look makes a connection as the pool would, finds out whether it can be
// written through, and remembers the answer for Writable and Connects. Settings
// of a database or a role, and passwords, are those of new connections only:
// the pool would notice a change one connection after the other.
func (s *Store) Look(ctx context.Context) {
	pc := s.pool.Config()
	c := pc.ConnConfig
	c.Tracer = nil
	if err := pc.BeforeConnect(ctx, c); err != nil {
		return
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		s.writes.found(nil, s.connectTrouble(err), false)
		return
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(ctx) // of no use any more, whatever it says
	}()
	_, err = conn.Exec(ctx, lookStatement, pgx.QueryExecModeExec)
	if err == nil {
		if s.writes.found(nil, nil, true) {
			s.pool.Reset() // what was connected meanwhile still takes no writes
		}
		return
	}
	writable := s.writeTrouble(ctx, conn, err)
	s.writes.found(writable, nil, writable != nil)
}

// found notes what a look has found; whether there can be written only if that
// is known. It reports whether there can be again.
func (w *writes) found(writable, connects error, known bool) (again bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connects = connects
	if known {
		again = w.writable != nil && writable == nil
		w.writable = writable
	}
	return again
}

// connectTrouble says why there is no new connection.
func (s *Store) connectTrouble(err error) error {
	c := s.pool.Config().ConnConfig
	var pe *pgconn.PgError
	switch {
	case errors.As(err, &pe) && strings.HasPrefix(pe.Code, "28"):
		return health.Because(reasonRefused, fmt.Errorf("PostgreSQL at %s refuses user %q: was the password changed? "+
			"Set DATABASE_URL and restart the database part, before its open connections end: %w", s.at(), c.User, err))
	case errors.As(err, &pe) && pe.Code == "53300":
		return health.Because(reasonNoPlace, fmt.Errorf("PostgreSQL at %s has no connection left: raise max_connections, "+
			"or lower DATABASE_MAX_CONNS of its users: %w", s.at(), err))
	default:
		return health.Because(reasonUnreachable, fmt.Errorf("PostgreSQL at %s takes no new connection: %w", s.at(), err))
	}
}

// writeTrouble says why the statement that writes nothing has failed; nil if
// that says nothing of writes.
func (s *Store) writeTrouble(ctx context.Context, conn *pgx.Conn, err error) error {
	var pe *pgconn.PgError
	switch {
	case errors.As(err, &pe) && pe.Code == "25006":
		var standby bool
		var source, database string
		_ = conn.QueryRow(ctx, `SELECT pg_is_in_recovery(), source, current_database() FROM pg_settings WHERE name = 'default_transaction_read_only'`,
			pgx.QueryExecModeExec).Scan(&standby, &source, &database) // without an answer the general advice is given
		if standby {
			return health.Because(reasonStandby, fmt.Errorf("PostgreSQL at %s is a standby and takes no writes: "+
				"DATABASE_URL has to lead to the primary, for example by target_session_attrs=read-write", s.at()))
		}
		return health.Because(reasonReadOnly, fmt.Errorf("PostgreSQL at %s takes no writes from new connections, as "+
			"default_transaction_read_only is on: %s", s.at(), s.readWrite(source, database)))
	case denied(err):
		return health.Because(reasonDenied, fmt.Errorf("the role %q may not write the tables of the schema game: "+
			"`waystone db check` names what is missing: %w", s.pool.Config().ConnConfig.User, err))
	}
	return nil
}

// readWrite says how to take default_transaction_read_only back.
func (s *Store) readWrite(source, database string) string {
	db, role := pgx.Identifier{database}.Sanitize(), pgx.Identifier{s.pool.Config().ConnConfig.User}.Sanitize()
	const reset = " RESET default_transaction_read_only"
	switch source {
	case "database":
		return "ALTER DATABASE " + db + reset
	case "user":
		return "ALTER ROLE " + role + reset
	case "database user":
		return "ALTER ROLE " + role + " IN DATABASE " + db + reset
	default:
		return "set it to off where it was set, in the configuration of the server or in DATABASE_URL"
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (*writes) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (w *writes) TraceQueryEnd(_ context.Context, conn *pgx.Conn, d pgx.TraceQueryEndData) {
	w.note(conn, d.CommandTag, d.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (*writes) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (w *writes) TraceBatchQuery(_ context.Context, conn *pgx.Conn, d pgx.TraceBatchQueryData) {
	w.note(conn, d.CommandTag, d.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (*writes) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// readOnly marks a connection that has refused a write. That is a setting of its
// session, which stays when the database or the role is read-write again.
const readOnly = "waystone: read only"

// usable reports whether the pool may lend a connection.
func (*writes) usable(_ context.Context, conn *pgx.Conn) (bool, error) {
	_, marked := conn.PgConn().CustomData()[readOnly]
	return !marked, nil
}

// note goes by how a statement ended.
func (w *writes) note(conn *pgx.Conn, tag pgconn.CommandTag, err error) {
	var pe *pgconn.PgError
	switch {
	case err == nil && (tag.Insert() || tag.Update() || tag.Delete()) && tag.RowsAffected() > 0:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.fullAt = time.Time{}
	case err == nil || !errors.As(err, &pe):
	case pe.Code == "53100":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.fullAt, w.full = w.now(), err
	case pe.Code == "25006":
		conn.PgConn().CustomData()[readOnly] = true
	}
}
