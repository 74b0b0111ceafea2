package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func playTests() []test {
	return []test{
		{"BeginsAtLoginWithALease", playsBegin},
		{"GenerationAlwaysGrows", playsGeneration},
		{"OfTwentySignInsAtOnceOneGetsIn", playsRace},
		{"TwentyWaitForTheEndAndOneGetsIn", playsRaceAfterEnd},
		{"ALivingRecordIsToldToClose", playsClosing},
		{"AClosingRecordLeadsNowhere", playsClosingPassage},
		{"AClosingRecordIsTakenOverInTheEnd", playsClosingLimit},
		{"TwentyOverdueTakeoversAtOnceOneGetsIn", playsRaceOverdue},
		{"TakeoverLosesTheFormer", playsTakeover},
		{"LeaseEndsUnlessRenewed", playsLease},
		{"RenewTellsEachRecordApart", playsRenewMixed},
		{"RenewTakesAThousandAndNoMore", playsRenewLimit},
		{"EndIsTheOwnersAndRepeatable", playsEnd},
		{"AnEarlierOneIsLeftAloneWhereThatIsAsked", playsKeepEarlier},
		{"AnEndedOneIsFoundForAMinute", playsEnded},
		{"AnEndedOneIsFoundByItsOwnAlone", playsEndedForeign},
		{"NobodyCannotBegin", playsInvalid},
	}
}

// secretOf is the secret that a user's client presents in these tests.
func secretOf(user string) store.Digest { return store.DigestOf("secret of " + user) }

func begin(ctx context.Context, t testing.TB, e Env, user string) *store.Play {
	t.Helper()
	p, err := e.Store.BeginPlay(ctx, store.NewPlay{
		UserID: user, SessionID: "session of " + user, Digest: secretOf(user), Address: "192.0.2.1",
	})
	if err != nil {
		t.Fatalf("BeginPlay: %v", err)
	}
	return p
}

// renew returns the record as it is now, nil when it is lost.
func renew(ctx context.Context, t testing.TB, e Env, ref store.PlayRef) *store.Play {
	t.Helper()
	got, err := e.Store.RenewPlays(ctx, []store.PlayRef{ref})
	if err != nil {
		t.Fatalf("RenewPlays: %v", err)
	}
	if len(got) != 1 {
		t.Fatalf("RenewPlays: %d answers for 1 record", len(got))
	}
	return got[0]
}

func playsBegin(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	if len(p.ID) != 32 {
		t.Errorf("the id %q has %d characters, want 32", p.ID, len(p.ID))
	}
	wantTime(t, "lease", p.LeaseExpiresAt, e.Clock.Now().Add(store.PlayLease))
	got := *p
	got.ID, got.LeaseExpiresAt = "", time.Time{}
	wantEqual(t, "record", got, store.Play{
		UserID: "user", SessionID: "session of user", Generation: 1, Stage: store.StageLogin, Address: "192.0.2.1",
	})
	if again := renew(ctx, t, e, p.Ref()); again == nil {
		t.Error("the new record is lost")
	} else {
		wantEqual(t, "renewed record", again, p)
	}
}

func playsGeneration(t *testing.T, e Env) {
	ctx := testContext(t)
	first := begin(ctx, t, e, "user")
	if err := e.Store.EndPlay(ctx, first.Ref()); err != nil {
		t.Fatal(err)
	}
	second := begin(ctx, t, e, "user") // after an end
	e.Clock.Advance(store.PlayLease + time.Millisecond)
	third := begin(ctx, t, e, "user") // over one just dead
	e.Clock.Advance(24 * time.Hour)
	fourth := begin(ctx, t, e, "user") // over one long dead
	last := int64(0)
	ids := map[string]bool{}
	for i, p := range []*store.Play{first, second, third, fourth} {
		if p.Generation != last+1 {
			t.Errorf("record %d has generation %d after %d", i, p.Generation, last)
		}
		if ids[p.ID] {
			t.Errorf("record %d has an id that was used before", i)
		}
		last, ids[p.ID] = p.Generation, true
	}
	if other := begin(ctx, t, e, "another"); other.Generation != 1 {
		t.Errorf("another user's first record has generation %d", other.Generation)
	}
}

