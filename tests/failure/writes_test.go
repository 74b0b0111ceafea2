package failure

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// writes are the RPCs that write, each to rows of its own.
func (s *subject) writes(t *testing.T, tag string) []*call {
	t.Helper()
	return slices.Concat(
		[]*call{s.refreshSession(t, tag), s.refreshSessions(t, tag), s.setGameAccount(t, tag)}, s.characterWrites(t, tag),
		s.ticketWrites(t, tag), s.playWrites(t, tag), s.siteWrites(t, tag), s.attemptWrites(t, tag),
	)
}

func (s *subject) refreshSession(t *testing.T, tag string) *call {
	t.Helper()
	id := tag + "_refresh"
	began := time.Now()
	token := s.addUser(t, id, began.Add(time.Hour))
	var told time.Time
	do := func(ctx context.Context) error {
		sess, u, err := s.db().RefreshSession(ctx, token)
		if err != nil {
			return err
		}
		if sess.ID != "session-"+id || u.ID != id || sess.ExpiresAt.Before(began.Add(6*24*time.Hour)) {
			return wrongf("session %s of %s until %s", sess.ID, u.ID, sess.ExpiresAt)
		}
		told = sess.ExpiresAt
		return nil
	}
	return &call{
		name: "RefreshSession", kind: needsWrite, do: do,
		after: func(ctx context.Context, _ error) error {
			var expires time.Time
			if err := s.one(ctx, `SELECT "expiresAt" FROM session WHERE token = $1`, []any{token}, &expires); err != nil {
				return err
			}
			return same("the end of the session", expires.UTC(), told)
		},
	}
}

// refreshSessions prolongs one that is due once: who asks again is told nothing.
func (s *subject) refreshSessions(t *testing.T, tag string) *call {
	t.Helper()
	id := tag + "_refreshed_by_id"
	began := time.Now()
	s.addUser(t, id, began.Add(time.Hour))
	return &call{
		name: "RefreshSessions", kind: needsWrite,
		do: func(ctx context.Context) error {
			refreshed, err := s.db().RefreshSessions(ctx, []string{"session-" + id, "none"})
			if err != nil {
				return err
			}
			if len(refreshed) > 1 || len(refreshed) == 1 && refreshed[0] != "session-"+id {
				return wrongf("prolonged %q", refreshed)
			}
			return nil
		},
		after: func(ctx context.Context, _ error) error {
			var expires time.Time
			if err := s.one(ctx, `SELECT "expiresAt" FROM session WHERE id = $1`, []any{"session-" + id}, &expires); err != nil {
				return err
			}
			if expires.Before(began.Add(6 * 24 * time.Hour)) {
				return wrongf("the session ends at %s", expires)
			}
			return nil
		},
	}
}

