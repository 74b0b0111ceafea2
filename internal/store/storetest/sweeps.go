package storetest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func sweepTests() []test {
	return []test{
		{"MarksCharactersOfUsersWhoAreGone", sweepMarks},
		{"LeavesWhatIsPlayed", sweepInPlay},
		{"ManyAtOnceMarkEachOnce", sweepRace},
		{"TakesItsMarksBackWhenUsersReturn", sweepReturns},
		{"RemovesNothingOfWhoHasReturned", sweepReturnsAtTheEnd},
		{"StopsWhenManyAreGone", sweepMany},
		{"StopsWhenThereAreNoUsers", sweepNobody},
		{"EndsWhatIsLeftOfAPerson", sweepEnds},
		{"EndsWhereAPersonIsKnown", sweepDevices},
		{"KeepsWhereManyWereKnownWhoAreGoneAtOnce", sweepManyDevices},
		{"GenerationsGoOnWhenRecordsAreRemoved", sweepGenerations},
		{"Limits", sweepLimits},
	}
}

// rules are those of the sweeps in these tests.
func rules() store.SweepRules { return store.SweepRules{Grace: store.SweepGrace} }

func sweep(ctx context.Context, t testing.TB, e Env) store.Swept {
	t.Helper()
	done, err := e.Purger.Sweep(ctx, rules())
	if err != nil {
		t.Fatalf("Sweep: %v", err)
	}
	e.settle()
	return done
}

func sweepMarks(t *testing.T, e Env) {
	ctx := testContext(t)
	there, gone := e.user(t, "spaces"), e.user(t, "bjorn")
	kept := create(ctx, t, e, there.ID, "Kept")
	lost := []*store.Character{create(ctx, t, e, gone.ID, "Lost"), create(ctx, t, e, gone.ID, "LostToo")}
	marked := create(ctx, t, e, gone.ID, "Marked")
	at := must[time.Time](t)(e.Store.DeleteCharacter(ctx, marked.ID, gone.ID))
	stranger := create(ctx, t, e, "no id that the website can have", "Stranger")
	wantEqual(t, "before the user went", sweep(ctx, t, e), store.Swept{Persons: 3, Marked: 1})
	e.Website.DeleteUser(t, gone.ID)
	e.Clock.Advance(time.Minute)
	wantEqual(t, "then", sweep(ctx, t, e), store.Swept{Persons: 3, Marked: 2})
	wantCharacter(ctx, t, e, kept)
	for _, c := range lost {
		want := *c
		want.DeleteAt, want.UpdatedAt, want.Version = e.Clock.Now().Add(store.SweepGrace), e.Clock.Now(), 2
		wantCharacter(ctx, t, e, &want)
	}
	got := must[*store.Character](t)(e.Store.GetCharacter(ctx, marked.ID, store.Fresh))
	wantTime(t, "DeleteAt of the one that was marked before", got.DeleteAt, at)
	wantEqual(t, "once more", sweep(ctx, t, e), store.Swept{Persons: 3})

	// What the player has marked ends as he wanted; the sweep's own marks wait.
	e.Clock.Advance(store.DeletionGrace)
	if n := must[int](t)(e.Purger.PurgeCharacters(ctx, 100)); n != 1 {
		t.Errorf("%d characters were purged after the player's grace, want 1", n)
	}
	e.Clock.Advance(store.SweepGrace - store.DeletionGrace - time.Millisecond)
	if done := sweep(ctx, t, e); done.Purged != 1 {
		t.Errorf("before the end, %+v; want the stranger's alone purged, whose mark is older", done)
	}
	e.Clock.Advance(time.Millisecond)
	if done := sweep(ctx, t, e); done.Purged != 2 {
		t.Errorf("at the end, %+v; want 2 purged", done)
	}
	_, err := e.Store.GetCharacter(ctx, stranger.ID, store.Fresh)
	wantErr(t, "the stranger's", err, store.ErrCharacterNotFound)
	_, err = e.Store.GetCharacter(ctx, lost[0].ID, store.Fresh)
	wantErr(t, "the one who is gone's", err, store.ErrCharacterNotFound)
	wantCharacter(ctx, t, e, kept)
}

