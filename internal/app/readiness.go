package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/utils/health"
	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

// writesService is the name in a health request that asks a database part whether
// it accepts writes. A part that accepts none is still ready, for reads.
const writesService = "waystone.database.writes"

// Reasons of checks that are made here.
const (
	reasonUnreachable = "unreachable" // no answer
	reasonNotReady    = "not_ready"   // the part says so itself
	reasonToken       = "token"       // ours is refused
	reasonFailing     = "failing"     // it answers, but its calls fail
	reasonWrites      = "writes"      // the database part accepts none
	reasonConnecting  = "connecting"  // of the feed
	reasonLost        = "lost"        // likewise
	reasonBehind      = "behind"      // likewise
)

// partMisses is how many checks of another part in a row must fail.
const partMisses = 2

// probeID names a play record and a user that do not exist.
const probeID = "waystone-health"

// checkPart adds the check of a part in another process. use, which may be nil, is
// a real call: it also checks the token and what the part itself needs.
func (s *server) checkPart(to string, cc grpc.ClientConnInterface, use func(context.Context) error) {
	name := to + " part"
	if s.settings.runs(to) || s.checked[name] {
		return
	}
	s.checked[name] = true
	client := healthpb.NewHealthClient(cc)
	s.health.Add(health.Check{
		Name: name, Misses: partMisses,
		Reasons: []string{reasonUnreachable, reasonNotReady, reasonToken, reasonFailing},
		Func: func(ctx context.Context) error {
			resp, err := client.Check(ctx, &healthpb.HealthCheckRequest{})
			switch {
			case err != nil:
				return s.partFails(to, reasonUnreachable, "does not answer: %w", err)
			case resp.GetStatus() != healthpb.HealthCheckResponse_SERVING:
				return s.partFails(to, reasonNotReady, "is not ready: its own /readyz says why")
			case use == nil:
				return nil
			}
			switch err := use(ctx); {
			case err == nil:
				return nil
			case errs.KindOf(err) == errs.Unauthenticated:
				return s.partFails(to, reasonToken, "refuses our token: SERVICE_TOKENS has to be the same on every part: %w", err)
			default:
				return s.partFails(to, reasonFailing, "answers and fails: %w", err)
			}
		},
	})
}

// partFails adds to an error of a part what players cannot do, and the part's
// address.
func (s *server) partFails(to, reason, format string, args ...any) error {
	return health.Because(reason, fmt.Errorf("%s: %s at %s "+format,
		append([]any{s.misses(to), to, *s.settings.discovery[to]}, args...)...))
}

// misses is what players cannot do if another part is missing.
func (s *server) misses(to string) string {
	switch to {
	case partAuth:
		return "nobody can sign in"
	case partCharacter:
		return "nobody can choose a character"
	case partWorld:
		return "nobody can play"
	}
	var missing []string
	for _, p := range []struct{ part, miss string }{
		{partAuth, "nobody can sign in"},
		{partCharacter, "nobody can choose a character"},
		{partWorld, "nobody can enter the world, and nothing is saved"},
	} {
		if s.settings.runs(p.part) {
			missing = append(missing, p.miss)
		}
	}
	return strings.Join(missing, ", ")
}

// useAuth renews a play record that does not exist: the call reaches the database
// and writes nothing.
func useAuth(c authv1.AuthServiceClient) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.KeepAlive(ctx, &authv1.KeepAliveRequest{Plays: []*databasev1.PlayRef{{PlayId: probeID, Generation: 1}}})
		return err
	}
}

// useCharacter lists the characters of a user that does not exist.
func useCharacter(c characterv1.CharacterServiceClient) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.ListCharacters(ctx, &characterv1.ListCharactersRequest{UserId: probeID})
		return err
	}
}

