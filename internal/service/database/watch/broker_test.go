package watch_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/fakefeed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start returns a broker whose feed is connected.
func start(t testing.TB, cfg watch.Config) (*watch.Broker, *fakefeed.Feed) {
	t.Helper()
	b := watch.New(cfg)
	t.Cleanup(b.Close)
	feed := fakefeed.New(nil)
	feed.Attach(b)
	feed.Connect()
	return b, feed
}

func subscribe(t testing.TB, b *watch.Broker, cursor []byte) *watch.Subscription {
	t.Helper()
	s, err := b.Subscribe(cursor)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// next returns the next batch, which has to be there already.
func next(t testing.TB, s *watch.Subscription) watch.Batch {
	t.Helper()
	batch, err := s.Next(ended())
	if err != nil {
		t.Fatalf("no batch: %v", err)
	}
	return batch
}

// want takes the next batch, which must have a signal and these events.
func want(t testing.TB, s *watch.Subscription, signal watch.Signal, events ...store.Event) watch.Batch {
	t.Helper()
	batch := next(t, s)
	if batch.Signal != signal {
		t.Errorf("signal %d with %v, want %d", batch.Signal, batch.Events, signal)
	}
	if diff := cmp.Diff(events, batch.Events, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	return batch
}

// nothing asserts that no batch is there.
func nothing(t testing.TB, s *watch.Subscription) {
	t.Helper()
	if batch, err := s.Next(ended()); !errors.Is(err, context.Canceled) {
		t.Errorf("got signal %d, %v, error %v; want nothing", batch.Signal, batch.Events, err)
	}
}

// ended is a context that lets Next give only what is there.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func revoke(id string) store.Change {
	return store.Change{Table: store.TableSession, Op: store.OpDelete, ID: id}
}

func revoked(ids ...string) []store.Event {
	events := make([]store.Event, 0, len(ids))
	for _, id := range ids {
		events = append(events, store.Event{Kind: store.SessionRevoked, SessionID: id})
	}
	return events
}

func many(table store.Table) store.Change { return store.Change{Table: table, Op: store.OpMany} }

func TestWhatAChangeMeans(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	past, later := now.Add(-time.Millisecond), now.Add(time.Hour)
	yes, no := true, false
	session := func(op store.Op, expires time.Time) store.Change {
		return store.Change{Table: store.TableSession, Op: op, ID: "s", UserID: "u", ExpiresAt: expires}
	}
	user := func(op store.Op, banned bool, until time.Time, was *bool) store.Change {
		return store.Change{Table: store.TableUser, Op: op, ID: "u", UserID: "u", Banned: banned, BanExpiresAt: until, WasBanned: was}
	}
	account := func(op store.Op, userID string, credential bool) store.Change {
		return store.Change{Table: store.TableAccount, Op: op, ID: "a", UserID: userID, Credential: credential}
	}
	ev := func(e store.Event) []store.Event { return []store.Event{e} }
	type changes = []store.Change
	for name, c := range map[string]struct {
		changes changes // all but the last come before, for what is remembered
		want    []store.Event
	}{
		"session made":                   {changes{session(store.OpInsert, later)}, ev(store.Event{Kind: store.SessionChanged, SessionID: "s", UserID: "u", ExpiresAt: later})},
		"session prolonged":              {changes{session(store.OpUpdate, later)}, ev(store.Event{Kind: store.SessionChanged, SessionID: "s", UserID: "u", ExpiresAt: later})},
		"session at its very end":        {changes{session(store.OpUpdate, now)}, ev(store.Event{Kind: store.SessionChanged, SessionID: "s", UserID: "u", ExpiresAt: now})},
		"session ended by its time":      {changes{session(store.OpUpdate, past)}, ev(store.Event{Kind: store.SessionExpired, SessionID: "s", UserID: "u", ExpiresAt: past})},
		"session deleted":                {changes{session(store.OpDelete, time.Time{})}, ev(store.Event{Kind: store.SessionRevoked, SessionID: "s", UserID: "u"})},
		"session deleted, user unknown":  {changes{revoke("s")}, revoked("s")},
		"user made":                      {changes{user(store.OpInsert, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserChanged, UserID: "u"})},
		"user made banned":               {changes{user(store.OpInsert, true, time.Time{}, nil)}, ev(store.Event{Kind: store.UserBanned, UserID: "u", Banned: true})},
		"user renamed":                   {changes{user(store.OpUpdate, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserChanged, UserID: "u"})},
		"banned for ever":                {changes{user(store.OpUpdate, true, time.Time{}, nil)}, ev(store.Event{Kind: store.UserBanned, UserID: "u", Banned: true})},
		"banned for a time":              {changes{user(store.OpUpdate, true, later, nil)}, ev(store.Event{Kind: store.UserBanned, UserID: "u", Banned: true, BanExpiresAt: later})},
		"banned to this very instant":    {changes{user(store.OpUpdate, true, now, nil)}, ev(store.Event{Kind: store.UserBanned, UserID: "u", Banned: true, BanExpiresAt: now})},
		"a ban that is over":             {changes{user(store.OpUpdate, true, past, nil)}, ev(store.Event{Kind: store.UserChanged, UserID: "u", Banned: true, BanExpiresAt: past})},
		"unbanned, as the feed knows":    {changes{user(store.OpUpdate, false, time.Time{}, &yes)}, ev(store.Event{Kind: store.UserUnbanned, UserID: "u"})},
		"unbanned, as remembered":        {changes{user(store.OpUpdate, true, time.Time{}, nil), user(store.OpUpdate, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserUnbanned, UserID: "u"})},
		"unbanned only once":             {changes{user(store.OpUpdate, true, time.Time{}, nil), user(store.OpUpdate, false, time.Time{}, nil), user(store.OpUpdate, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserChanged, UserID: "u"})},
		"the feed knows better":          {changes{user(store.OpUpdate, true, time.Time{}, nil), user(store.OpUpdate, false, time.Time{}, &no)}, ev(store.Event{Kind: store.UserChanged, UserID: "u"})},
		"forgotten with many":            {changes{user(store.OpUpdate, true, time.Time{}, nil), many(store.TableUser), user(store.OpUpdate, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserChanged, UserID: "u"})},
		"remembered beside many others":  {changes{user(store.OpUpdate, true, time.Time{}, nil), many(store.TableSession), user(store.OpUpdate, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserUnbanned, UserID: "u"})},
		"user deleted":                   {changes{user(store.OpDelete, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserDeleted, UserID: "u"})},
		"user deleted and made again":    {changes{user(store.OpUpdate, true, time.Time{}, nil), user(store.OpDelete, false, time.Time{}, nil), user(store.OpUpdate, false, time.Time{}, nil)}, ev(store.Event{Kind: store.UserChanged, UserID: "u"})},
		"password changed":               {changes{account(store.OpUpdate, "u", true)}, ev(store.Event{Kind: store.PasswordChanged, UserID: "u"})},
		"account deleted, whose unknown": {changes{account(store.OpDelete, "", true)}, ev(store.Event{Kind: store.PasswordChanged})},
		"first password":                 {changes{account(store.OpInsert, "u", true)}, nil},
		"an account without password":    {changes{account(store.OpUpdate, "u", false)}, nil},
		"a character":                    {changes{{Table: store.TableCharacter, Op: store.OpUpdate, ID: "7", UserID: "u"}}, nil},
		"many characters":                {changes{many(store.TableCharacter)}, nil},
		"an id that is not UTF-8":        {changes{revoke("s\xff")}, revoked("s\uFFFD")},
		"an id that nobody can hold":     {changes{revoke(string(bytes.Repeat([]byte("s"), 513)))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, feed := start(t, watch.Config{Now: func() time.Time { return now }})
			last := len(c.changes) - 1
			for _, before := range c.changes[:last] {
				feed.Commit(before)
			}
			feed.Confirm()
			s := subscribe(t, b, nil)
			want(t, s, watch.Here)
			feed.Commit(c.changes[last])
			feed.Confirm()
			if c.want == nil {
				nothing(t, s)
			} else {
				want(t, s, watch.Events, c.want...)
			}
		})
	}
}

func TestWhoIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	const buffer = 8
	b, feed := start(t, watch.Config{Buffer: buffer})
	user := func(i int, banned bool) store.Change {
		return store.Change{Table: store.TableUser, Op: store.OpUpdate, ID: strconv.Itoa(i), Banned: banned}
	}
	for i := range 2 * buffer {
		feed.Commit(user(i, true))
	}
	feed.Confirm()
	unbanned := 0
	for i := range 2 * buffer {
		s := subscribe(t, b, nil)
		want(t, s, watch.Here)
		feed.Commit(user(i, false))
		feed.Confirm()
		switch kind := next(t, s).Events[0].Kind; kind {
		case store.UserUnbanned:
			unbanned++
		case store.UserChanged:
		default:
			t.Fatalf("an unban is told as kind %d", kind)
		}
	}
	if unbanned != buffer {
		t.Errorf("%d users were remembered, want %d", unbanned, buffer)
	}
}

