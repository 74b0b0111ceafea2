package cached_test

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// rename changes the name of u1 as the website would.
func (b bench) rename(name string) uint64 {
	return b.rows.edit(func(r *rows) { r.users["u1"] = store.User{ID: "u1", Name: name, Username: "ada"} })
}

func (b bench) wantName(t testing.TB, want string) {
	t.Helper()
	if u := must[*store.User](t)(b.GetUser(testContext(t), "u1", store.Cached)); u.Name != want {
		t.Errorf("got the name %q, want %q", u.Name, want)
	}
}

// levels are the ways to set up a Store's cache.
func levels() map[string]func(*cached.Config) {
	return map[string]func(*cached.Config){
		"both": func(*cached.Config) {}, "near": nearOnly, "shared": sharedOnly,
	}
}

func TestAChangeThatIsToldIsSeen(t *testing.T) {
	t.Parallel()
	for name, level := range levels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, level)
			b.warm(t)
			b.tell(store.TableUser, store.OpUpdate, b.rename("Ada II"), "u1", "u1")
			b.wantName(t, "Ada II")
		})
	}
}

// warm fills all levels with u1.
func (b bench) warm(t testing.TB) {
	t.Helper()
	b.cache.with(func(m *memory) { clear(m.values) })
	must[*store.User](t)(b.GetUser(testContext(t), "u1", store.Fresh))
}

// An event may come before its commit is visible to others. What is read then
// is the truth of the moment, and must not be kept.
func TestAnEarlyEventKeepsTheOldRowOut(t *testing.T) {
	t.Parallel()
	for name, level := range levels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, level)
			b.warm(t)
			xid := b.rows.begin(func(r *rows) { r.users["u1"] = store.User{ID: "u1", Name: "Ada II"} })
			b.tell(store.TableUser, store.OpUpdate, xid, "u1", "u1")
			b.confirm() // the snapshot of the confirmation does not see it either
			b.wantName(t, "Ada")
			b.wantName(t, "Ada")
			b.rows.show(xid)
			b.wantName(t, "Ada II")
		})
	}
}

func TestAnEarlyEventOfARowThatAppears(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	nobody := func() {
		t.Helper()
		_, err := b.GetUser(ctx, "u3", store.Cached)
		wantErr(t, err, store.ErrUserNotFound)
		_, err = b.GetUserByUsername(ctx, "cyd", store.Cached)
		wantErr(t, err, store.ErrUserNotFound)
	}
	nobody()
	nobody()
	b.wantCalls(t, faultstore.ReadUser, 2) // it is remembered that there is none
	xid := b.rows.begin(func(r *rows) { r.users["u3"] = store.User{ID: "u3", Username: "cyd"} })
	b.tell(store.TableUser, store.OpInsert, xid, "u3", "u3")
	nobody()
	b.confirm()
	nobody()
	b.rows.show(xid)
	must[*store.User](t)(b.GetUser(ctx, "u3", store.Cached))
	must[*store.User](t)(b.GetUserByUsername(ctx, "cyd", store.Cached))
}

func TestARowThatAppearsEndsItsAbsence(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	_, err := b.GetUserByUsername(ctx, "cyd", store.Cached)
	wantErr(t, err, store.ErrUserNotFound)
	_, _, err = b.GetSession(ctx, "token-3", store.Cached)
	wantErr(t, err, store.ErrSessionNotFound)
	xid := b.rows.edit(func(r *rows) {
		r.users["u3"] = store.User{ID: "u3", Username: "cyd"}
		r.sessions["token-3"] = store.Session{ID: "s3", UserID: "u3", ExpiresAt: b.clock.Now()}
	})
	b.tell(store.TableUser, store.OpInsert, xid, "u3", "u3")
	b.tell(store.TableSession, store.OpInsert, xid, "s3", "u3")
	must[*store.User](t)(b.GetUserByUsername(ctx, "cyd", store.Cached))
	_, _, err = b.GetSession(ctx, "token-3", store.Cached)
	wantErr(t, err, nil)
}

// A replica that is behind, or was held up, puts its old row back into the
// shared cache: over one that another replica has put there, or alone.
func TestAnOldValueOfAnotherReplicaIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, sharedOnly)
	b.settle(t, 1, func() { b.warm(t) })
	old := map[string]held{}
	b.cache.with(func(m *memory) { maps.Copy(old, m.values) })
	b.tell(store.TableUser, store.OpUpdate, b.rename("Ada II"), "u1", "u1")
	b.cache.with(func(m *memory) { maps.Copy(m.values, old) })
	b.settle(t, 1, func() { b.wantName(t, "Ada II") })
	b.wantMetric(t, "waystone_cache_refused_total", 1)

	// The good value is there now, and used.
	b.wantName(t, "Ada II")
	b.wantCalls(t, faultstore.ReadUser, 2)
	// One that starts now does not know of the change, but was connected after it.
	c := b.replica(t, sharedOnly)
	c.wantName(t, "Ada II")
	c.wantCalls(t, faultstore.ReadUser, 0)
	b.cache.with(func(m *memory) { maps.Copy(m.values, old) })
	c.wantName(t, "Ada II")
	c.wantCalls(t, faultstore.ReadUser, 1)
}

