package testenv

import (
	"context"
	"os"
	"sync"

	"github.com/jackc/pgx/v5"
)

// session is a connection that is kept from one use to the next: to connect takes
// PostgreSQL longer than most of what a test does then.
type session struct {
	url string

	mu   sync.Mutex
	conn *pgx.Conn // nil before the first use
}

// run runs f on the connection, which is as new: nothing of an earlier use is left.
// If the server has ended it, there is another one.
func (s *session) run(ctx context.Context, f func(*pgx.Conn) error) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil && s.conn.Ping(ctx) != nil {
		s.end(ctx)
	}
	if s.conn == nil {
		c, err := pgx.ParseConfig(s.url)
		if err != nil {
			return err
		}
		c.DefaultQueryExecMode = pgx.QueryExecModeExec // DISCARD takes prepared statements away
		if s.conn, err = pgx.ConnectConfig(ctx, c); err != nil {
			return err
		}
	}
	err = f(s.conn)
	// It fails in a transaction that f has left open.
	if _, failed := s.conn.Exec(ctx, "DISCARD ALL"); failed != nil {
		s.end(ctx)
	}
	return err
}

// end closes the connection. The caller holds mu.
func (s *session) end(ctx context.Context) {
	if s.conn != nil {
		_ = s.conn.Close(ctx)
		s.conn = nil
	}
}

func (s *session) close(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(ctx)
}

// administration holds the sessions in which databases of shared servers are made
// and dropped, by URL. They end with the process.
var administration sync.Map //nolint:gochecknoglobals // one for the process, as the servers are

// administer runs f on a connection to a server as a whole. A server of a test's
// own keeps none: the test may count its connections.
func administer(ctx context.Context, server string, f func(*pgx.Conn) error) error {
	if isShared(server) {
		kept, _ := administration.LoadOrStore(server, &session{url: server})
		return kept.(*session).run(ctx, f) //nolint:forcetypeassert // nothing else is stored
	}
	return (&PG{url: server}).as(ctx, f)
}

// isShared reports whether a server is that of [DatabaseURLVariable].
func isShared(server string) bool { return server == os.Getenv(DatabaseURLVariable) }