func sweepInPlay(t *testing.T, e Env) {
	ctx := testContext(t)
	played, entering, other := create(ctx, t, e, "a", "Hero"), create(ctx, t, e, "b", "Late"), create(ctx, t, e, "a", "Other")
	p := begin(ctx, t, e, "a")
	handOver(ctx, t, e, p, store.StageGame, played.ID, 7)
	admit(ctx, t, e, "a", store.StageGame, 7)
	handOver(ctx, t, e, begin(ctx, t, e, "b"), store.StageGame, entering.ID, 8)
	if done := sweep(ctx, t, e); done.Marked != 1 || done.Removed != 0 {
		t.Errorf("%+v; want the character marked that is not played, and nothing removed", done)
	}
	wantCharacter(ctx, t, e, played)
	wantCharacter(ctx, t, e, entering)
	got := must[*store.Character](t)(e.Store.GetCharacter(ctx, other.ID, store.Fresh))
	if got.DeleteAt.IsZero() {
		t.Error("the one that is not played was left")
	}
	e.Clock.Advance(store.HandOverLifetime + time.Millisecond)
	if done := sweep(ctx, t, e); done.Marked != 2 || done.Removed != 2 {
		t.Errorf("when the leases had ended, %+v; want 2 characters marked and 2 records removed", done)
	}
}

func sweepRace(t *testing.T, e Env) {
	ctx := testContext(t)
	for i := range store.SweepGone {
		create(ctx, t, e, "nobody-"+strconv.Itoa(i), "Name"+strconv.Itoa(i))
	}
	counts := make([]store.Swept, 8)
	wins(t, race(len(counts), func(i int) (err error) {
		counts[i], err = e.Purger.Sweep(ctx, rules())
		return err
	}), nil)
	total := sweep(ctx, t, e).Marked
	for _, done := range counts {
		total += done.Marked
	}
	if total != store.SweepGone {
		t.Errorf("the sweeps count %d, want %d", total, store.SweepGone)
	}
}

func sweepReturns(t *testing.T, e Env) {
	ctx := testContext(t)
	made := e.Clock.Now().Add(-time.Hour)
	e.Website.AddPerson(t, "2", "bobby", made)
	e.settle()
	c, own := create(ctx, t, e, "2", "Bobbychar"), create(ctx, t, e, "2", "Unwanted")
	at := must[time.Time](t)(e.Store.DeleteCharacter(ctx, own.ID, "2"))
	e.Website.DeleteUser(t, "2")
	if done := sweep(ctx, t, e); done.Marked != 1 {
		t.Fatalf("%+v; want 1 character marked", done)
	}
	e.Clock.Advance(time.Minute)
	e.Website.AddPerson(t, "2", "bobby", made) // from a backup
	if done := sweep(ctx, t, e); done.Returned != 1 || done.Marked != 0 {
		t.Errorf("%+v; want 1 mark taken back", done)
	}
	want := *c
	want.UpdatedAt, want.Version = e.Clock.Now(), c.Version+2
	wantCharacter(ctx, t, e, &want)
	got := must[*store.Character](t)(e.Store.GetCharacter(ctx, own.ID, store.Fresh))
	wantTime(t, "the end of the one that the player had marked", got.DeleteAt, at)
	wantEqual(t, "once more", sweep(ctx, t, e), store.Swept{Persons: 1})
}

// sweepReturnsAtTheEnd: nobody looked while the grace ended, and then the user is
// there again.
func sweepReturnsAtTheEnd(t *testing.T, e Env) {
	ctx := testContext(t)
	made := e.Clock.Now().Add(-time.Hour)
	e.Website.AddPerson(t, "2", "bobby", made)
	e.settle()
	c := create(ctx, t, e, "2", "Bobbychar")
	e.Website.DeleteUser(t, "2")
	sweep(ctx, t, e)
	e.Website.AddPerson(t, "2", "bobby", made)
	e.Clock.Advance(2 * store.SweepGrace)
	if n := must[int](t)(e.Purger.PurgeCharacters(ctx, 100)); n != 0 {
		t.Errorf("the purge removed %d that the sweep had marked", n)
	}
	if done := sweep(ctx, t, e); done.Returned != 1 || done.Purged != 0 {
		t.Errorf("%+v; want the mark taken back", done)
	}
	got := must[*store.Character](t)(e.Store.GetCharacter(ctx, c.ID, store.Fresh))
	wantTime(t, "the end", got.DeleteAt, time.Time{})
}