func TestReplicasShareWhatTheyLoad(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.replica(t)
	b.settle(t, 1, func() { b.wantName(t, "Ada") })
	c.wantName(t, "Ada")
	c.wantName(t, "Ada")
	c.wantCalls(t, faultstore.ReadUser, 0)
}

// The same Redis may be used beside another database, or after the database was
// replaced by an older copy of itself, where ids of transactions come again.
func TestAnotherOriginsValuesAreNotUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.settle(t, 1, func() { b.wantName(t, "Ada") })
	c := b.replica(t)
	c.Reset("another", b.rows.snapshot())
	c.confirm()
	c.wantName(t, "Ada")
	c.wantCalls(t, faultstore.ReadUser, 1)
}

func TestWithoutConfirmationReadsGoToTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(c *cached.Config) { c.Lease = 200 * time.Millisecond })
		b.warm(t)
		time.Sleep(200*time.Millisecond - time.Nanosecond)
		b.wantName(t, "Ada")
		b.wantCalls(t, faultstore.ReadUser, 1)
		time.Sleep(time.Nanosecond)
		b.rename("Ada II") // and nobody tells
		b.wantName(t, "Ada II")
		if st := b.FeedStatus(); st.Open || !st.Connected || st.Lag != 200*time.Millisecond {
			t.Errorf("status %+v, want connected, closed, 200 ms behind", st)
		}
		b.confirm() // the feed tells before it confirms: it has forgotten nothing
		b.wantName(t, "Ada II")
		b.wantCalls(t, faultstore.ReadUser, 2) // what was loaded meanwhile is kept
	})
}

// The lease counts from when the feed was asked, not from when it answered.
func TestASlowConfirmationIsWorthLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(c *cached.Config) { c.Lease = 200 * time.Millisecond })
		b.warm(t)
		time.Sleep(time.Second)
		b.Confirmed(time.Now().Add(-150*time.Millisecond), b.rows.snapshot())
		b.wantName(t, "Ada")
		time.Sleep(50 * time.Millisecond)
		b.rename("Ada II")
		b.wantName(t, "Ada II")
	})
}

// Readers who come together share a load also while the feed is silent, but no
// load that is older than a moment.
func TestLoadsAreNotSharedForLongWhileTheFeedIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.Lost(errors.New("gone"))
		if st := b.FeedStatus(); st.Connected || st.Cause == nil || st.Open {
			t.Errorf("status %+v, want lost with its cause", st)
		}
		gate := faultstore.NewGate()
		b.faults.On(faultstore.ReadUser, faultstore.Times(1, gate.After))
		read := func() <-chan string {
			name := make(chan string, 1)
			go func() {
				u, err := b.GetUser(t.Context(), "u1", store.Cached)
				if err != nil {
					t.Error(err)
					u = &store.User{}
				}
				name <- u.Name
			}()
			return name
		}
		first := read()
		<-gate.Arrived
		second := read()
		synctest.Wait()
		b.wantCalls(t, faultstore.ReadUser, 1)
		time.Sleep(200 * time.Millisecond)
		b.rename("Ada II")
		if name := <-read(); name != "Ada II" {
			t.Errorf("a read joined a load from 200 ms before it, and got %q", name)
		}
		gate.Open()
		if a, b := <-first, <-second; a != "Ada" || b != "Ada" {
			t.Errorf("got %q and %q", a, b)
		}
	})
}

func TestAResetVoidsWhatWasRead(t *testing.T) {
	t.Parallel()
	for name, level := range levels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, level)
			b.warm(t)
			b.Lost(errors.New("gone"))
			b.rename("Ada II") // nobody tells
			b.connect()
			b.wantName(t, "Ada II")
		})
	}
}

// A load from before a Reset may have seen the row as it was before a change
// that nobody has told.
func TestALoadFromBeforeAResetIsNotKept(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t, nearOnly), testContext(t)
	b.rows.edit(func(r *rows) { r.plain = true }) // with snapshots the floor would see to it
	b.connect()
	gate := faultstore.NewGate()
	b.faults.On(faultstore.ReadUser, faultstore.Times(1, gate.After))
	early := make(chan error, 1)
	go func() {
		_, err := b.GetUser(ctx, "u1", store.Cached)
		early <- err
	}()
	<-gate.Arrived
	b.rename("Ada II")
	b.connect()
	gate.Open()
	wantErr(t, <-early, nil)
	b.wantName(t, "Ada II")
}