// beginAtOnce lets twenty sign-ins of one user begin at once and returns the
// one record that was opened; all others are told to wait.
func beginAtOnce(ctx context.Context, t *testing.T, e Env) *store.Play {
	t.Helper()
	plays := make([]*store.Play, 20)
	if n := wins(t, race(len(plays), func(i int) (err error) {
		plays[i], err = e.Store.BeginPlay(ctx, store.NewPlay{UserID: "user", Digest: secretOf("user")})
		return err
	}), store.ErrPlayClosing); n != 1 {
		t.Fatalf("%d of 20 got in, want 1", n)
	}
	for _, p := range plays {
		if p != nil {
			return p
		}
	}
	return nil
}

func playsRace(t *testing.T, e Env) {
	ctx := testContext(t)
	owner := beginAtOnce(ctx, t, e)
	got := renew(ctx, t, e, owner.Ref())
	if got == nil {
		t.Fatal("the one who got in has lost the record")
	}
	if got.Generation != 1 || !got.Closing {
		t.Errorf("generation %d, closing %t; want 1 and true, for nineteen wait", got.Generation, got.Closing)
	}
}

func playsRaceAfterEnd(t *testing.T, e Env) {
	ctx := testContext(t)
	old := begin(ctx, t, e, "user")
	wantClosing(ctx, t, e, "user")
	if err := e.Store.EndPlay(ctx, old.Ref()); err != nil {
		t.Fatal(err)
	}
	if owner := beginAtOnce(ctx, t, e); owner.Generation != 2 {
		t.Errorf("generation %d, want 2", owner.Generation)
	}
}

// wantClosing is a sign-in that has to wait for an earlier record.
func wantClosing(ctx context.Context, t *testing.T, e Env, user string) {
	t.Helper()
	p, err := e.Store.BeginPlay(ctx, store.NewPlay{UserID: user, Digest: secretOf("newcomer"), Address: "192.0.2.2"})
	if p != nil {
		t.Errorf("a record of generation %d was opened beside a living one", p.Generation)
	}
	wantErr(t, "a sign-in while another record lives", err, store.ErrPlayClosing)
}

func playsClosing(t *testing.T, e Env) {
	ctx := testContext(t)
	old, other := begin(ctx, t, e, "user"), begin(ctx, t, e, "another")
	if old.Closing {
		t.Error("a new record is closing")
	}
	for range 3 { // however often it is tried
		wantClosing(ctx, t, e, "user")
		e.Clock.Advance(time.Second)
		want := *old
		want.Closing, want.LeaseExpiresAt = true, e.Clock.Now().Add(store.PlayLease)
		wantEqual(t, "the record that is to end", renew(ctx, t, e, old.Ref()), &want)
	}
	if got := renew(ctx, t, e, other.Ref()); got == nil || got.Closing {
		t.Errorf("another user's record is %+v", got)
	}
	if err := e.Store.EndPlay(ctx, old.Ref()); err != nil {
		t.Fatal(err)
	}
	owner := begin(ctx, t, e, "user")
	if owner.Generation != old.Generation+1 || owner.Closing {
		t.Errorf("the next record is %+v", owner)
	}
	if got := renew(ctx, t, e, owner.Ref()); got == nil || got.Closing {
		t.Errorf("the next record, renewed, is %+v", got)
	}
	// A lease that runs out ends it as well.
	wantClosing(ctx, t, e, "user")
	e.Clock.Advance(store.PlayLease + time.Millisecond)
	if last := begin(ctx, t, e, "user"); last.Generation != owner.Generation+1 || last.Closing {
		t.Errorf("the record after one whose lease ran out is %+v", last)
	}
}

func playsClosingPassage(t *testing.T, e Env) {
	ctx := testContext(t)
	old := begin(ctx, t, e, "user")
	handOver(ctx, t, e, old, store.StageWorld, 0, 7)
	wantClosing(ctx, t, e, "user")
	_, err := e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageWorld)
	wantErr(t, "the passage of a record that is closing", err, store.ErrJoinRefused)
	_, err = e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: old.Ref(), Stage: store.StageWorld, Token: 8})
	wantErr(t, "the hand-over of a record that is closing", err, store.ErrPlayNotFound)
	if err := e.Store.EndPlay(ctx, old.Ref()); err != nil {
		t.Fatal(err)
	}
	owner := begin(ctx, t, e, "user")
	handOver(ctx, t, e, owner, store.StageWorld, 0, 9)
	admit(ctx, t, e, "user", store.StageWorld, 9)
}

