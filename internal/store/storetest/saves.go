package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func saveTests() []test {
	return []test{
		{"WritesTheWholeState", savesWrite},
		{"RefusesAStaleVersion", savesVersion},
		{"RepeatedKeyAnswersAsTheFirstTime", savesRepeat},
		{"RefusesAnOlderGeneration", savesGeneration},
		{"EverySaveHasItsOwnResult", savesMixed},
		{"RefusesInvalidStatesAsAWhole", savesInvalid},
		{"TakesAThousandAndNoMore", savesLimit},
		{"TwentyAtOnceFromOneVersionWriteOnce", savesRace},
		{"ACharacterMayBeInABatchOnce", savesTwice},
		{"BatchesInAnyOrderNeverWaitInACircle", savesOverlap},
		{"DeletionMakesTheVersionStale", savesAfterDelete},
	}
}

// save writes one state and returns its result.
func save(ctx context.Context, t testing.TB, e Env, s store.CharacterSave) store.SaveResult {
	t.Helper()
	got, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{s})
	if err != nil {
		t.Fatalf("SaveCharacters: %v", err)
	}
	if len(got) != 1 {
		t.Fatalf("SaveCharacters: %d results for 1 save", len(got))
	}
	return got[0]
}

// wantRefused expects a result that says want and carries no version.
func wantRefused(t testing.TB, what string, got store.SaveResult, want error) {
	t.Helper()
	wantErr(t, what, got.Err, want)
	if got.Version != 0 {
		t.Errorf("%s: a refused save has version %d, want 0", what, got.Version)
	}
}

func wantSaved(t testing.TB, what string, got store.SaveResult, version int64) {
	t.Helper()
	if got.Err != nil || got.Version != version {
		t.Errorf("%s: got version %d, %v; want version %d", what, got.Version, got.Err, version)
	}
}

func changed(money int64) store.CharacterState {
	s := sampleState()
	s.Money, s.Level, s.Position = money, 8, store.Position{Zone: 22, X: 1, Y: 2}
	return s
}

func savesWrite(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	wantCharacter(ctx, t, e, c) // in a cache, if there is one
	e.Clock.Advance(time.Second)
	state := store.CharacterState{
		Position: store.Position{Zone: 1, X: -2.5, Y: 3.25}, ReviveZone: 4, Job: 5, Level: 6, XP: 7, HP: 8, MP: 9,
		Stats:      store.Stats{Strength: 10, Dexterity: 11, Intelligence: 12, Concentration: 13, Charm: 14, Sense: 15},
		StatPoints: 16, SkillPoints: 17, Stamina: 18, Money: 0,
	}
	wantSaved(t, "save", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 1, Key: "a", State: state}), 2)
	want := *c
	want.State, want.Version, want.UpdatedAt = state, 2, e.Clock.Now()
	wantCharacter(ctx, t, e, &want)
	wantSaved(t, "next save", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 2, Key: "b", State: state}), 3)
}

func savesVersion(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	wantSaved(t, "first", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 1, Key: "a", State: changed(1)}), 2)
	wantRefused(t, "from the same version", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 1, Key: "b", State: changed(2)}), store.ErrVersionConflict)
	wantRefused(t, "from the future", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 3, Key: "c", State: changed(3)}), store.ErrVersionConflict)
	got := must[*store.Character](t)(e.Store.GetCharacter(ctx, c.ID, store.Fresh))
	if got.State.Money != 1 || got.Version != 2 {
		t.Errorf("money %d at version %d, want 1 at 2: a refused save leaves no trace", got.State.Money, got.Version)
	}
	// A refused key may be used for another attempt.
	wantSaved(t, "from the right version", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 2, Key: "b", State: changed(4)}), 3)
}

func savesRepeat(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	s := store.CharacterSave{ID: c.ID, Version: 1, Generation: 0, Key: "a", State: changed(1)}
	wantSaved(t, "first", save(ctx, t, e, s), 2)
	want := must[*store.Character](t)(e.Store.GetCharacter(ctx, c.ID, store.Fresh))
	e.Clock.Advance(time.Second)
	wantSaved(t, "repeated", save(ctx, t, e, s), 2)
	wantCharacter(ctx, t, e, want) // nothing was written twice

	// Also when a newer sign-in owns the character by now: it was written.
	begin(ctx, t, e, "user")
	wantSaved(t, "repeated after a new sign-in", save(ctx, t, e, s), 2)
	wantSaved(t, "next", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 2, Generation: 1, Key: "b", State: changed(2)}), 3)
	s.Generation = 1
	wantRefused(t, "the one before the last", save(ctx, t, e, s), store.ErrVersionConflict)
}