func TestEventsComeInOrderAndBatches(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{})
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	var changes []store.Change
	var ids []string
	for i := range watch.MaxEvents + 2 {
		ids = append(ids, strconv.Itoa(i))
		changes = append(changes, revoke(ids[i]))
	}
	feed.Commit(changes[0])
	feed.Commit(changes[1:]...)
	want(t, s, watch.Events, revoked(ids[:watch.MaxEvents]...)...)
	want(t, s, watch.Events, revoked(ids[watch.MaxEvents:]...)...)
	nothing(t, s)
}

func TestACursorGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{})
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	feed.Commit(revoke("1"))
	cursor := want(t, s, watch.Events, revoked("1")...).Cursor
	feed.Commit(revoke("2"))
	want(t, s, watch.Events, revoked("2")...) // the watcher dies before it handles it
	feed.Commit(revoke("3"))

	s = subscribe(t, b, cursor)
	if batch := want(t, s, watch.Here); !bytes.Equal(batch.Cursor, cursor) {
		t.Errorf("it goes on at %x, want %x", batch.Cursor, cursor)
	}
	want(t, s, watch.Events, revoked("2", "3")...)
	nothing(t, s)
}

func TestCursorsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{Buffer: 4})
	s := subscribe(t, b, nil)
	here := want(t, s, watch.Here).Cursor
	other, _ := start(t, watch.Config{})
	elsewhere := next(t, subscribe(t, other, nil)).Cursor
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		feed.Commit(revoke(id))
	}
	feed.Confirm()
	ahead := bytes.Clone(here)
	ahead[len(ahead)-1] = 100
	for name, cursor := range map[string][]byte{
		"of another replica": elsewhere,
		"too old":            here,
		"of no event yet":    ahead,
		"the highest":        append(bytes.Clone(here[:len(here)-8]), bytes.Repeat([]byte{0xff}, 8)...),
		"of a later version": append([]byte{2}, bytes.Repeat([]byte{7}, watch.MaxCursorLen-1)...),
	} {
		t.Run(name, func(t *testing.T) {
			s := subscribe(t, b, cursor)
			want(t, s, watch.Resync)
			feed.Commit(revoke(name))
			want(t, s, watch.Events, revoked(name)...)
			feed.Confirm()
		})
	}
}

