package cached_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// writes are the writes of the contract that change what is cached, each with
// a look at what it changes.
func writes() map[faultstore.Method]struct {
	write func(ctx context.Context, b bench) error
	look  func(ctx context.Context, b bench) (any, error)
} {
	type rw = struct {
		write func(ctx context.Context, b bench) error
		look  func(ctx context.Context, b bench) (any, error)
	}
	character := func(ctx context.Context, b bench) (any, error) {
		c, err := b.GetCharacter(ctx, 1, store.Cached)
		if err != nil {
			return nil, err
		}
		return c.Version, nil
	}
	list := func(ctx context.Context, b bench) (any, error) {
		l, err := b.ListCharacters(ctx, "u1", true, store.Cached)
		var sum int64
		for _, c := range l {
			sum += c.Version
		}
		return sum, err
	}
	living := func(token string) func(ctx context.Context, b bench) (any, error) {
		return func(ctx context.Context, b bench) (any, error) {
			_, _, err := b.GetSession(ctx, token, store.Cached)
			if errors.Is(err, store.ErrSessionNotFound) {
				return false, nil
			}
			return true, err
		}
	}
	expiry := func(ctx context.Context, b bench) (any, error) {
		s, _, err := b.GetSession(ctx, "token-1", store.Cached)
		if err != nil {
			return nil, err
		}
		return s.ExpiresAt, nil
	}
	return map[faultstore.Method]rw{
		faultstore.CreateCharacter: {func(ctx context.Context, b bench) error {
			_, err := b.CreateCharacter(ctx, store.NewCharacter{UserID: "u1", Name: "New", Key: "k"})
			return err
		}, list},
		faultstore.DeleteCharacter: {func(ctx context.Context, b bench) error {
			_, err := b.DeleteCharacter(ctx, 1, "u1")
			return err
		}, character},
		faultstore.RestoreCharacter: {func(ctx context.Context, b bench) error {
			_, err := b.RestoreCharacter(ctx, 1, "u1")
			return err
		}, list},
		faultstore.SaveCharacters: {func(ctx context.Context, b bench) error {
			_, err := b.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, Version: 1, Key: "k"}})
			return err
		}, list},
		faultstore.CreateSession: {func(ctx context.Context, b bench) error {
			_, _, err := b.CreateSession(ctx, store.NewSession{UserID: "u1", Token: "token-2", Lifetime: time.Hour})
			return err
		}, living("token-2")},
		faultstore.RevokeSession: {func(ctx context.Context, b bench) error { return b.RevokeSession(ctx, "token-1") }, living("token-1")},
		faultstore.RefreshSession: {func(ctx context.Context, b bench) error {
			_, _, err := b.RefreshSession(ctx, "token-1")
			return err
		}, expiry},
		faultstore.RefreshSessions: {func(ctx context.Context, b bench) error {
			_, err := b.RefreshSessions(ctx, []string{"s1"})
			return err
		}, expiry},
	}
}

// changed checks that a look sees something else than before.
func changed(t *testing.T, before any, look func(context.Context, bench) (any, error), b bench) {
	t.Helper()
	after, err := look(testContext(t), b)
	if err != nil {
		t.Fatal(err)
	}
	if after == before {
		t.Errorf("got %v, as before the write", after)
	}
}

func TestOwnWritesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	for m, w := range writes() {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), testContext(t)
			before := must[any](t)(w.look(ctx, b))
			wantErr(t, w.write(ctx, b), nil)
			changed(t, before, w.look, b)
		})
	}
}

func TestAWriteWhoseAnswerIsLostEvictsToo(t *testing.T) {
	t.Parallel()
	for m, w := range writes() {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), testContext(t)
			before := must[any](t)(w.look(ctx, b))
			b.faults.On(m, faultstore.Lose(store.ErrUnavailable))
			wantErr(t, w.write(ctx, b), store.ErrUnavailable)
			changed(t, before, w.look, b)
		})
	}
}