// checkWrites adds the check whether a database part in another process accepts
// writes. Without writes no player can sign in and no character can be created.
func (s *server) checkWrites(cc grpc.ClientConnInterface) {
	const name = "database writes"
	if s.checked[name] {
		return
	}
	s.checked[name] = true
	client := healthpb.NewHealthClient(cc)
	what := "no character can be made or deleted"
	if s.settings.runs(partAuth) {
		what = "nobody can sign in"
	}
	s.health.Add(health.Check{
		Name: name, Degraded: !s.settings.runs(partAuth), Misses: partMisses, Reasons: []string{reasonWrites},
		Func: func(ctx context.Context) error {
			resp, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: writesService})
			// Another check says whether it answers at all, and an older part does
			// not know this service.
			if err != nil || resp.GetStatus() == healthpb.HealthCheckResponse_SERVING {
				return nil
			}
			return health.Because(reasonWrites, fmt.Errorf("%s: database at %s takes no writes: its own /readyz says why",
				what, *s.settings.discovery[partDatabase]))
		},
	})
}

// checkStore adds the checks on the store that the process has opened.
func (s *server) checkStore(d *dataStore) {
	answers, writable, reasons, name := troubles(), d.fileHealth, troubles(), "database file"
	if d.postgres != nil {
		answers = []string{reasonUnreachable}
		writable, reasons, name = d.postgres.Writable, postgres.WritableReasons(), "database writes"
		s.health.Add(health.Check{
			Name: "database connections", Degraded: true, Reasons: postgres.ConnectReasons(), Func: d.postgres.Connects,
		})
	}
	s.health.Add(health.Check{Name: "store", Reasons: answers, Func: d.answers})
	s.health.Add(health.Check{Name: name, Degraded: true, Services: []string{writesService}, Reasons: reasons, Func: writable})
	if s.settings.runs(partAuth) {
		s.health.Add(health.Check{Name: "sign-in", Reasons: reasons, Func: func(ctx context.Context) error {
			if err := writable(ctx); err != nil {
				return fmt.Errorf("nobody can sign in: %w", err)
			}
			return nil
		}})
	}
	if d.redis != nil {
		s.health.Add(health.Check{Name: "redis", Degraded: true, Reasons: rediscache.Reasons(), Func: d.redis.Health})
	}
	s.health.Add(health.Check{
		Name: "change feed", Degraded: true, Reasons: []string{reasonConnecting, reasonLost, reasonBehind}, Func: d.feedHealth,
	})
}

// troubles are the reasons of an embedded file.
func troubles() []string {
	var list []string
	for _, t := range sqlite.Troubles() {
		list = append(list, string(t))
	}
	return list
}

// answers returns an error while the store does not answer.
func (d *dataStore) answers(ctx context.Context) error {
	err := d.engine.Ping(ctx)
	if d.file == nil {
		return health.Because(reasonUnreachable, err)
	}
	return health.Because(string(d.file.FileTrouble()), err)
}

// fileHealth returns an error while the embedded file cannot be written.
func (d *dataStore) fileHealth(ctx context.Context) error {
	return health.Because(string(d.file.FileTrouble()), d.file.FileHealth(ctx))
}

// lookEvery is how often the process checks whether the store accepts writes. If an
// embedded file was replaced, this is found at once.
const (
	lookEveryFile   = 10 * time.Second
	lookEveryServer = 5 * time.Second
)

// look checks until ctx ends whether the store accepts writes. The health checks
// report the result.
func (d *dataStore) look(ctx context.Context) {
	every, look := lookEveryFile, func(ctx context.Context) {
		_ = d.file.LookAtFile(ctx) // the store remembers it
	}
	if d.postgres != nil {
		every, look = lookEveryServer, func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, lookEveryServer)
			defer cancel()
			d.postgres.Look(ctx)
		}
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// feedHealth reports a feed that is not current.
func (d *dataStore) feedHealth(context.Context) error {
	st := d.served.FeedStatus()
	switch {
	case st.Open || d.served.Off():
		return nil
	case !st.Connected && st.Cause != nil:
		return health.Because(reasonLost, fmt.Errorf("not connected, reads go to the store: %w", st.Cause))
	case !st.Connected:
		return health.Because(reasonConnecting, errors.New("not connected yet, reads go to the store"))
	}
	return health.Because(reasonBehind, fmt.Errorf("%s behind, reads go to the store", st.Lag.Round(time.Millisecond)))
}
