package storetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func deletionTests() []test {
	return []test{
		{"MarksForOneHour", deletionMarks},
		{"RestoreWithinTheGrace", deletionRestore},
		{"NeverRestoredAfterTheGrace", deletionTooLate},
		{"OnlyTheOwnerMay", deletionOwner},
		{"NotWhileInPlay", deletionInPlay},
		{"PurgeRemovesWhatIsFinalByLimit", deletionPurge},
		{"PurgeFreesSlotNameAndNeverTheID", deletionFrees},
		{"ManyPurgesAtOnceCountEachOnce", deletionPurgeRace},
		{"TwentyAtOnceMarkOnce", deletionRace},
		{"PurgeAndRestoreAtTheEndAgree", deletionPurgeOrRestore},
		{"LimitsOfThePurge", deletionLimits},
	}
}

func deletionMarks(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	e.Clock.Advance(time.Minute)
	at := must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	wantTime(t, "final at", at, e.Clock.Now().Add(store.DeletionGrace))
	want := *c
	want.DeleteAt, want.UpdatedAt, want.Version = at, e.Clock.Now(), c.Version+1
	wantCharacter(ctx, t, e, &want)

	e.Clock.Advance(time.Minute)
	_, err := e.Store.DeleteCharacter(ctx, c.ID, "user")
	wantErr(t, "a second time", err, store.ErrAlreadyDeleted)
	wantCharacter(ctx, t, e, &want) // and the first date stands
}

func deletionRestore(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	_, err := e.Store.RestoreCharacter(ctx, c.ID, "user")
	wantErr(t, "a character that is not marked", err, store.ErrNotDeleted)
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	e.Clock.Advance(store.DeletionGrace - time.Millisecond)
	got := must[*store.Character](t)(e.Store.RestoreCharacter(ctx, c.ID, "user"))
	want := *c
	want.UpdatedAt, want.Version = e.Clock.Now(), c.Version+2
	wantEqual(t, "restored", got, &want)
	wantCharacter(ctx, t, e, &want)
	e.Clock.Advance(time.Hour)
	if n := must[int](t)(e.Purger.PurgeCharacters(ctx, 10)); n != 0 {
		t.Errorf("%d restored characters were purged", n)
	}
	wantCharacter(ctx, t, e, &want)
}

func deletionTooLate(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	e.Clock.Advance(store.DeletionGrace)
	_, err := e.Store.RestoreCharacter(ctx, c.ID, "user")
	wantErr(t, "at the very end", err, store.ErrCharacterNotFound)
	e.Clock.Advance(time.Hour)
	_, err = e.Store.RestoreCharacter(ctx, c.ID, "user")
	wantErr(t, "an hour later", err, store.ErrCharacterNotFound)
	if n := must[int](t)(e.Purger.PurgeCharacters(ctx, 10)); n != 1 {
		t.Errorf("%d characters were purged, want 1", n)
	}
}

func deletionOwner(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	_, err := e.Store.DeleteCharacter(ctx, c.ID, "another")
	wantErr(t, "deleted by another", err, store.ErrCharacterNotFound)
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	_, err = e.Store.RestoreCharacter(ctx, c.ID, "another")
	wantErr(t, "restored by another", err, store.ErrCharacterNotFound)
	_, err = e.Store.DeleteCharacter(ctx, c.ID, "another")
	wantErr(t, "deleted again by another", err, store.ErrCharacterNotFound)
}

func deletionInPlay(t *testing.T, e Env) {
	ctx := testContext(t)
	played, other := create(ctx, t, e, "user", "Hero"), create(ctx, t, e, "user", "Other")
	p := begin(ctx, t, e, "user")
	handOver(ctx, t, e, p, store.StageGame, played.ID, 7)
	_, err := e.Store.DeleteCharacter(ctx, played.ID, "user")
	wantErr(t, "on the way into the game", err, store.ErrCharacterInPlay)
	admit(ctx, t, e, "user", store.StageGame, 7)
	_, err = e.Store.DeleteCharacter(ctx, played.ID, "user")
	wantErr(t, "in the game", err, store.ErrCharacterInPlay)
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, other.ID, "user"))

	// A dead owner's lease ends, and with it the hold on the character.
	e.Clock.Advance(store.PlayLease + time.Millisecond)
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, played.ID, "user"))
	must[*store.Character](t)(e.Store.RestoreCharacter(ctx, played.ID, "user"))

	p = begin(ctx, t, e, "user")
	handOver(ctx, t, e, p, store.StageGame, played.ID, 8)
	admit(ctx, t, e, "user", store.StageGame, 8)
	if err := e.Store.EndPlay(ctx, p.Ref()); err != nil {
		t.Fatal(err)
	}
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, played.ID, "user"))
}

func deletionPurge(t *testing.T, e Env) {
	ctx := testContext(t)
	for u := range 3 {
		for i := range 3 {
			user := "user-" + strconv.Itoa(u)
			c := create(ctx, t, e, user, "Name"+strconv.Itoa(u)+strconv.Itoa(i))
			if i < 2 {
				must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, user))
			}
		}
	}
	purge := func(limit, want int) {
		t.Helper()
		if n := must[int](t)(e.Purger.PurgeCharacters(ctx, limit)); n != want {
			t.Errorf("a purge of up to %d removed %d, want %d", limit, n, want)
		}
	}
	e.Clock.Advance(store.DeletionGrace - time.Millisecond)
	purge(10, 0)
	e.Clock.Advance(time.Millisecond)
	purge(4, 4)
	purge(4, 2)
	purge(4, 0)
	e.settle()
	for u := range 3 {
		if list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user-"+strconv.Itoa(u), true, store.Fresh)); len(list) != 1 {
			t.Errorf("user %d has %s left, want one", u, names(list))
		}
	}
}

