package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// While a replica purges or sweeps, another neither does the same nor waits
// for it.
func TestOneReplicaAtATimePurgesAndSweeps(t *testing.T) {
	t.Parallel()
	stores, d, clock := replicas(t, 2)
	// A wait would end with the deadline, and fail.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	hero := create(t, stores[0], "gone", "Hero")
	create(t, stores[0], "gone too", "Other")
	if _, err := stores[0].DeleteCharacter(ctx, hero.ID, "gone"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(store.DeletionGrace)
	rules := store.SweepRules{Grace: store.SweepGrace}

	busy, err := d.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Rollback() }()
	for _, class := range []int{0x70757267, 0x73776570} {
		if _, err := busy.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1, 0)`, class); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range stores {
		if n, err := s.PurgeCharacters(ctx, 10); n != 0 || err != nil {
			t.Errorf("replica %d purged %d, %v, beside another", i, n, err)
		}
		if done, err := s.Sweep(ctx, rules); done != (store.Swept{}) || err != nil {
			t.Errorf("replica %d swept %+v, %v, beside another", i, done, err)
		}
	}
	if err := busy.Rollback(); err != nil {
		t.Fatal(err)
	}
	if n, err := stores[1].PurgeCharacters(ctx, 10); n != 1 || err != nil {
		t.Errorf("then %d were purged, %v; want 1", n, err)
	}
	if done, err := stores[0].Sweep(ctx, rules); done.Marked != 0 || !errors.Is(err, store.ErrNoUsers) {
		t.Errorf("%+v, %v, although there are no users at all", done, err)
	}
	if _, err := stores[0].CreateUser(ctx, store.NewUser{Username: "somebody", Name: "Somebody", Email: "somebody@example.com"}); err != nil {
		t.Fatal(err)
	}
	if done, err := stores[0].Sweep(ctx, rules); done.Marked != 1 || err != nil {
		t.Errorf("then %+v, %v; want 1 marked", done, err)
	}
}

// A purge does not wait for a row that somebody holds, such as one who
// restores.
func TestPurgePassesOverWhatIsLocked(t *testing.T) {
	t.Parallel()
	stores, d, clock := replicas(t, 1)
	s := stores[0]
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	held, other := create(t, s, "u", "Held"), create(t, s, "u", "Other")
	for _, c := range []*store.Character{held, other} {
		if _, err := s.DeleteCharacter(ctx, c.ID, "u"); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(store.DeletionGrace)
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `UPDATE game.character SET delete_at = NULL WHERE id = $1`, int64(held.ID)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.PurgeCharacters(ctx, 10); n != 1 || err != nil {
		t.Errorf("%d were purged, %v; want the one that nobody holds", n, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.PurgeCharacters(ctx, 10); n != 0 || err != nil {
		t.Errorf("%d were purged, %v; want none", n, err)
	}
	if _, err := s.GetCharacter(ctx, held.ID, store.Fresh); err != nil {
		t.Errorf("the restored character: %v", err)
	}
}