func TestMalformedCursors(t *testing.T) {
	t.Parallel()
	b, _ := start(t, watch.Config{})
	good := next(t, subscribe(t, b, nil)).Cursor
	for name, cursor := range map[string][]byte{
		"one byte":     {1},
		"cut off":      good[:len(good)-1],
		"too much":     append(bytes.Clone(good), 0),
		"version zero": append([]byte{0}, good[1:]...),
		"huge":         bytes.Repeat([]byte{2}, watch.MaxCursorLen+1),
	} {
		if _, err := b.Subscribe(cursor); errs.KindOf(err) != errs.InvalidArgument || errs.Of(err).Field != "cursor" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoFallsBehindChecksAnew(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{Buffer: 4})
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	for _, id := range []string{"1", "2", "3", "4"} {
		feed.Commit(revoke(id))
	}
	want(t, s, watch.Events, revoked("1", "2", "3", "4")...) // just so
	for _, id := range []string{"5", "6", "7", "8", "9"} {
		feed.Commit(revoke(id))
	}
	feed.Confirm()
	want(t, s, watch.Resync)
	nothing(t, s)
	feed.Commit(revoke("10"))
	want(t, s, watch.Events, revoked("10")...)
}

// TestWhatCannotBeCheckedYetIsTold: a change that was told before a watcher
// came, but that its check cannot see yet, is told to it too.
func TestWhatCannotBeCheckedYetIsTold(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{Buffer: 4})
	feed.Commit(revoke("visible"))
	feed.Confirm()
	show := feed.CommitDark(revoke("dark"))
	feed.Commit(revoke("after"))
	feed.Confirm()
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	want(t, s, watch.Events, revoked("dark", "after")...)

	show() // but no confirmation has said so
	want(t, subscribe(t, b, nil), watch.Here)
	s = subscribe(t, b, nil)
	want(t, s, watch.Here)
	want(t, s, watch.Events, revoked("dark", "after")...)

	feed.Confirm()
	s = subscribe(t, b, nil)
	want(t, s, watch.Here)
	nothing(t, s)
}

