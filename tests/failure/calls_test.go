package failure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/store"
)

// kind is what a call needs.
type kind int

const (
	mayBeCached kind = iota // a read that the cache may answer
	needsRead               // a read of the database
	needsWrite
	watches // the change feed
)

// call is one row of the table: an RPC as it is called under a fault, and what
// must be true afterwards.
type call struct {
	name string
	kind kind
	// do makes the call and holds an answer against what the database holds.
	do func(ctx context.Context) error
	// again makes the call once more after the fault; nil when the answer is
	// what it must be after do has ended with first. It may be called again.
	again func(ctx context.Context, first error) error
	// after says what is wrong with what the database holds in the end; nil for
	// reads.
	after func(ctx context.Context, first error) error
	// late calls are made once, when the fault is over.
	late bool
}

// wrong is a wrong answer, the one thing that no fault excuses.
type wrong string

func (w wrong) Error() string { return string(w) }

func wrongf(format string, args ...any) error { return wrong(fmt.Sprintf(format, args...)) }

func same(what string, got, want any) error {
	if d := cmp.Diff(want, got); d != "" {
		return wrongf("%s (-want +got):\n%s", what, d)
	}
	return nil
}

// once judges the answer to the repetition of what works once: after a first OK
// it is refused for that reason, otherwise it works or is refused, as the first
// attempt did or did not take effect.
func once(err, first error, refusal *errs.Error) error {
	switch {
	case first == nil && err == nil:
		return wrongf("worked a second time")
	case err == nil, errors.Is(err, refusal):
		return nil
	}
	return err
}

// addUser makes a user and a session as the website does.
func (s *subject) addUser(t *testing.T, id string, expires time.Time) (token string) {
	t.Helper()
	s.exec(t, `INSERT INTO "user" (id, name, email, "emailVerified", username, banned) VALUES ($1, 'Name of ' || $1, $1 || '@example.com', true, $1, false)`, id)
	s.exec(t, `INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES ('session-' || $1, 'token-' || $1, $1, $2, now())`, id, expires)
	return "token-" + id
}

func state(money int64) store.CharacterState {
	return store.CharacterState{
		Position: store.Position{Zone: 1}, ReviveZone: 1, Level: 1, HP: 1,
		Stats: store.Stats{Strength: 1, Dexterity: 1, Intelligence: 1, Concentration: 1, Charm: 1, Sense: 1}, Money: money,
	}
}

func (s *subject) addCharacter(t *testing.T, user, name string) store.CharacterID {
	t.Helper()
	c, err := s.db().CreateCharacter(t.Context(), store.NewCharacter{UserID: user, Name: name, Key: "made-" + name, State: state(1)})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// reads are the RPCs that read, on rows of their own that nobody changes.
func (s *subject) reads(t *testing.T, tag string) []*call {
	t.Helper()
	id := tag + "_reader"
	expires := time.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Millisecond)
	token := s.addUser(t, id, expires)
	character := s.addCharacter(t, id, tag+"Reader")
	account := store.GameAccount{UserID: id, PasswordHash: "hash of " + id, LoopbackOnly: true}
	if err := s.db().SetGameAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	user := func(u *store.User, err error) error {
		if err != nil {
			return err
		}
		return same("the user", []any{u.ID, u.Name, u.Email, u.Username, u.Banned}, []any{id, "Name of " + id, id + "@example.com", id, false})
	}
	isCharacter := func(c *store.Character) error {
		return same("the character", []any{c.ID, c.UserID, c.Name, c.Slot, c.State, c.Version, c.DeleteAt}, []any{character, id, tag + "Reader", uint8(0), state(1), int64(1), time.Time{}})
	}
	var calls []*call
	for _, c := range []store.Consistency{store.Cached, store.Fresh} {
		k, how := mayBeCached, ""
		if c == store.Fresh {
			k, how = needsRead, ", fresh"
		}
		calls = append(
			calls,
			&call{name: "GetUser" + how, kind: k, do: func(ctx context.Context) error { return user(s.db().GetUser(ctx, id, c)) }},
			&call{name: "GetUserByUsername" + how, kind: k, do: func(ctx context.Context) error { return user(s.db().GetUserByUsername(ctx, id, c)) }},
			&call{name: "GetUserByEmail" + how, kind: k, do: func(ctx context.Context) error { return user(s.db().GetUserByEmail(ctx, id+"@example.com", c)) }},
			&call{name: "GetSession" + how, kind: k, do: func(ctx context.Context) error {
				sess, u, err := s.db().GetSession(ctx, token, c)
				if err != nil {
					return err
				}
				if err := same("the session", []any{sess.ID, sess.UserID, sess.ExpiresAt}, []any{"session-" + id, id, expires}); err != nil {
					return err
				}
				return user(u, nil)
			}},
			&call{name: "GetCharacter" + how, kind: k, do: func(ctx context.Context) error {
				ch, err := s.db().GetCharacter(ctx, character, c)
				if err != nil {
					return err
				}
				return isCharacter(ch)
			}},
			&call{name: "GetCharacterList" + how, kind: k, do: func(ctx context.Context) error {
				list, err := s.db().ListCharacters(ctx, id, true, c)
				if err != nil {
					return err
				}
				if len(list) != 1 {
					return wrongf("a list of %d characters, not 1", len(list))
				}
				return isCharacter(list[0])
			}},
		)
	}
	return append(
		calls,
		s.getCredential(t, tag),
		&call{name: "GetSessions", kind: mayBeCached, do: func(ctx context.Context) error {
			found, err := s.lookUp(ctx, token)
			if err != nil {
				return err
			}
			return same("the session", []any{found.GetSession().GetId(), found.GetUser().GetId()}, []any{"session-" + id, id})
		}},
		&call{name: "CheckSessions", kind: needsRead, do: func(ctx context.Context) error {
			verdicts, err := s.db().CheckSessions(ctx, []store.SessionSubject{{SessionID: "session-" + id, UserID: id}, {SessionID: "none", UserID: id}, {UserID: id}})
			if err != nil {
				return err
			}
			if len(verdicts) != 3 || verdicts[0] != nil || !errors.Is(verdicts[1], store.ErrSessionNotFound) || verdicts[2] != nil {
				return wrongf("verdicts %v on a living session, none, and a living user", verdicts)
			}
			return nil
		}},
		&call{name: "GetGameAccount", kind: needsRead, do: func(ctx context.Context) error {
			a, err := s.db().GetGameAccount(ctx, id)
			if err != nil {
				return err
			}
			return same("the account", *a, account)
		}},
	)
}