// A load that has the old row in its hands when the row is written must
// neither enter the cache afterwards nor answer those who come after the write.
func TestALoadFromBeforeAWriteIsKeptOut(t *testing.T) {
	t.Parallel()
	reads := map[faultstore.Method]faultstore.Method{
		faultstore.CreateCharacter:  faultstore.ReadCharacters,
		faultstore.DeleteCharacter:  faultstore.ReadCharacter,
		faultstore.RestoreCharacter: faultstore.ReadCharacters,
		faultstore.SaveCharacters:   faultstore.ReadCharacters,
		faultstore.RefreshSession:   faultstore.ReadSession,
		faultstore.RefreshSessions:  faultstore.ReadSession,
		faultstore.CreateSession:    faultstore.ReadSession,
		faultstore.RevokeSession:    faultstore.ReadSession,
	}
	for m, w := range writes() {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, ctx := setup(t), t.Context()
				gate := faultstore.NewGate()
				b.faults.On(reads[m], faultstore.Times(1, gate.After))
				type result struct {
					v   any
					err error
				}
				look := func() <-chan result {
					ch := make(chan result, 1)
					go func() {
						v, err := w.look(ctx, b)
						ch <- result{v, err}
					}()
					return ch
				}
				early := look()
				<-gate.Arrived
				wantErr(t, w.write(ctx, b), nil)
				late := look()
				synctest.Wait() // late has ended, or has joined early's load
				gate.Open()
				before, after := <-early, <-late
				wantErr(t, before.err, nil)
				wantErr(t, after.err, nil)
				if before.v == after.v {
					t.Errorf("a read after the write got %v, from before it", after.v)
				}
				changed(t, before.v, w.look, b)
			})
		})
	}
}

func TestAReadAfterAWriteDoesNotWaitForALoadFromBefore(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	gate := faultstore.NewGate()
	b.faults.On(faultstore.ReadCharacter, faultstore.Times(1, gate.After))
	early := make(chan error, 1)
	go func() {
		_, err := b.GetCharacter(ctx, 1, store.Cached)
		early <- err
	}()
	<-gate.Arrived
	must[[]store.SaveResult](t)(b.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, Key: "k"}}))
	if c := must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Cached)); c.Version != 2 {
		t.Errorf("got version %d, want 2", c.Version)
	}
	gate.Open()
	wantErr(t, <-early, nil)
}

func TestAnOlderLoadDoesNotOverwriteAFreshOne(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	gate := faultstore.NewGate()
	b.faults.On(faultstore.ReadUser, faultstore.Times(1, gate.After))
	old := make(chan *store.User, 1)
	go func() {
		u, _ := b.GetUser(ctx, "u1", store.Cached)
		old <- u
	}()
	<-gate.Arrived
	b.rows.edit(func(r *rows) { r.users["u1"] = store.User{ID: "u1", Name: "new"} })
	if u := must[*store.User](t)(b.GetUser(ctx, "u1", store.Fresh)); u.Name != "new" {
		t.Errorf("fresh joined a load from before it: got %q", u.Name)
	}
	gate.Open()
	<-old
	if u := must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached)); u.Name != "new" {
		t.Errorf("got %q: the older load overwrote the newer", u.Name)
	}
	b.wantCalls(t, faultstore.ReadUser, 2)
}

// Another replica that read before the write may store what it has at any time
// after it.
func TestAValueThatArrivesLateIsNotUsed(t *testing.T) {
	t.Parallel()
	for m, w := range writes() {
		if m == faultstore.CreateSession {
			continue // that there is no session is not shared
		}
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t, sharedOnly), testContext(t)
			fills := map[faultstore.Method]int{faultstore.RefreshSession: 3, faultstore.DeleteCharacter: 1}[m]
			if fills == 0 {
				fills = 3
			}
			var before any
			b.settle(t, fills, func() { before = must[any](t)(w.look(ctx, b)) })
			old := map[string]held{}
			b.cache.with(func(m *memory) { maps.Copy(old, m.values) })
			wantErr(t, w.write(ctx, b), nil)
			late := func() { b.cache.with(func(m *memory) { maps.Copy(m.values, old) }) }
			late()
			changed(t, before, w.look, b) // the feed has not told of it yet

			// The feed tells, is confirmed, and the old value comes again.
			xid := b.rows.next - 1
			b.tell(store.TableCharacter, store.OpUpdate, xid, "1", "u1")
			b.tell(store.TableCharacter, store.OpInsert, xid, "3", "u1")
			b.tell(store.TableSession, store.OpUpdate, xid, "s1", "u1")
			b.confirm()
			late()
			changed(t, before, w.look, b)
		})
	}
}

func TestSaveOfAFullBatch(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	saves := make([]store.CharacterSave, store.MaxBatch)
	for i := range saves {
		saves[i] = store.CharacterSave{ID: store.CharacterID(i + 1), Key: strings.Repeat("k", 64)}
	}
	results := must[[]store.SaveResult](t)(b.SaveCharacters(ctx, saves))
	if results[0].Version != 2 || results[2].Err == nil {
		t.Errorf("results are not the store's: %+v, %+v", results[0], results[2])
	}
}