func TestWithoutTransactionNumbersAllIsVisible(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{})
	feed.Tell(0, revoke("1"))
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	feed.Tell(0, many(store.TableSession))
	want(t, s, watch.Resync)
	feed.Tell(0, revoke("2"))
	want(t, s, watch.Events, revoked("2")...)
}

// TestNoBeginningBehindWhatIsGone: where the ring has lost what a check cannot
// see yet, nobody can begin without missing it.
func TestNoBeginningBehindWhatIsGone(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{Buffer: 4})
	goneOn := subscribe(t, b, nil)
	want(t, goneOn, watch.Here)
	show := feed.CommitDark(revoke("dark"))
	for _, id := range []string{"1", "2", "3", "4"} {
		feed.Commit(revoke(id))
		feed.Confirm()
	}
	for name, s := range map[string]*watch.Subscription{"a new watcher": subscribe(t, b, nil), "one that is behind": goneOn} {
		if _, err := s.Next(ended()); !errors.Is(err, store.ErrFeedUnavailable) {
			t.Errorf("%s: %v, want that it cannot begin", name, err)
		}
	}
	show()
	feed.Confirm()
	want(t, subscribe(t, b, nil), watch.Here)
}

func TestManyChangesSendToCheckOnceVisible(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{})
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	show := feed.CommitDark(revoke("1"), many(store.TableSession), many(store.TableUser), revoke("2"))
	want(t, s, watch.Events, revoked("1", "2")...)
	feed.Confirm()
	feed.Commit(revoke("3"))
	want(t, s, watch.Events, revoked("3")...)
	nothing(t, s) // who checked now would not see it
	late := subscribe(t, b, nil)
	want(t, late, watch.Here)
	want(t, late, watch.Events, revoked("1", "2", "3")...)

	show()
	dark := feed.CommitDark(revoke("4"))
	feed.Confirm()
	want(t, s, watch.Events, revoked("4")...)
	cursor := want(t, s, watch.Resync).Cursor
	want(t, s, watch.Events, revoked("4")...) // as the check may not have seen it
	nothing(t, s)
	want(t, late, watch.Events, revoked("4")...)
	want(t, late, watch.Resync)

	dark()
	feed.Confirm()
	again := subscribe(t, b, cursor)
	want(t, again, watch.Here)
	want(t, again, watch.Events, revoked("4")...)
	want(t, again, watch.Resync)
	nothing(t, again)
}

func TestALostFeedEndsEveryWatch(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{})
	s := subscribe(t, b, nil)
	cursor := want(t, s, watch.Here).Cursor
	feed.Commit(revoke("1"))
	feed.Lose(errors.New("connection reset"))
	_, err := s.Next(t.Context())
	if !errors.Is(err, store.ErrFeedUnavailable) || errs.Of(err).Cause.Error() != "connection reset" {
		t.Errorf("an open watch: %v", err)
	}
	if _, err := b.Subscribe(cursor); !errors.Is(err, store.ErrFeedUnavailable) {
		t.Errorf("a new watch: %v", err)
	}
	feed.Connect()
	want(t, subscribe(t, b, cursor), watch.Resync)
}

// TestAResetWithoutALossChecksAnew: also a watch that slept through the loss.
func TestAResetWithoutALossChecksAnew(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{})
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	feed.Commit(revoke("1"))
	feed.Connect()
	want(t, s, watch.Resync)
	feed.Commit(revoke("2"))
	want(t, s, watch.Events, revoked("2")...)
}

func TestNoWatchBeforeTheFeedConnects(t *testing.T) {
	t.Parallel()
	if _, err := watch.New(watch.Config{}).Subscribe(nil); !errors.Is(err, store.ErrFeedUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _ := start(t, watch.Config{})
		s := subscribe(t, b, nil)
		want(t, s, watch.Here)
		done := make(chan error)
		go func() {
			_, err := s.Next(t.Context())
			done <- err
		}()
		synctest.Wait()
		began := time.Now()
		b.Close()
		if err := <-done; !errors.Is(err, store.ErrWatchClosed) || time.Since(began) > 0 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if _, err := b.Subscribe(nil); !errors.Is(err, store.ErrWatchClosed) {
			t.Errorf("a new watch: %v", err)
		}
		b.Close() // again does no harm
	})
}