// playsClosingLimit: a holder that renews for ever and never ends keeps nobody
// out for ever; and what it has not saved by then is refused.
func playsClosingLimit(t *testing.T, e Env) {
	ctx := testContext(t)
	hero := create(ctx, t, e, "user", "Stuck")
	old := begin(ctx, t, e, "user")
	e.Clock.Advance(time.Hour)
	if renew(ctx, t, e, old.Ref()) == nil {
		t.Fatal("the record is lost")
	}
	wantClosing(ctx, t, e, "user")
	for range 4 {
		e.Clock.Advance(store.PlayClosingLimit / 4)
		wantClosing(ctx, t, e, "user") // does not begin the time anew
		if renew(ctx, t, e, old.Ref()) == nil {
			t.Fatal("the record is lost before its time to close is over")
		}
	}
	e.Clock.Advance(time.Millisecond)
	owner := begin(ctx, t, e, "user")
	if owner.Generation != old.Generation+1 || owner.Closing {
		t.Errorf("the record that took over is %+v", owner)
	}
	if renew(ctx, t, e, old.Ref()) != nil {
		t.Error("the record that was taken over was renewed")
	}
	late := store.CharacterSave{ID: hero.ID, Version: 1, Generation: old.Generation, Key: "late", State: changed(1)}
	wantRefused(t, "a late save of the one before", save(ctx, t, e, late), store.ErrStaleGeneration)
}

func playsRaceOverdue(t *testing.T, e Env) {
	ctx := testContext(t)
	old := begin(ctx, t, e, "user")
	wantClosing(ctx, t, e, "user")
	e.Clock.Advance(store.PlayClosingLimit)
	if renew(ctx, t, e, old.Ref()) == nil {
		t.Fatal("the record is lost")
	}
	e.Clock.Advance(time.Millisecond)
	if owner := beginAtOnce(ctx, t, e); owner.Generation != 2 {
		t.Errorf("generation %d, want 2", owner.Generation)
	}
}

func playsTakeover(t *testing.T, e Env) {
	ctx := testContext(t)
	old := begin(ctx, t, e, "user")
	handOver(ctx, t, e, old, store.StageWorld, 0, 7)
	e.Clock.Advance(store.HandOverLifetime + time.Millisecond)
	owner := begin(ctx, t, e, "user")
	if renew(ctx, t, e, old.Ref()) != nil {
		t.Error("the former record was renewed")
	}
	_, err := e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: old.Ref(), Stage: store.StageWorld, Token: 8})
	wantErr(t, "hand-over by the former", err, store.ErrPlayNotFound)
	_, err = e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageWorld)
	wantErr(t, "the former's passage", err, store.ErrJoinRefused)
	if err := e.Store.EndPlay(ctx, old.Ref()); err != nil {
		t.Errorf("the former's end: %v", err)
	}
	if renew(ctx, t, e, owner.Ref()) == nil {
		t.Error("the former's end ended the new record")
	}
	// Neither an id nor a generation alone is a reference.
	for _, ref := range []store.PlayRef{{ID: old.ID, Generation: owner.Generation}, {ID: owner.ID, Generation: old.Generation}} {
		if renew(ctx, t, e, ref) != nil {
			t.Errorf("a mixed reference was renewed")
		}
	}
}