func sweepMany(t *testing.T, e Env) {
	ctx := testContext(t)
	const gone = store.SweepGone + 1
	made := e.Clock.Now().Add(-time.Hour)
	for i := range gone {
		id := "user-" + strconv.Itoa(i)
		e.Website.AddPerson(t, id, id, made)
		e.settle()
		create(ctx, t, e, id, "Name"+strconv.Itoa(i))
		if err := e.Store.SetGameAccount(ctx, store.GameAccount{UserID: id, PasswordHash: "hash"}); err != nil {
			t.Fatal(err)
		}
	}
	back := create(ctx, t, e, "user-0", "Returned")
	e.Website.DeleteUser(t, "user-0")
	sweep(ctx, t, e)
	e.Website.AddPerson(t, "user-0", "user-0", made)
	for i := 1; i < gone; i++ {
		e.Website.DeleteUser(t, "user-"+strconv.Itoa(i))
	}
	create(ctx, t, e, "nobody", "Stranger")
	done, err := e.Purger.Sweep(ctx, rules())
	e.settle()
	wantErr(t, "a sweep that misses 11", err, store.ErrManyGone)
	wantEqual(t, "what it did", done, store.Swept{Persons: gone + 1, Returned: 2})
	if got := must[*store.Character](t)(e.Store.GetCharacter(ctx, back.ID, store.Fresh)); !got.DeleteAt.IsZero() {
		t.Error("the mark of one who has returned was not taken back")
	}
	must[*store.GameAccount](t)(e.Store.GetGameAccount(ctx, "user-1"))

	// The operator says that they have left.
	confirmed := rules()
	confirmed.MaxGone = gone
	done = must[store.Swept](t)(e.Purger.Sweep(ctx, confirmed))
	wantEqual(t, "with the operator's word", done, store.Swept{Persons: gone + 1, Marked: gone, Removed: gone - 1})
	e.Clock.Advance(store.SweepGrace)
	if done := sweep(ctx, t, e); done.Purged != gone {
		t.Errorf("after the grace, %+v; want %d purged", done, gone)
	}
}

func sweepNobody(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "somebody", "Hero")
	for _, u := range Fixtures(t, e.Engine) {
		e.Website.DeleteUser(t, u.ID)
	}
	_, err := e.Purger.Sweep(ctx, rules())
	wantErr(t, "a sweep without any users", err, store.ErrNoUsers)
	e.settle()
	wantCharacter(ctx, t, e, c)
}

func sweepEnds(t *testing.T, e Env) {
	ctx := testContext(t)
	e.Website.AddPerson(t, "2", "bobby", e.Clock.Now().Add(-time.Hour))
	e.settle()
	if err := e.Store.SetGameAccount(ctx, store.GameAccount{UserID: "2", PasswordHash: "hash"}); err != nil {
		t.Fatal(err)
	}
	must[time.Time](t)(e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("ticket"), UserID: "2"}, time.Minute))
	p := begin(ctx, t, e, "2")
	wantEqual(t, "while the user is there", sweep(ctx, t, e), store.Swept{Persons: 1})
	e.Website.DeleteUser(t, "2")
	wantEqual(t, "while he plays", sweep(ctx, t, e), store.Swept{Persons: 1, Removed: 2})
	if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "then", sweep(ctx, t, e), store.Swept{Persons: 1, Removed: 1})
	wantEqual(t, "in the end", sweep(ctx, t, e), store.Swept{})
	_, err := e.Store.GetGameAccount(ctx, "2")
	wantErr(t, "the game account", err, store.ErrGameAccountNotFound)
	_, err = e.Store.RedeemTicket(ctx, store.DigestOf("ticket"), "")
	wantErr(t, "the ticket", err, store.ErrTicketInvalid)
}