func TestTooManyWatchers(t *testing.T) {
	t.Parallel()
	b, _ := start(t, watch.Config{})
	first, err := b.Subscribe(nil)
	if err != nil {
		t.Fatal(err)
	}
	for range watch.MaxWatchers - 1 {
		subscribe(t, b, nil)
	}
	if _, err := b.Subscribe(nil); !errors.Is(err, store.ErrTooManyWatchers) {
		t.Errorf("one more: %v", err)
	}
	first.Close()
	want(t, subscribe(t, b, nil), watch.Here)
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, feed := start(t, watch.Config{})
		stop := feed.ConfirmEvery(50 * time.Millisecond)
		defer stop()
		s := subscribe(t, b, nil)
		cursor := want(t, s, watch.Here).Cursor
		for range 3 {
			began := time.Now()
			batch, err := s.Next(t.Context())
			if err != nil || batch.Signal != watch.Heartbeat || !bytes.Equal(batch.Cursor, cursor) {
				t.Fatalf("signal %d at %x, error %v", batch.Signal, batch.Cursor, err)
			}
			if took := time.Since(began); took != watch.HeartbeatEvery {
				t.Errorf("a heartbeat after %v, want %v", took, watch.HeartbeatEvery)
			}
			if batch.Lag > 50*time.Millisecond {
				t.Errorf("the lag of a confirmed feed is %v", batch.Lag)
			}
		}
	})
}

// TestAFeedThatHangsEndsEveryWatch: silence must mean that nothing happened.
func TestAFeedThatHangsEndsEveryWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, feed := start(t, watch.Config{})
		s := subscribe(t, b, nil)
		cursor := want(t, s, watch.Here).Cursor
		time.Sleep(time.Second)
		asked := time.Now()
		time.Sleep(time.Second)
		feed.ConfirmAsked(asked)
		feed.ConfirmAsked(asked.Add(-time.Minute)) // one that came late takes nothing back
		if _, err := s.Next(t.Context()); !errors.Is(err, store.ErrFeedUnavailable) {
			t.Errorf("an open watch: %v", err)
		}
		if got := time.Since(asked); got <= watch.MaxLag || got > watch.MaxLag+time.Millisecond {
			t.Errorf("it ended %v after the last confirmation was asked for, want %v", got, watch.MaxLag)
		}
		if _, err := b.Subscribe(cursor); !errors.Is(err, store.ErrFeedUnavailable) {
			t.Errorf("a new watch: %v", err)
		}
		feed.Confirm()
		want(t, subscribe(t, b, cursor), watch.Here) // nothing was missed
	})
}

// TestWhatTheReplicaTellsItself comes in its order among the feed's events, to
// those who watch, and not while the feed is away: nobody watches then.
func TestWhatTheReplicaTellsItself(t *testing.T) {
	t.Parallel()
	b, feed := start(t, watch.Config{})
	s := subscribe(t, b, nil)
	want(t, s, watch.Here)
	feed.Tell(0, revoke("a"))
	closing := store.Event{Kind: store.PlayClosing, UserID: "u"}
	b.Tell(closing)
	feed.Tell(0, revoke("b"))
	want(t, s, watch.Events, store.Event{Kind: store.SessionRevoked, SessionID: "a"}, closing, store.Event{Kind: store.SessionRevoked, SessionID: "b"})
	feed.Lose(errors.New("gone"))
	b.Tell(closing)
	feed.Connect()
	again := subscribe(t, b, nil)
	want(t, again, watch.Here)
	nothing(t, again)
}

// TestAWatcherWaitsForTheFirstConnection of the feed, and for nothing else.
func TestAWatcherWaitsForTheFirstConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			then  func(*watch.Broker)
			waits time.Duration
		}{
			"it comes":         {func(b *watch.Broker) { b.Reset("", store.Snapshot{}) }, time.Second},
			"it fails":         {func(b *watch.Broker) { b.Lost(errors.New("connection refused")) }, time.Second},
			"the broker ends":  {(*watch.Broker).Close, time.Second},
			"nothing happens":  {func(*watch.Broker) {}, watch.FirstWait},
			"a change is told": {func(b *watch.Broker) { b.Changed(nil) }, watch.FirstWait},
		} {
			b := watch.New(watch.Config{})
			began := time.Now()
			time.AfterFunc(time.Second, func() { c.then(b) })
			b.AwaitFirst(t.Context())
			if took := time.Since(began); took != c.waits {
				t.Errorf("%s: it waited for %v, want %v", name, took, c.waits)
			}
			began = time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			b.AwaitFirst(ctx)
			cancel()
			if took := time.Since(began); c.waits == time.Second && took != 0 {
				t.Errorf("%s: later it waited for %v", name, took)
			}
		}
	})
}