func savesGeneration(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	old := begin(ctx, t, e, "user")
	wantSaved(t, "the owner's", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 1, Generation: old.Generation, Key: "a", State: changed(1)}), 2)
	if err := e.Store.EndPlay(ctx, old.Ref()); err != nil {
		t.Fatal(err)
	}
	owner := begin(ctx, t, e, "user")
	zombie := store.CharacterSave{ID: c.ID, Version: 2, Generation: old.Generation, Key: "b", State: changed(2)}
	wantRefused(t, "the former owner's", save(ctx, t, e, zombie), store.ErrStaleGeneration)
	zombie.Version = 1
	wantRefused(t, "the former owner's from an old version", save(ctx, t, e, zombie), store.ErrStaleGeneration)
	wantSaved(t, "the new owner's", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 2, Generation: owner.Generation, Key: "c", State: changed(3)}), 3)

	// The last save after the end of the record is the owner's still.
	if err := e.Store.EndPlay(ctx, owner.Ref()); err != nil {
		t.Fatal(err)
	}
	wantSaved(t, "after the end", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 3, Generation: owner.Generation, Key: "d", State: changed(4)}), 4)
	zombie.Version = 4
	wantRefused(t, "the former owner's after the end", save(ctx, t, e, zombie), store.ErrStaleGeneration)
}

func savesMixed(t *testing.T, e Env) {
	ctx := testContext(t)
	good, stale, fenced := create(ctx, t, e, "a", "Good"), create(ctx, t, e, "b", "Stale"), create(ctx, t, e, "c", "Fenced")
	begin(ctx, t, e, "c")
	late := create(ctx, t, e, "d", "Late")
	got := must[[]store.SaveResult](t)(e.Store.SaveCharacters(ctx, []store.CharacterSave{
		{ID: stale.ID, Version: 5, Key: "k", State: changed(1)},
		{ID: good.ID, Version: 1, Key: "k", State: changed(2)},
		{ID: 4_000_000_000, Version: 1, Key: "k", State: changed(3)},
		{ID: fenced.ID, Version: 1, Generation: 0, Key: "k", State: changed(4)},
		{ID: late.ID, Version: 1, Key: "k", State: changed(5)},
	}))
	if len(got) != 5 {
		t.Fatalf("%d results for 5 saves", len(got))
	}
	wantRefused(t, "stale", got[0], store.ErrVersionConflict)
	wantSaved(t, "good", got[1], 2)
	wantRefused(t, "unknown", got[2], store.ErrCharacterNotFound)
	wantRefused(t, "fenced", got[3], store.ErrStaleGeneration)
	wantSaved(t, "late", got[4], 2)
	for _, c := range []struct {
		id    store.CharacterID
		money int64
	}{{stale.ID, sampleState().Money}, {good.ID, 2}, {fenced.ID, sampleState().Money}, {late.ID, 5}} {
		got := must[*store.Character](t)(e.Store.GetCharacter(ctx, c.id, store.Fresh))
		if got.State.Money != c.money {
			t.Errorf("%s has %d, want %d", got.Name, got.State.Money, c.money)
		}
	}
}

func savesInvalid(t *testing.T, e Env) {
	ctx := testContext(t)
	c, other := create(ctx, t, e, "user", "Hero"), create(ctx, t, e, "user", "Other")
	bad, rich := changed(-1), changed(store.MaxMoney+1)
	for what, s := range map[string]store.CharacterSave{
		"negative money": {ID: c.ID, Version: 1, Key: "k", State: bad},
		"too much money": {ID: c.ID, Version: 1, Key: "k", State: rich},
		"a long group":   {ID: c.ID, Version: 1, Key: "k", State: changed(1), Group: strings.Repeat("g", 65)},
		"a low number":   {ID: c.ID, Version: 1, Generation: -1, Key: "k", State: changed(1)},
		"no key":         {ID: c.ID, Version: 1, State: changed(1)},
		"a long key":     {ID: c.ID, Version: 1, Key: strings.Repeat("k", 65), State: changed(1)},
		"no version":     {ID: c.ID, Key: "k", State: changed(1)},
	} {
		_, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{{ID: other.ID, Version: 1, Key: "k", State: changed(2)}, s})
		wantKind(t, what, err, errs.InvalidArgument)
	}
	wantCharacter(ctx, t, e, c)
	wantCharacter(ctx, t, e, other)
}

