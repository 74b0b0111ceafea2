package cached_test

import (
	"context"
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
		faultstore.RefreshSession: {func(ctx context.Context, b bench) error {
			_, _, err := b.RefreshSession(ctx, "token-1")
			return err
		}, func(ctx context.Context, b bench) (any, error) {
			s, _, err := b.GetSession(ctx, "token-1", store.Cached)
			if err != nil {
				return nil, err
			}
			return s.ExpiresAt, nil
		}},
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

func TestOwnWritesAreSeenAlthoughTheCacheCannotBeReached(t *testing.T) {
	t.Parallel()
	for m, w := range writes() {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), testContext(t)
			before := must[any](t)(w.look(ctx, b))
			b.cache.with(func(m *memory) { m.failDel = true })
			wantErr(t, w.write(ctx, b), nil)
			b.cache.with(func(m *memory) { m.failDel = false })
			changed(t, before, w.look, b)
		})
	}
}

// A load that has the old row in its hands when the row is written must
// neither enter the cache afterwards nor answer those who come after the write.
func TestALoadFromBeforeAWriteIsKeptOut(t *testing.T) {
	t.Parallel()
	reads := map[faultstore.Method]faultstore.Method{
		faultstore.CreateCharacter:  faultstore.ListCharacters,
		faultstore.DeleteCharacter:  faultstore.GetCharacter,
		faultstore.RestoreCharacter: faultstore.ListCharacters,
		faultstore.SaveCharacters:   faultstore.ListCharacters,
		faultstore.RefreshSession:   faultstore.GetSession,
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
	b.faults.On(faultstore.GetCharacter, faultstore.Times(1, gate.After))
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

func TestAnEvictionWaitsForAValueOnItsWay(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	before := must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Fresh))
	// The row is written while the old record is on its way into the cache.
	gate, wrote, deleting := faultstore.NewGate(), make(chan error, 1), make(chan struct{})
	b.faults.On(faultstore.SaveCharacters, gate.After)
	b.cache.with(func(m *memory) {
		m.onDel = func() { close(deleting) }
		m.onSet = func(string) {
			go func() {
				_, err := b.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, Key: "k"}})
				wrote <- err
			}()
			<-gate.Arrived
			gate.Open()
			select {
			case <-deleting:
				t.Error("the eviction overtook the value")
			case <-time.After(20 * time.Millisecond): // for an eviction that does not wait
			}
		}
	})
	must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Fresh))
	wantErr(t, <-wrote, nil)
	if c := must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Cached)); c.Version == before.Version {
		t.Error("the old record is back in the cache")
	}
}

func TestAnOlderLoadDoesNotOverwriteAFreshOne(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	gate := faultstore.NewGate()
	b.faults.On(faultstore.GetUser, faultstore.Times(1, gate.After))
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
	b.wantCalls(t, faultstore.GetUser, 2)
}

// A read that found the old record while it was being evicted is under way
// when the write answers: those who come afterwards must not join it.
func TestNobodyJoinsAReadFromDuringAnEviction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		ctx := t.Context()
		before := must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Cached))
		read := func() <-chan int64 {
			ch := make(chan int64, 1)
			go func() {
				c, err := b.GetCharacter(ctx, 1, store.Cached)
				if err != nil {
					t.Error(err)
					c = before
				}
				ch <- c.Version
			}()
			return ch
		}
		hold := make(chan struct{})
		var early <-chan int64
		b.cache.with(func(m *memory) {
			m.onDel = func() {
				// Its first look fails; its second finds the old record and is held
				// with it.
				b.cache.with(func(m *memory) {
					m.failGet = true
					m.onGet = func(string) {
						b.cache.with(func(m *memory) {
							m.failGet = false
							m.onGet = func(string) { <-hold }
						})
					}
				})
				early = read()
				synctest.Wait()
			}
		})
		must[[]store.SaveResult](t)(b.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, Key: "k"}}))
		late := read()
		synctest.Wait()
		close(hold)
		if v := <-early; v != before.Version {
			t.Errorf("the early read got version %d, want the old %d: the test does not hold it where it should", v, before.Version)
		}
		if v := <-late; v == before.Version {
			t.Error("a read after the write got the old record")
		}
	})
}

// A Set that fails may take effect afterwards, when the record is old.
func TestAValueThatArrivesLateIsNotUsed(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	before := must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Fresh))
	old := b.cache.values["character:1"]
	b.cache.with(func(m *memory) { clear(m.values); m.failSet = true })
	must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Cached))
	must[[]store.SaveResult](t)(b.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, Key: "k"}}))
	b.cache.with(func(m *memory) { m.values["character:1"] = old })
	if c := must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Cached)); c.Version == before.Version {
		t.Error("got the old record")
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