func playsLease(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	for range 5 {
		e.Clock.Advance(store.PlayLease - time.Millisecond)
		got := renew(ctx, t, e, p.Ref())
		if got == nil {
			t.Fatal("the record is lost although its lease was not over")
		}
		wantTime(t, "renewed lease", got.LeaseExpiresAt, e.Clock.Now().Add(store.PlayLease))
	}
	e.Clock.Advance(store.PlayLease + time.Millisecond)
	_, err := e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: p.Ref(), Stage: store.StageWorld, Token: 8})
	wantErr(t, "hand-over of a dead record", err, store.ErrPlayNotFound)

	// After an outage the gateway renews what lapsed meanwhile.
	e.Clock.Advance(time.Hour)
	got := renew(ctx, t, e, p.Ref())
	if got == nil {
		t.Fatal("a record that nobody took over is lost because its lease has lapsed")
	}
	wantTime(t, "lease taken up again", got.LeaseExpiresAt, e.Clock.Now().Add(store.PlayLease))
	e.Clock.Advance(store.PlayLease + time.Millisecond)
	begin(ctx, t, e, "user")
	if renew(ctx, t, e, p.Ref()) != nil {
		t.Error("a record was renewed that another sign-in had taken over")
	}
}

func playsRenewMixed(t *testing.T, e Env) {
	ctx := testContext(t)
	dead := begin(ctx, t, e, "dead")
	e.Clock.Advance(store.PlayLease + time.Millisecond)
	a, b := begin(ctx, t, e, "a"), begin(ctx, t, e, "b")
	ended := begin(ctx, t, e, "ended")
	if err := e.Store.EndPlay(ctx, ended.Ref()); err != nil {
		t.Fatal(err)
	}
	got := must[[]*store.Play](t)(e.Store.RenewPlays(ctx, []store.PlayRef{
		b.Ref(), dead.Ref(), {ID: "nothing", Generation: 1}, a.Ref(), ended.Ref(), {ID: "' OR 1=1 --", Generation: 1},
	}))
	lapsed := *dead
	lapsed.LeaseExpiresAt = a.LeaseExpiresAt
	wantEqual(t, "records", got, []*store.Play{b, &lapsed, nil, a, nil, nil})
	if got, err := e.Store.RenewPlays(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("nothing to renew: got %v, %v; want nothing", got, err)
	}
}

func playsRenewLimit(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	refs := make([]store.PlayRef, store.MaxBatch)
	for i := range refs {
		refs[i] = store.PlayRef{ID: store.NewID(), Generation: 1}
	}
	refs[999] = p.Ref()
	got := must[[]*store.Play](t)(e.Store.RenewPlays(ctx, refs))
	if len(got) != len(refs) || got[999] == nil || got[0] != nil {
		t.Errorf("%d answers for %d records, want the last one alone alive", len(got), len(refs))
	}
	_, err := e.Store.RenewPlays(ctx, append(refs, p.Ref()))
	wantKind(t, "one record more", err, errs.InvalidArgument)
}

func playsEnd(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	other := begin(ctx, t, e, "another")
	handOver(ctx, t, e, p, store.StageWorld, 0, 7)
	for range 2 {
		if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
			t.Fatalf("EndPlay: %v", err)
		}
	}
	if err := e.Store.EndPlay(ctx, store.PlayRef{ID: "nothing", Generation: 1}); err != nil {
		t.Errorf("the end of nothing: %v", err)
	}
	if renew(ctx, t, e, p.Ref()) != nil {
		t.Error("an ended record was renewed")
	}
	_, err := e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageWorld)
	wantErr(t, "the passage of an ended record", err, store.ErrJoinRefused)
	if renew(ctx, t, e, other.Ref()) == nil {
		t.Error("one user's end ended another's record")
	}
	// The token is free again.
	handOver(ctx, t, e, other, store.StageWorld, 0, 7)
}

func playsInvalid(t *testing.T, e Env) {
	_, err := e.Store.BeginPlay(testContext(t), store.NewPlay{Digest: secretOf("")})
	wantKind(t, "a record of nobody", err, errs.InvalidArgument)
}

