package watch_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
)

// rowsSay is a database that gives verdicts by session, or by user.
type rowsSay struct {
	verdicts map[string]error
	fail     error
	asked    chan int      // gets the subjects of each question, if not nil
	hold     chan struct{} // each question waits for it, if not nil
}

func (r rowsSay) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	if r.asked != nil {
		r.asked <- len(subjects)
	}
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	verdicts := make([]error, len(subjects))
	for i, s := range subjects {
		id := s.SessionID
		if id == "" {
			id = s.UserID
		}
		verdicts[i] = r.verdicts[id]
	}
	return verdicts, r.fail
}

// confirming returns a Confirmer that has begun, and a subscription behind it.
func confirming(t *testing.T, rows rowsSay) (*watch.Confirmer, *watch.Subscription) {
	t.Helper()
	b := watch.New(watch.Config{Buffer: 64})
	c := watch.NewConfirmer(b, rows, slog.New(slog.DiscardHandler))
	t.Cleanup(c.Close)
	c.Reset("", store.Snapshot{Xmin: 10, Xmax: 10})
	s, err := b.Subscribe(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if first := nextBatch(t, s); first.Signal != watch.Here {
		t.Fatalf("the first batch is %v", first)
	}
	return c, s
}

func nextBatch(t *testing.T, s *watch.Subscription) watch.Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b, err := s.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// heard are changes that would put five players out, and one harmless one.
func heard() []store.Change {
	return []store.Change{
		{Table: store.TableUser, Op: store.OpUpdate, ID: "u1", UserID: "u1", Banned: true, Xid: 5, Heard: true},
		{Table: store.TableUser, Op: store.OpDelete, ID: "u2", UserID: "u2", Xid: 5, Heard: true},
		{Table: store.TableSession, Op: store.OpDelete, ID: "s3", UserID: "u3", Xid: 5, Heard: true},
		{Table: store.TableSession, Op: store.OpUpdate, ID: "s4", UserID: "u4", ExpiresAt: time.Unix(1, 0), Xid: 5, Heard: true},
		{Table: store.TableUser, Op: store.OpUpdate, ID: "u5", UserID: "u5", Xid: 5, Heard: true},
	}
}

func kinds(events []store.Event) (list []store.EventKind) {
	for _, e := range events {
		list = append(list, e.Kind)
	}
	return list
}

func TestWhatIsHeardIsToldOnlyIfItIsSo(t *testing.T) {
	t.Parallel()
	so := map[string]error{
		"u1": store.ErrUserBanned, "u2": store.ErrUserNotFound, "s3": store.ErrSessionNotFound, "s4": store.ErrSessionExpired,
	}
	all := []store.EventKind{store.UserBanned, store.UserDeleted, store.SessionRevoked, store.SessionExpired, store.UserChanged}
	for name, tt := range map[string]struct {
		verdicts map[string]error
		want     []store.EventKind
	}{
		"all of it is":              {so, all},
		"none of it is":             {nil, all[4:]},
		"banned and not deleted":    {map[string]error{"u2": store.ErrUserBanned}, all[4:]},
		"deleted and not banned":    {map[string]error{"u1": store.ErrUserNotFound}, all[4:]},
		"the session of one banned": {map[string]error{"s4": store.ErrUserBanned}, all[3:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s := confirming(t, rowsSay{verdicts: tt.verdicts})
			c.Changed(heard())
			if d := cmp.Diff(tt.want, kinds(nextBatch(t, s).Events)); d != "" {
				t.Errorf("(-want +told):\n%s", d)
			}
		})
	}
}

// What a feed knows of itself is told at once, whatever the rows show by now.
func TestWhatTheLogSaysNeedsNoConfirmation(t *testing.T) {
	t.Parallel()
	c, s := confirming(t, rowsSay{fail: errors.New("nobody asks")})
	changes := heard()
	for i := range changes {
		changes[i].Heard = false
	}
	c.Changed(changes)
	if got := nextBatch(t, s); len(got.Events) != 5 {
		t.Errorf("told %+v", got)
	}
}

func TestWithoutAnAnswerWatchersCheck(t *testing.T) {
	t.Parallel()
	c, s := confirming(t, rowsSay{fail: store.ErrUnavailable})
	c.Changed(heard())
	if got := nextBatch(t, s); len(got.Events) != 1 || got.Events[0].Kind != store.UserChanged {
		t.Errorf("told %+v", got)
	}
	c.Confirmed(time.Now(), store.Snapshot{Xmin: 10, Xmax: 10})
	if got := nextBatch(t, s); got.Signal != watch.Resync {
		t.Errorf("got %+v, want a resync", got)
	}
}

// While the rows are asked, what comes waits in its order, and is asked for
// together; a new connection makes it void.
func TestWhatComesMeanwhileIsAskedForOnce(t *testing.T) {
	t.Parallel()
	rows := rowsSay{
		verdicts: map[string]error{"u1": store.ErrUserBanned}, asked: make(chan int, 16), hold: make(chan struct{}),
	}
	c, s := confirming(t, rows)
	ban := heard()[:1]
	c.Changed(ban)
	if n := <-rows.asked; n != 1 {
		t.Errorf("asked for %d at first", n)
	}
	for range 10 {
		c.Changed(ban)
		c.Changed(heard()[4:])
	}
	rows.hold <- struct{}{}
	if n := <-rows.asked; n != 10 {
		t.Errorf("asked for %d together, want 10", n)
	}
	if got := nextBatch(t, s); len(got.Events) != 1 {
		t.Errorf("told %+v", got)
	}
	rows.hold <- struct{}{}
	got := kinds(nextBatch(t, s).Events)
	for i, k := range got {
		if want := []store.EventKind{store.UserBanned, store.UserChanged}[i%2]; k != want {
			t.Errorf("event %d is %v, want %v", i, k, want)
		}
	}
	if len(got) != 20 {
		t.Errorf("%d events", len(got))
	}
	c.Changed(ban)
	<-rows.asked
	c.Reset("", store.Snapshot{Xmin: 20, Xmax: 20})
	close(rows.hold)
	if got := nextBatch(t, s); got.Signal != watch.Resync {
		t.Errorf("got %+v, want a resync", got)
	}
}

// More than the buffer holds is not kept: watchers check.
func TestMoreThanCanWaitIsCheckedFor(t *testing.T) {
	t.Parallel()
	rows := rowsSay{asked: make(chan int, 16), hold: make(chan struct{})}
	c, s := confirming(t, rows)
	c.Changed(heard()[:1])
	<-rows.asked
	for range 40 {
		c.Changed(heard()[:3])
	}
	close(rows.hold)
	if got := nextBatch(t, s); got.Signal != watch.Resync {
		t.Errorf("got %+v, want a resync", got)
	}
}