func sweepDevices(t *testing.T, e Env) {
	ctx := testContext(t)
	made := e.Clock.Now().Add(-time.Hour)
	e.Website.AddPerson(t, "2", "bobby", made)
	e.Website.AddPerson(t, "3", "cleo", made)
	e.settle()
	l := store.AttemptLimits{Device: wide, Account: wide, Network: wide}
	his, hers, nobodys := atUser("2", "host", "net"), atUser("3", "host", "net"), attempt("nobody", "net")
	for _, a := range []store.Attempt{his, hers} {
		wantTry(ctx, t, e, "from elsewhere", atUser(a.UserID, "", "elsewhere"), l, 0)
		endAttempt(ctx, t, e, a, time.Hour)
	}
	wantTries(ctx, t, e, "at a name that is nobody's", narrow.Free, nobodys, onDevice())
	wantEqual(t, "while both are there", sweep(ctx, t, e), store.Swept{Persons: 2})
	e.Website.DeleteUser(t, "2")
	// His address, its network, elsewhere, and all of the account.
	wantEqual(t, "then", sweep(ctx, t, e), store.Swept{Persons: 2, Removed: 4})
	wantEqual(t, "in the end", sweep(ctx, t, e), store.Swept{Persons: 1})
	e.Website.AddPerson(t, "2", "bobby", made)
	e.settle()
	wantTry(ctx, t, e, "his device", his, l, 0)
	wantEqual(t, "hers", try(ctx, t, e, hers, l), store.Admission{Known: true, KnownAddress: true})
	wantTry(ctx, t, e, "nobody's", nobodys, onDevice(), time.Second)
	// What was made while nobody had the id is nobody's.
	wantTry(ctx, t, e, "at an id of nobody", atUser("4", "", "net"), l, 0)
	wantEqual(t, "of that", sweep(ctx, t, e), store.Swept{Persons: 3, Removed: 2})
}

func sweepManyDevices(t *testing.T, e Env) {
	ctx := testContext(t)
	const gone = store.SweepGone + 1
	made := e.Clock.Now().Add(-time.Hour)
	devices := make([]store.Attempt, gone)
	for i := range devices {
		id := "user-" + strconv.Itoa(i)
		e.Website.AddPerson(t, id, id, made)
		devices[i] = atUser(id, "", "net")
	}
	e.settle()
	for _, a := range devices {
		endAttempt(ctx, t, e, a, time.Hour)
		e.Website.DeleteUser(t, a.UserID)
	}
	done, err := e.Purger.Sweep(ctx, rules())
	e.settle()
	wantErr(t, "a sweep that misses 11", err, store.ErrManyGone)
	wantEqual(t, "what it did", done, store.Swept{Persons: gone})
	e.Website.AddPerson(t, "user-0", "user-0", made)
	e.settle()
	wantEqual(t, "one who has returned", try(ctx, t, e, devices[0], onDevice()), store.Admission{Known: true})
}

func sweepGenerations(t *testing.T, e Env) {
	ctx := testContext(t)
	for range 3 {
		if err := e.Store.EndPlay(ctx, begin(ctx, t, e, "gone").Ref()); err != nil {
			t.Fatal(err)
		}
	}
	if done := sweep(ctx, t, e); done.Removed != 1 {
		t.Fatalf("%+v; want the record removed", done)
	}
	if p := begin(ctx, t, e, "gone"); p.Generation != 4 {
		t.Errorf("the next record of the id has generation %d, want 4", p.Generation)
	}
}

func sweepLimits(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, r := range []store.SweepRules{{}, {Grace: -1}, {Grace: time.Hour, MaxGone: -1}} {
		_, err := e.Purger.Sweep(ctx, r)
		wantKind(t, "a sweep", err, errs.InvalidArgument)
	}
}
