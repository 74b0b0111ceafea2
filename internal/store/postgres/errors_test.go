package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	code := func(c string) error { return &pgconn.PgError{Code: c, Message: "secret detail"} }
	for name, c := range map[string]struct {
		err  error
		kind errs.Kind
	}{
		"connection failure":   {code("08006"), errs.Unavailable},
		"role refused":         {code("28P01"), errs.Unavailable},
		"too many connections": {code("53300"), errs.Unavailable},
		"disk full":            {code("53100"), errs.Unavailable},
		"admin shutdown":       {code("57P01"), errs.Unavailable},
		"crash":                {code("57P02"), errs.Unavailable},
		"starting up":          {code("57P03"), errs.Unavailable},
		"read-only":            {code("25006"), errs.Unavailable},
		"idle in transaction":  {code("25P03"), errs.Unavailable},
		"serialization":        {code("40001"), errs.Unavailable},
		"deadlock":             {code("40P01"), errs.Unavailable},
		"lock":                 {code("55P03"), errs.Unavailable},
		"cut off":              {fmt.Errorf("receive: %w", io.ErrUnexpectedEOF), errs.Unavailable},
		"another's deadline":   {fmt.Errorf("connect: %w", context.DeadlineExceeded), errs.Unavailable},
		"syntax":               {code("42601"), errs.Internal},
		"unexpected unique":    {code("23505"), errs.Internal},
		"no code":              {code(""), errs.Internal},
		"already classified":   {store.ErrNameTaken, errs.AlreadyExists},
	} {
		err := postgres.Translate(t.Context(), "op", c.err)
		if got := errs.KindOf(err); got != c.kind {
			t.Errorf("%s: kind %v, want %v", name, got, c.kind)
		}
		if msg := errs.Of(err).Msg; strings.Contains(msg, "secret") {
			t.Errorf("%s: the caller is told %q", name, msg)
		}
		if !errors.Is(err, c.err) {
			t.Errorf("%s: the cause is lost", name)
		}
	}
	if err := postgres.Translate(t.Context(), "op", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := postgres.Translate(ctx, "op", code("57014")); !errors.Is(err, context.Canceled) {
		t.Errorf("a call cancelled by its caller: got %v", err)
	}
}

// A pooler that mixes sessions up is told by the codes of prepared statements;
// the operator reads what to set.
func TestPreparedStatementsThatAPoolerBreaks(t *testing.T) {
	t.Parallel()
	for code, hint := range map[string]bool{"42P05": true, "26000": true, "42P01": false} {
		err := postgres.Translate(t.Context(), "read the search path", &pgconn.PgError{Code: code, Message: "as the driver says"})
		for _, want := range []string{"default_query_exec_mode=exec", "DATABASE_URL", "DATABASE_FEED_URL"} {
			if strings.Contains(err.Error(), want) != hint {
				t.Errorf("%s: hint %v expected for %s: %v", code, hint, want, err)
			}
		}
	}
}

func TestAParameterThatIsNone(t *testing.T) {
	t.Parallel()
	pg := website(t, "postgres_schema.sql")
	_, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL() + "&no_such_thing=1"})
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL has a parameter that PostgreSQL does not know; remove it") || !strings.Contains(err.Error(), "no_such_thing") {
		t.Errorf("got %v", err)
	}
}

func TestReadOnlyServerIsUnavailable(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	s := open(t, postgres.Config{URL: pg.URL(), Migrate: true})
	pg.Exec(t, "ALTER DATABASE "+pg.Name()+" SET default_transaction_read_only = on")
	// Connections already open keep their setting: end them.
	pg.Exec(t, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	var err error
	for range 3 { // the first calls may meet a connection that was ended
		if _, err = s.BeginPlay(t.Context(), store.NewPlay{UserID: "u"}); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("got %v, want %v", err, store.ErrUnavailable)
		}
	}
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != "25006" {
		t.Errorf("the cause is %v, want SQLSTATE 25006", err)
	}
}