// The shared cache is asked before a Reset and answers after it, when what was
// remembered against its value has been forgotten.
func TestAResetWhileTheSharedCacheIsAsked(t *testing.T) {
	t.Parallel()
	b := setup(t, sharedOnly)
	b.settle(t, 1, func() { b.warm(t) })
	old := map[string]held{}
	b.cache.with(func(m *memory) { maps.Copy(old, m.values) })
	b.tell(store.TableUser, store.OpUpdate, b.rename("Ada II"), "u1", "u1")
	b.cache.with(func(m *memory) {
		maps.Copy(m.values, old)
		m.onGet = b.connect
	})
	b.wantName(t, "Ada II")
}

func TestManyRowsVoidAll(t *testing.T) {
	t.Parallel()
	for name, level := range levels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, level)
			b.warm(t)
			xid := b.rows.begin(func(r *rows) { r.users["u1"] = store.User{ID: "u1", Name: "Ada II"} })
			b.tell(store.TableUser, store.OpMany, xid, "", "")
			b.wantName(t, "Ada")
			b.rows.show(xid)
			b.wantName(t, "Ada II")
			calls := b.faults.Calls(faultstore.ReadUser)
			b.confirm()
			if name != "shared" { // there the fill may still be on its way
				b.wantName(t, "Ada II")
				b.wantCalls(t, faultstore.ReadUser, calls)
			}
		})
	}
}

// A replica that stood still for longer than anything is remembered.
func TestAValueOlderThanTheTTLIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, sharedOnly)
		b.warm(t)
		synctest.Wait()
		old := map[string]held{}
		b.cache.with(func(m *memory) { maps.Copy(old, m.values) })
		b.tell(store.TableUser, store.OpUpdate, b.rename("Ada II"), "u1", "u1")
		for range 40 { // more than two TTLs
			time.Sleep(ttl / 16)
			b.confirm()
		}
		b.wantMetric(t, "waystone_cache_marks", 0) // all forgotten
		b.cache.with(func(m *memory) { maps.Copy(m.values, old) })
		b.wantName(t, "Ada II")
	})
}

// More changes than are remembered one by one.
func TestTooManyChangesAreForgottenSafely(t *testing.T) {
	t.Parallel()
	b := setup(t, sharedOnly)
	b.settle(t, 1, func() { b.warm(t) })
	old := map[string]held{}
	b.cache.with(func(m *memory) { maps.Copy(old, m.values) })
	b.tell(store.TableUser, store.OpUpdate, b.rename("Ada II"), "u1", "u1")
	early := b.rows.begin(func(r *rows) { r.users["u2"] = store.User{ID: "u2", Name: "Ben II"} })
	b.tell(store.TableUser, store.OpUpdate, early, "u2", "u2")
	changes := make([]store.Change, cached.MaxMarks+1)
	xid := b.rows.edit(func(*rows) {})
	for i := range changes {
		changes[i] = store.Change{Table: store.TableUser, Op: store.OpUpdate, Xid: xid, ID: "x" + strconv.Itoa(i)}
	}
	b.Changed(changes)
	b.confirm()
	b.wantMetric(t, "waystone_cache_marks", 0)
	b.cache.with(func(m *memory) { maps.Copy(m.values, old) })
	b.wantName(t, "Ada II")
	user2 := func(want string) {
		t.Helper()
		if u := must[*store.User](t)(b.GetUser(testContext(t), "u2", store.Cached)); u.Name != want {
			t.Errorf("got %q, want %q", u.Name, want)
		}
	}
	user2("Ben") // not visible yet, and not to be kept
	b.rows.show(early)
	user2("Ben II")
}

func TestAListChangesWhenACharacterComesOrGoes(t *testing.T) {
	t.Parallel()
	for name, level := range levels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t, level), testContext(t)
			count := func(want int) {
				t.Helper()
				if l := must[[]*store.Character](t)(b.ListCharacters(ctx, "u1", true, store.Cached)); len(l) != want {
					t.Errorf("got %d characters, want %d", len(l), want)
				}
			}
			count(2)
			xid := b.rows.edit(func(r *rows) { r.characters[3] = store.Character{ID: 3, UserID: "u1", Slot: 2} })
			b.tell(store.TableCharacter, store.OpInsert, xid, "3", "u1")
			count(3)
			// Logical replication does not tell whose a deleted row was.
			xid = b.rows.edit(func(r *rows) { delete(r.characters, 3) })
			b.tell(store.TableCharacter, store.OpDelete, xid, "3", "")
			count(2)
		})
	}
}

func TestAConfirmationBeforeTheBeginningIsNone(t *testing.T) {
	t.Parallel()
	rows := newRows(time.Now)
	s, err := cached.New(faultstore.New(rows), cached.Config{NearBytes: nearBytes, TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.Confirmed(time.Now(), rows.snapshot())
	s.Changed([]store.Change{{Table: store.TableUser, Op: store.OpUpdate, Xid: 1, ID: "u1"}, {Table: 99, ID: "?"}})
	if st := s.FeedStatus(); st.Open || st.Connected {
		t.Errorf("status %+v", st)
	}
	if _, err := s.GetUser(context.Background(), "u1", store.Cached); !errors.Is(err, store.ErrUserNotFound) {
		t.Error(err)
	}
}
