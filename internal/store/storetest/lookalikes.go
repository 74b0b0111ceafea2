package storetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// lookAlikes are names that read the same and have keys of their own.
var lookAlikes = []string{"Millow", "Mil1ow", "MiIl0w", "MILL0VV", "Rnlllow", "rni1Iovv", "Mi110vv", "rnIlI0w"}

func charactersLookAlikes(t *testing.T, e Env) {
	ctx := testContext(t)
	first := create(ctx, t, e, "user", lookAlikes[0])
	for _, name := range lookAlikes[1:] {
		for _, user := range []string{"user", "another"} {
			_, err := e.Store.CreateCharacter(ctx, newCharacter(user, name))
			wantErr(t, name+" beside "+first.Name, err, store.ErrNameTaken)
		}
	}
	for _, name := range []string{"Willow", "Milloo", "Millov", "Mi11ow3"} {
		create(ctx, t, e, "other of "+name, name)
	}
	wantCharacter(ctx, t, e, first)
}

func charactersRaceForLookAlikes(t *testing.T, e Env) {
	ctx := testContext(t)
	const n = 100
	outcomes := race(n, func(i int) error {
		_, err := e.Store.CreateCharacter(ctx, newCharacter("user-"+strconv.Itoa(i), lookAlikes[i%len(lookAlikes)]))
		return err
	})
	if got := wins(t, outcomes, store.ErrNameTaken); got != 1 {
		t.Errorf("%d of %d look-alikes were made, want 1", got, n)
	}
	made := 0
	for i, err := range outcomes {
		list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user-"+strconv.Itoa(i), true, store.Fresh))
		if made += len(list); (len(list) == 1) != (err == nil) {
			t.Errorf("user %d was told %v and has %s", i, err, names(list))
		}
	}
	if made != 1 {
		t.Errorf("%d characters were made, want 1", made)
	}
}

// charactersLookAlikesAndDeletion: a marked character keeps its looks, and a
// purged one does not.
func charactersLookAlikesAndDeletion(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", lookAlikes[0])
	other := func(name string) error {
		_, err := e.Store.CreateCharacter(ctx, newCharacter("another", name))
		return err
	}
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	wantErr(t, "while it is marked", other(lookAlikes[1]), store.ErrNameTaken)
	must[*store.Character](t)(e.Store.RestoreCharacter(ctx, c.ID, "user"))
	wantErr(t, "once it is restored", other(lookAlikes[2]), store.ErrNameTaken)
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	e.Clock.Advance(store.DeletionGrace)
	wantErr(t, "before the purge", other(lookAlikes[3]), store.ErrNameTaken)
	if n := must[int](t)(e.Purger.PurgeCharacters(ctx, 10)); n != 1 {
		t.Fatalf("%d characters were purged, want 1", n)
	}
	e.settle()
	wantErr(t, "after the purge", other(lookAlikes[4]), nil)
	wantErr(t, "beside the new one", other(lookAlikes[0]), store.ErrNameTaken)
}