func savesLimit(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	saves := make([]store.CharacterSave, store.MaxBatch)
	for i := range saves {
		saves[i] = store.CharacterSave{ID: store.CharacterID(1_000_000 + i), Version: 1, Key: "k" + strconv.Itoa(i), State: changed(1)} //nolint:gosec // small
	}
	saves[500].ID = c.ID
	got := must[[]store.SaveResult](t)(e.Store.SaveCharacters(ctx, saves))
	if len(got) != len(saves) {
		t.Fatalf("%d results for %d saves", len(got), len(saves))
	}
	for i, r := range got {
		if i == 500 {
			wantSaved(t, "the one that exists", r, 2)
		} else {
			wantRefused(t, "save "+strconv.Itoa(i), r, store.ErrCharacterNotFound)
		}
	}
	_, err := e.Store.SaveCharacters(ctx, append(saves, store.CharacterSave{ID: 1, Version: 1, Key: "k", State: changed(1)}))
	wantKind(t, "one save more", err, errs.InvalidArgument)
	if got, err := e.Store.SaveCharacters(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("no saves: got %v, %v; want nothing", got, err)
	}
}

func savesRace(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	outcomes := race(20, func(i int) error {
		got, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{{ID: c.ID, Version: 1, Key: "k" + strconv.Itoa(i), State: changed(int64(i))}})
		if err != nil {
			return err
		}
		return got[0].Err
	})
	if n := wins(t, outcomes, store.ErrVersionConflict); n != 1 {
		t.Errorf("%d of 20 saves from one version were written, want 1", n)
	}
}

func savesTwice(t *testing.T, e Env) {
	ctx := testContext(t)
	c, other := create(ctx, t, e, "user", "Hero"), create(ctx, t, e, "user", "Other")
	_, err := e.Store.SaveCharacters(ctx, []store.CharacterSave{
		{ID: c.ID, Version: 1, Key: "a", State: changed(1)},
		{ID: other.ID, Version: 1, Key: "b", State: changed(2)},
		{ID: c.ID, Version: 2, Key: "c", State: changed(3)},
	})
	wantKind(t, "a character twice in a batch", err, errs.InvalidArgument)
	wantCharacter(ctx, t, e, c)
	wantCharacter(ctx, t, e, other)
}

// savesOverlap lets batches of the same characters run against each other in
// many orders. Of each round of saves from one version one is written, and
// nothing ever waits for ever.
func savesOverlap(t *testing.T, e Env) {
	ctx := testContext(t)
	const n, writers, rounds = 20, 8, 5
	all := make([]*store.Character, n)
	for i := range all {
		all[i] = create(ctx, t, e, "user-"+strconv.Itoa(i), "Name"+strconv.Itoa(i))
	}
	for round := range rounds {
		written := make([][]bool, writers)
		for w, err := range race(writers, func(w int) error {
			order := rand.New(rand.NewPCG(uint64(round), uint64(w))).Perm(n) //nolint:gosec // no secret
			saves := make([]store.CharacterSave, n)
			for i, at := range order {
				saves[i] = store.CharacterSave{
					ID: all[at].ID, Version: int64(round) + 1, Key: strconv.Itoa(round) + "-" + strconv.Itoa(w), State: changed(int64(w)),
				}
			}
			results, err := e.Store.SaveCharacters(ctx, saves)
			written[w] = make([]bool, n)
			for i, r := range results {
				if r.Err != nil && !errors.Is(r.Err, store.ErrVersionConflict) {
					return r.Err
				}
				written[w][order[i]] = r.Err == nil
			}
			return err
		}) {
			if err != nil {
				t.Fatalf("round %d, writer %d: %v", round, w, err)
			}
		}
		for i := range all {
			count := 0
			for w := range written {
				if written[w][i] {
					count++
				}
			}
			if count != 1 {
				t.Errorf("round %d: character %d was written %d times from one version", round, i, count)
			}
		}
	}
}

func savesAfterDelete(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Hero")
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	wantRefused(t, "from before the mark", save(ctx, t, e, store.CharacterSave{ID: c.ID, Version: 1, Key: "k", State: changed(1)}), store.ErrVersionConflict)
	got := must[*store.Character](t)(e.Store.GetCharacter(ctx, c.ID, store.Fresh))
	if got.DeleteAt.IsZero() {
		t.Error("a save took the mark away")
	}
}