func (s *subject) setGameAccount(t *testing.T, tag string) *call {
	t.Helper()
	id := tag + "_account"
	s.addUser(t, id, time.Now().Add(time.Hour))
	older, newer := store.GameAccount{UserID: id, PasswordHash: "old"}, store.GameAccount{UserID: id, PasswordHash: "new", LoopbackOnly: true}
	if err := s.db().SetGameAccount(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	stored := func(ctx context.Context) (a store.GameAccount, err error) {
		a.UserID = id
		err = s.one(ctx, `SELECT password_hash, loopback_only FROM game.account WHERE user_id = $1`, []any{id}, &a.PasswordHash, &a.LoopbackOnly)
		return a, err
	}
	do := func(ctx context.Context) error { return s.db().SetGameAccount(ctx, newer) }
	return &call{
		name: "SetGameAccount", kind: needsWrite, do: do,
		again: func(ctx context.Context, first error) error {
			if got, err := stored(ctx); err != nil {
				return err
			} else if got != newer && (got != older || first == nil) {
				return wrongf("stored %+v", got)
			}
			return do(ctx)
		},
		after: func(ctx context.Context, _ error) error {
			got, err := stored(ctx)
			if err != nil {
				return err
			}
			return same("the account", got, newer)
		},
	}
}

func (s *subject) characterWrites(t *testing.T, tag string) []*call {
	t.Helper()
	id := tag + "_characters"
	s.addUser(t, id, time.Now().Add(time.Hour)) // or the sweep takes the characters for those of a user who is gone
	deleted, restored := s.addCharacter(t, id, tag+"Deleted"), s.addCharacter(t, id, tag+"Restored")
	saved := []store.CharacterID{s.addCharacter(t, id, tag+"SavedA"), s.addCharacter(t, id, tag+"SavedB")}
	if _, err := s.db().DeleteCharacter(t.Context(), restored, id); err != nil {
		t.Fatal(err)
	}
	// row checks what is stored of a character.
	row := func(ctx context.Context, ch store.CharacterID, version, money int64, marked bool) error {
		var v, m int64
		var mark bool
		if err := s.one(ctx, `SELECT version, money, delete_at IS NOT NULL FROM game.character WHERE id = $1`, []any{int64(ch)}, &v, &m, &mark); err != nil {
			return err
		}
		return same("version, money and mark of the character", []any{v, m, mark}, []any{version, money, marked})
	}
	var made store.CharacterID
	create := func(ctx context.Context) error {
		c, err := s.db().CreateCharacter(ctx, store.NewCharacter{UserID: id, Name: tag + "Created", Key: "created", State: state(7)})
		switch {
		case err != nil:
			return err
		case c.Name != tag+"Created" || c.State != state(7) || made != 0 && c.ID != made:
			return wrongf("made %+v, and before %s", c, made)
		}
		made = c.ID
		return nil
	}
	var finalAt time.Time
	del := func(ctx context.Context) error {
		at, err := s.db().DeleteCharacter(ctx, deleted, id)
		if err == nil {
			finalAt = at
		}
		return err
	}
	restore := func(ctx context.Context) error {
		_, err := s.db().RestoreCharacter(ctx, restored, id)
		return err
	}
	save := func(ctx context.Context) error {
		results, err := s.db().SaveCharacters(ctx, []store.CharacterSave{
			{ID: saved[0], Version: 1, Key: "saved", State: state(7)},
			{ID: saved[1], Version: 1, Key: "saved", State: state(7)},
		})
		if err != nil {
			return err
		}
		return same("the results", results, []store.SaveResult{{Version: 2}, {Version: 2}})
	}
	return []*call{
		{name: "CreateCharacter", kind: needsWrite, do: create, after: func(ctx context.Context, _ error) error {
			var n int
			if err := s.one(ctx, `SELECT count(*) FROM game.character WHERE user_id = $1 AND create_key = 'created'`, []any{id}, &n); err != nil {
				return err
			}
			if n != 1 {
				return wrongf("made %d times", n)
			}
			return row(ctx, made, 1, 7, false)
		}},
		{
			name: "DeleteCharacter", kind: needsWrite, do: del,
			again: func(ctx context.Context, first error) error { return once(del(ctx), first, store.ErrAlreadyDeleted) },
			after: func(ctx context.Context, first error) error {
				var at time.Time
				if err := s.one(ctx, `SELECT delete_at FROM game.character WHERE id = $1`, []any{int64(deleted)}, &at); err != nil {
					return err
				}
				if first == nil && !at.Equal(finalAt) {
					return wrongf("final at %s, and told was %s", at, finalAt)
				}
				return row(ctx, deleted, 2, 1, true)
			},
		},
		{
			name: "RestoreCharacter", kind: needsWrite, do: restore,
			again: func(ctx context.Context, first error) error { return once(restore(ctx), first, store.ErrNotDeleted) },
			after: func(ctx context.Context, _ error) error { return row(ctx, restored, 3, 1, false) },
		},
		{
			name: "SaveCharacters", kind: needsWrite, do: save,
			again: func(ctx context.Context, first error) error {
				var versions, highest int64
				if err := s.one(ctx, `SELECT count(DISTINCT version), max(version) FROM game.character WHERE id IN ($1, $2)`,
					[]any{int64(saved[0]), int64(saved[1])}, &versions, &highest); err != nil {
					return err
				}
				if versions != 1 || first == nil && highest != 2 {
					return wrongf("one of two characters saved together was, or none after an OK")
				}
				return save(ctx)
			},
			after: func(ctx context.Context, _ error) error {
				return errors.Join(row(ctx, saved[0], 2, 7, false), row(ctx, saved[1], 2, 7, false))
			},
		},
	}
}

func (s *subject) ticketWrites(t *testing.T, tag string) []*call {
	t.Helper()
	id := tag + "_tickets"
	ticket := func(name string) store.Ticket {
		return store.Ticket{Digest: store.DigestOf(tag + name), UserID: id, SessionID: "session of " + id, Address: "203.0.113.7"}
	}
	made, redeemed := ticket("made"), ticket("redeemed")
	if _, err := s.db().CreateTicket(t.Context(), redeemed, store.MaxTicketLifetime); err != nil {
		t.Fatal(err)
	}
	count := func(ctx context.Context, tk store.Ticket) (n int, err error) {
		err = s.one(ctx, `SELECT count(*) FROM game.ticket WHERE digest = $1 AND user_id = $2 AND session_id = $3 AND address = $4`,
			[]any{tk.Digest[:], tk.UserID, tk.SessionID, tk.Address}, &n)
		return n, err
	}
	create := func(ctx context.Context) error {
		_, err := s.db().CreateTicket(ctx, made, store.MaxTicketLifetime)
		return err
	}
	redeem := func(ctx context.Context) error {
		got, err := s.db().RedeemTicket(ctx, redeemed.Digest, redeemed.Address)
		if err != nil {
			return err
		}
		return same("whose ticket it is", []string{got.UserID, got.SessionID}, []string{redeemed.UserID, redeemed.SessionID})
	}
	holds := func(tk store.Ticket, want int) func(context.Context, error) error {
		return func(ctx context.Context, _ error) error {
			n, err := count(ctx, tk)
			if err != nil {
				return err
			}
			return same("how often the ticket is there", n, want)
		}
	}
	return []*call{
		{
			name: "CreateTicket", kind: needsWrite, do: create, after: holds(made, 1),
			again: func(ctx context.Context, first error) error {
				return once(create(ctx), first, errs.Invalid("digest", ""))
			},
		},
		{
			name: "RedeemTicket", kind: needsWrite, do: redeem, after: holds(redeemed, 0),
			again: func(ctx context.Context, first error) error {
				return once(redeem(ctx), first, store.ErrTicketInvalid)
			},
		},
	}
}

// tokenOf is a token that no other play record uses.
func tokenOf(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return h.Sum32() | 1
}

func (s *subject) playWrites(t *testing.T, tag string) []*call {
	t.Helper()
	record := func(name string) store.NewPlay {
		return store.NewPlay{UserID: tag + "_play_" + name, SessionID: "session", Digest: store.DigestOf(tag + name), Address: "203.0.113.7"}
	}
	// A dead record of a user who is not there would be removed by the sweep.
	for _, name := range []string{"begun", "handed", "admitted", "renewed", "ended", "over"} {
		s.addUser(t, record(name).UserID, time.Now().Add(time.Hour))
	}
	begin := func(name string) store.PlayRef {
		p, err := s.db().BeginPlay(t.Context(), record(name))
		if err != nil {
			t.Fatal(err)
		}
		return p.Ref()
	}
	handed, admitted, renewed, ended := begin("handed"), begin("admitted"), begin("renewed"), begin("ended")
	over := begin("over")
	if err := s.db().EndPlay(t.Context(), over); err != nil {
		t.Fatal(err)
	}
	// The leases must not run out while the fault lasts; one has already.
	s.exec(t, `UPDATE game.play SET lease_expires_at = now() + interval '1 hour' WHERE user_id LIKE $1 || '_play_%'`, tag)
	s.exec(t, `UPDATE game.play SET lease_expires_at = now() - interval '1 minute' WHERE play_id = $1`, renewed.ID)
	passage, used := tokenOf(tag+"handed"), tokenOf(tag+"admitted")
	if _, err := s.db().HandOverPlay(t.Context(), store.HandOver{PlayRef: admitted, Stage: store.StageWorld, Token: used}); err != nil {
		t.Fatal(err)
	}
	// holds checks what is stored of a record.
	holds := func(name, condition string, args ...any) func(context.Context, error) error {
		return func(ctx context.Context, _ error) error {
			var ok bool
			if err := s.one(ctx, `SELECT `+condition+` FROM game.play WHERE user_id = $1`, append([]any{record(name).UserID}, args...), &ok); err != nil {
				return err
			}
			if !ok {
				return wrongf("the record is not one with %s", condition)
			}
			return nil
		}
	}
	var attempts, highest atomic.Int64
	begun := func(ctx context.Context) error {
		n := attempts.Add(1)
		p, err := s.db().BeginPlay(ctx, record("begun"))
		switch {
		case errors.Is(err, store.ErrPlayClosing) && n > 1:
			return nil // the record of an earlier attempt lives, and is marked as closing
		case err != nil:
			return err
		case p.UserID != record("begun").UserID || p.Generation <= highest.Load() || p.Generation > n:
			return wrongf("attempt %d began %+v after generation %d", n, p, highest.Load())
		}
		highest.Store(p.Generation)
		return nil
	}
	handOver := func(ctx context.Context) error {
		_, err := s.db().HandOverPlay(ctx, store.HandOver{PlayRef: handed, Stage: store.StageWorld, Token: passage})
		return err
	}
	admit := func(ctx context.Context) error {
		p, err := s.db().AdmitPlay(ctx, used, record("admitted").Digest, store.StageWorld)
		if err != nil {
			return err
		}
		return same("the record", []any{p.Ref(), p.Stage}, []any{admitted, store.StageWorld})
	}
	renew := func(ctx context.Context) error {
		plays, err := s.db().RenewPlays(ctx, []store.PlayRef{renewed, {ID: "none", Generation: 1}})
		switch {
		case err != nil:
			return err
		case len(plays) != 2 || plays[0] == nil || plays[0].Ref() != renewed || plays[1] != nil:
			return wrongf("renewed %v of a record and none", plays)
		}
		return nil
	}
	return []*call{
		{name: "BeginPlay", kind: needsWrite, do: begun, after: func(ctx context.Context, _ error) error {
			return holds("begun", "generation BETWEEN $2::bigint AND $3::bigint AND play_id IS NOT NULL AND stage = 1 AND session_id = 'session'",
				highest.Load(), attempts.Load())(ctx, nil)
		}},
		{name: "HandOverPlay", kind: needsWrite, do: handOver, after: holds("handed", "next_token = $2::bigint AND next_stage = 2 AND generation = 1", int64(passage))},
		{
			name: "AdmitPlay", kind: needsWrite, do: admit, after: holds("admitted", "stage = 2 AND next_token IS NULL AND generation = 1"),
			again: func(ctx context.Context, first error) error { return once(admit(ctx), first, store.ErrJoinRefused) },
		},
		{name: "RenewPlays", kind: needsWrite, do: renew, after: holds("renewed", "lease_expires_at > now() - interval '1 minute' AND play_id IS NOT NULL")},
		{
			name: "EndPlay", kind: needsWrite, do: func(ctx context.Context) error { return s.db().EndPlay(ctx, ended) },
			after: holds("ended", "play_id IS NULL AND generation = 1"),
		},
		{name: "GetEndedPlay", kind: needsRead, do: func(ctx context.Context) error {
			p, err := s.db().EndedPlay(ctx, record("over").Digest, record("over").Address)
			if err != nil {
				return err
			}
			return same("the record", []any{p.UserID, p.Generation}, []any{record("over").UserID, over.Generation})
		}},
	}
}