func deletionFrees(t *testing.T, e Env) {
	ctx := testContext(t)
	var all []*store.Character
	for i := range store.MaxCharacters {
		all = append(all, create(ctx, t, e, "user", "Name"+strconv.Itoa(i)))
	}
	marked := all[2]
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, marked.ID, "user"))
	_, err := e.Store.CreateCharacter(ctx, newCharacter("user", "Sixth"))
	wantErr(t, "a marked character keeps its slot", err, store.ErrCharacterLimit)
	last := all[4]
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, last.ID, "user"))
	e.Clock.Advance(store.DeletionGrace)
	if n := must[int](t)(e.Purger.PurgeCharacters(ctx, 10)); n != 2 {
		t.Fatalf("%d characters were purged, want 2", n)
	}
	e.settle()
	_, err = e.Store.GetCharacter(ctx, marked.ID, store.Fresh)
	wantErr(t, "the purged character", err, store.ErrCharacterNotFound)

	n := newCharacter("user", marked.Name)
	n.Key = "another key"
	c := must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
	if c.Slot != marked.Slot {
		t.Errorf("the new character is in slot %d, want the freed %d", c.Slot, marked.Slot)
	}
	if c.ID <= last.ID {
		t.Errorf("the new character has id %s after %s was given: an id is never used again", c.ID, last.ID)
	}
}

func deletionPurgeRace(t *testing.T, e Env) {
	ctx := testContext(t)
	for u := range 4 {
		for i := range store.MaxCharacters {
			user := "user-" + strconv.Itoa(u)
			c := create(ctx, t, e, user, "Name"+strconv.Itoa(u)+strconv.Itoa(i))
			must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, user))
		}
	}
	e.Clock.Advance(store.DeletionGrace)
	counts := make([]int, 4)
	for i, err := range race(len(counts), func(i int) (err error) {
		counts[i], err = e.Purger.PurgeCharacters(ctx, 100)
		return err
	}) {
		if err != nil {
			t.Errorf("purge %d: %v", i, err)
		}
	}
	// What one purge holds another may pass over: a last one finds the rest.
	total := must[int](t)(e.Purger.PurgeCharacters(ctx, 100))
	for _, n := range counts {
		total += n
	}
	if want := 4 * store.MaxCharacters; total != want {
		t.Errorf("the purges count %d, want %d", total, want)
	}
}

func deletionRace(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	if n := wins(t, race(20, func(int) error {
		_, err := e.Store.DeleteCharacter(ctx, c.ID, "user")
		return err
	}), store.ErrAlreadyDeleted); n != 1 {
		t.Errorf("%d of 20 marked the character, want 1", n)
	}
}

// deletionPurgeOrRestore lets the clock run out while purges and restorations
// race: a caller that was told that a character is restored has it, and nobody has a
// purged one.
func deletionPurgeOrRestore(t *testing.T, e Env) {
	ctx := testContext(t)
	const n = 20
	all := make([]*store.Character, n)
	for i := range all {
		all[i] = create(ctx, t, e, "user-"+strconv.Itoa(i), "Name"+strconv.Itoa(i))
		must[time.Time](t)(e.Store.DeleteCharacter(ctx, all[i].ID, all[i].UserID))
	}
	e.Clock.Advance(store.DeletionGrace - time.Millisecond)
	purged := make([]int, 4)
	outcomes := race(n+len(purged)+1, func(i int) (err error) {
		switch {
		case i < n:
			_, err = e.Store.RestoreCharacter(ctx, all[i].ID, all[i].UserID)
		case i < n+len(purged):
			purged[i-n], err = e.Purger.PurgeCharacters(ctx, n)
		default:
			e.Clock.Advance(time.Millisecond)
		}
		return err
	})
	restored := wins(t, outcomes[:n], store.ErrCharacterNotFound)
	wins(t, outcomes[n:], nil)
	total := must[int](t)(e.Purger.PurgeCharacters(ctx, n))
	for _, n := range purged {
		total += n
	}
	if restored+total != n {
		t.Errorf("%d restored and %d purged of %d", restored, total, n)
	}
	e.settle()
	for i, c := range all {
		got, err := e.Store.GetCharacter(ctx, c.ID, store.Fresh)
		if outcomes[i] != nil {
			wantErr(t, "a character that could not be restored", err, store.ErrCharacterNotFound)
		} else if err != nil || !got.DeleteAt.IsZero() {
			t.Errorf("restored character %s: %+v, %v", c.ID, got, err)
		}
	}
}

func deletionLimits(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, limit := range []int{-1, 0, store.MaxBatch + 1} {
		_, err := e.Purger.PurgeCharacters(ctx, limit)
		wantKind(t, "a purge of "+strconv.Itoa(limit), err, errs.InvalidArgument)
	}
}