// lookUp makes one look-up on a stream of its own.
func (s *subject) lookUp(ctx context.Context, token string) (*databasev1.GetSessionResponse, error) {
	stream, err := databasev1.NewSessionServiceClient(s.conn).GetSessions(ctx)
	if err != nil {
		return nil, err
	}
	lookup := &databasev1.SessionLookup{Number: 1, Request: &databasev1.GetSessionRequest{Token: token}}
	if deadline, ok := ctx.Deadline(); ok {
		lookup.TimeoutMs = uint32(max(1, time.Until(deadline).Milliseconds()))
	}
	if err := stream.Send(&databasev1.GetSessionsRequest{Lookups: []*databasev1.SessionLookup{lookup}}); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	m, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	if len(m.GetAnswers()) != 1 || m.GetAnswers()[0].GetNumber() != 1 {
		return nil, wrongf("a look-up is answered with %v", m)
	}
	answer := m.GetAnswers()[0]
	if refusal := answer.GetRefusal(); refusal != nil {
		var st spb.Status
		if err := proto.Unmarshal(refusal, &st); err != nil {
			return nil, wrongf("a refusal cannot be read: %v", err)
		}
		return nil, rpc.FromStatus(status.ErrorProto(&st))
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return nil, err
	}
	return answer.GetFound(), nil
}

// watching are the ways to watch: one begun under the fault, and one begun
// before it. Both watch a user of their own.
func (s *subject) watching(t *testing.T, tag string) []*call {
	t.Helper()
	id := tag + "_watched"
	s.addUser(t, id, time.Now().Add(time.Hour))
	// change bans the user until an instant that no other change has.
	var changes atomic.Int64
	ban := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	change := func(ctx context.Context) (until time.Time, err error) {
		until = ban.Add(time.Duration(changes.Add(1)) * time.Second)
		_, err = s.site.ExecContext(ctx, `UPDATE "user" SET banned = true, "banExpires" = $2 WHERE id = $1`, id, until)
		return until, err
	}
	open := func(ctx context.Context) (databasev1.SessionService_WatchClient, error) {
		stream, err := databasev1.NewSessionServiceClient(s.conn).Watch(ctx, &databasev1.WatchRequest{})
		if err != nil {
			return nil, err
		}
		m, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		if sig := m.GetSignal(); sig != databasev1.WatchSignal_WATCH_SIGNAL_HERE && sig != databasev1.WatchSignal_WATCH_SIGNAL_RESYNC {
			return nil, wrongf("a watch began with %s", sig)
		}
		return stream, nil
	}
	// hears waits for a change that was committed before it is called. RESYNC
	// tells it as well: who gets it reads everything anew.
	hears := func(stream databasev1.SessionService_WatchClient, until time.Time) error {
		for {
			m, err := stream.Recv()
			if err != nil {
				return err
			}
			if m.GetSignal() == databasev1.WatchSignal_WATCH_SIGNAL_RESYNC {
				return nil
			}
			for _, e := range m.GetEvents() {
				if e.GetUserId() == id && e.GetBanExpiresAt().AsTime().Equal(until) {
					return nil
				}
			}
		}
	}
	begun, end := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(end)
	var before databasev1.SessionService_WatchClient
	if !eventually(patience, func() (ok bool) {
		var err error
		before, err = open(begun)
		return err == nil
	}) {
		t.Fatal("no watch can begin although there is no fault")
	}
	return []*call{
		{
			name: "Watch", kind: watches,
			do: func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				_, err := open(ctx)
				return err
			},
			again: func(ctx context.Context, _ error) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				stream, err := open(ctx)
				if err != nil {
					return err
				}
				until, err := change(ctx)
				if err != nil {
					return err
				}
				return hears(stream, until)
			},
		},
		{
			name: "Watch, begun before", kind: watches, late: true,
			do: func(ctx context.Context) error {
				defer end()
				defer context.AfterFunc(ctx, end)()
				until, err := change(ctx)
				if err != nil {
					return err
				}
				err = hears(before, until)
				if ctx.Err() != nil {
					return wrongf("a change was never told")
				}
				return err
			},
		},
	}
}