func playsKeepEarlier(t *testing.T, e Env) {
	ctx := testContext(t)
	second := store.NewPlay{UserID: "user", Digest: store.DigestOf("second"), Address: "192.0.2.2", KeepEarlier: true}
	first := begin(ctx, t, e, "user")
	_, err := e.Store.BeginPlay(ctx, second)
	wantErr(t, "beside one that lives", err, store.ErrPlayLives)
	got := renew(ctx, t, e, first.Ref())
	if got == nil || got.Closing {
		t.Fatalf("the earlier record is %+v, want it as it was", got)
	}
	handOver(ctx, t, e, first, store.StageWorld, 0, 7)
	must[*store.Play](t)(e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageWorld))

	// One that a newer sign-in waits for is left alone as well, and once it has
	// ended the way is free.
	takesOver := second
	takesOver.KeepEarlier = false
	_, err = e.Store.BeginPlay(ctx, takesOver)
	wantErr(t, "with a takeover", err, store.ErrPlayClosing)
	_, err = e.Store.BeginPlay(ctx, second)
	wantErr(t, "beside one that is closing", err, store.ErrPlayLives)
	if err := e.Store.EndPlay(ctx, first.Ref()); err != nil {
		t.Fatal(err)
	}
	p := must[*store.Play](t)(e.Store.BeginPlay(ctx, second))
	if p.Generation <= first.Generation {
		t.Errorf("generation %d after %d", p.Generation, first.Generation)
	}
}

func playsEnded(t *testing.T, e Env) {
	ctx := testContext(t)
	find := func() (*store.Play, error) { return e.Store.EndedPlay(ctx, secretOf("user"), "192.0.2.1") }
	_, err := find()
	wantErr(t, "before there was one", err, store.ErrPlayNotFound)
	p := begin(ctx, t, e, "user")
	_, err = find()
	wantErr(t, "while it lives", err, store.ErrPlayLives)
	if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
		t.Fatal(err)
	}
	got := must[*store.Play](t)(find())
	if got.UserID != "user" || got.SessionID != "session of user" || got.Generation != p.Generation || got.ID != "" || got.Stamp != p.Stamp {
		t.Errorf("got %+v, want what was begun as %+v", got, p)
	}
	e.Clock.Advance(store.PlayLease + store.PlayReuse)
	must[*store.Play](t)(find())
	e.Clock.Advance(time.Second)
	_, err = find()
	wantErr(t, "after a minute", err, store.ErrPlayNotFound)

	// One whose lease ran out is dead too.
	p = begin(ctx, t, e, "user")
	e.Clock.Advance(store.PlayLease)
	_, err = find()
	wantErr(t, "at the end of its lease", err, store.ErrPlayLives)
	e.Clock.Advance(time.Second)
	if got := must[*store.Play](t)(find()); got.ID != p.ID {
		t.Errorf("got %q, want %q", got.ID, p.ID)
	}
}

func playsEndedForeign(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
		t.Fatal(err)
	}
	for _, other := range []struct {
		what, secret, address string
	}{
		{"another secret", "secret of another", "192.0.2.1"}, {"another address", "secret of user", "192.0.2.2"}, {"no address", "secret of user", ""},
	} {
		_, err := e.Store.EndedPlay(ctx, store.DigestOf(other.secret), other.address)
		wantErr(t, other.what, err, store.ErrPlayNotFound)
	}

	// A record without a session of the website: by a game password, or an
	// operator's ticket.
	alone := must[*store.Play](t)(e.Store.BeginPlay(ctx, store.NewPlay{UserID: "another", Digest: secretOf("another"), Address: "192.0.2.1"}))
	if err := e.Store.EndPlay(ctx, alone.Ref()); err != nil {
		t.Fatal(err)
	}
	_, err := e.Store.EndedPlay(ctx, secretOf("another"), "192.0.2.1")
	wantErr(t, "a record without a session", err, store.ErrPlayNotFound)

	// A newer sign-in waited for its end, and then took its place.
	p = begin(ctx, t, e, "user")
	newer := store.NewPlay{UserID: "user", SessionID: "session", Digest: store.DigestOf("newer"), Address: "192.0.2.3"}
	_, err = e.Store.BeginPlay(ctx, newer)
	wantErr(t, "a newer sign-in", err, store.ErrPlayClosing)
	if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
		t.Fatal(err)
	}
	_, err = e.Store.EndedPlay(ctx, secretOf("user"), "192.0.2.1")
	wantErr(t, "one that made way", err, store.ErrPlayNotFound)
	must[*store.Play](t)(e.Store.BeginPlay(ctx, newer))
	_, err = e.Store.EndedPlay(ctx, secretOf("user"), "192.0.2.1")
	wantErr(t, "one whose place is taken", err, store.ErrPlayNotFound)
}
