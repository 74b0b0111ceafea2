package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// replicas opens several stores on one database.
func replicas(t *testing.T, n int) (stores []*postgres.Store, d *sql.DB, clock *storetest.Clock) {
	t.Helper()
	pg := migrated(t)
	clock = storetest.NewClock()
	for range n {
		stores = append(stores, open(t, postgres.Config{URL: pg.URL(), Migrate: true, Now: clock.Now, MaxConns: 8}))
	}
	return stores, openSQL(t, pg.URL()), clock
}

func create(t *testing.T, s *postgres.Store, user, name string) *store.Character {
	t.Helper()
	c, err := s.CreateCharacter(t.Context(), store.NewCharacter{UserID: user, Name: name, Key: name})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A thousand creations at once through two replicas: of one name one is made,
// and of one account five.
func TestReplicasKeepTheLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attempt func(i int) store.NewCharacter
		refusal error
		made    int
	}{
		"one name": {
			func(i int) store.NewCharacter {
				return store.NewCharacter{UserID: fmt.Sprint("u", i), Name: []string{"Hero", "HERO"}[i/2%2], Key: "k"}
			},
			store.ErrNameTaken, 1,
		},
		"one account": {
			func(i int) store.NewCharacter {
				return store.NewCharacter{UserID: "u", Name: fmt.Sprint("Hero", i), Key: fmt.Sprint("k", i)}
			},
			store.ErrCharacterLimit, 5,
		},
		"one key": { // the other half finds what the first made
			func(int) store.NewCharacter { return store.NewCharacter{UserID: "u", Name: "Hero", Key: "k"} },
			nil, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores, d, _ := replicas(t, 2)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var mu sync.Mutex
			outcomes := map[error]int{}
			ids := map[store.CharacterID]bool{}
			var wg sync.WaitGroup
			for i := range 1000 {
				wg.Go(func() {
					got, err := stores[i%2].CreateCharacter(ctx, c.attempt(i))
					mu.Lock()
					defer mu.Unlock()
					outcomes[err]++
					if got != nil {
						ids[got.ID] = true
					}
				})
			}
			wg.Wait()
			if c.refusal != nil && (outcomes[nil] != c.made || outcomes[c.refusal] != 1000-c.made) ||
				c.refusal == nil && outcomes[nil] != 1000 || len(ids) != c.made {
				t.Errorf("outcomes %v, characters %v; want %d made", outcomes, ids, c.made)
			}
			var rows int
			if err := d.QueryRow(`SELECT count(*) FROM game.character`).Scan(&rows); err != nil || rows != c.made {
				t.Errorf("%d rows, %v; want %d", rows, err, c.made)
			}
		})
	}
}

func TestReplicasPurgeEachRowOnce(t *testing.T) {
	t.Parallel()
	stores, d, clock := replicas(t, 3)
	const marked = 30
	for i := range marked {
		c := create(t, stores[0], fmt.Sprint("u", i/5), fmt.Sprint("Hero", i))
		if _, err := stores[0].DeleteCharacter(t.Context(), c.ID, c.UserID); err != nil {
			t.Fatal(err)
		}
	}
	create(t, stores[0], "other", "Survivor")
	clock.Advance(store.DeletionGrace)
	counts := make([]int, 9)
	var wg sync.WaitGroup
	for i := range counts {
		wg.Go(func() {
			var err error
			if counts[i], err = stores[i%3].PurgeCharacters(t.Context(), 7); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	// While one replica purges, the others do nothing; what is left then is for
	// the next one.
	for {
		n, err := stores[0].PurgeCharacters(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		sum += n
	}
	var left int
	if err := d.QueryRow(`SELECT count(*) FROM game.character`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if sum != marked || left != 1 {
		t.Errorf("%d purged in all and %d left, want %d and 1", sum, left, marked)
	}
}

// A save that has to wait for a row judges it as it is once the wait is over,
// not as it was when the statement began.
func TestSaveJudgesWhatItFindsAfterAWait(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile string
		want      error
	}{
		"a change":      {`UPDATE game.character SET version = version + 1`, store.ErrVersionConflict},
		"the same save": {`UPDATE game.character SET version = version + 1, last_save_key = 'k'`, nil},
		"a deletion":    {`DELETE FROM game.character`, store.ErrCharacterNotFound},
		"a new sign-in": {`SELECT 1 FROM game.character FOR UPDATE`, store.ErrStaleGeneration},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores, d, _ := replicas(t, 1)
			s := stores[0]
			// Locks taken in another order would have all three wait for each
			// other: the deadline makes that a failure.
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			hero := create(t, s, "u", "Hero")
			p, err := s.BeginPlay(ctx, store.NewPlay{UserID: "u"})
			if err != nil {
				t.Fatal(err)
			}
			tx, err := d.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.ExecContext(ctx, c.meanwhile); err != nil {
				t.Fatal(err)
			}
			type outcome struct {
				results []store.SaveResult
				err     error
			}
			done := make(chan outcome, 1)
			go func() {
				r, err := s.SaveCharacters(ctx, []store.CharacterSave{{ID: hero.ID, Version: 1, Generation: p.Generation, Key: "k"}})
				done <- outcome{r, err}
			}()
			waitForLock(t, d)
			if name == "a new sign-in" {
				if err := s.EndPlay(ctx, p.Ref()); err != nil {
					t.Fatal(err)
				}
				if _, err := s.BeginPlay(ctx, store.NewPlay{UserID: "u"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			got := <-done
			if got.err != nil {
				t.Fatal(got.err)
			}
			if !errors.Is(got.results[0].Err, c.want) {
				t.Errorf("got %v, want %v", got.results[0].Err, c.want)
			}
			if c.want == nil && got.results[0].Version != 2 {
				t.Errorf("version %d, want the 2 that the first attempt made", got.results[0].Version)
			}
		})
	}
}

// Saves and renewals of the same characters in opposite orders never lock
// each other out.
func TestBatchesInAnyOrderNeverDeadlock(t *testing.T) {
	t.Parallel()
	stores, _, _ := replicas(t, 2)
	ctx := t.Context()
	const n = 20
	var saves []store.CharacterSave
	var refs []store.PlayRef
	for i := range n {
		user := fmt.Sprint("u", i)
		c := create(t, stores[0], user, fmt.Sprint("Hero", i))
		p, err := stores[0].BeginPlay(ctx, store.NewPlay{UserID: user})
		if err != nil {
			t.Fatal(err)
		}
		saves = append(saves, store.CharacterSave{ID: c.ID, Version: 1, Generation: 1})
		refs = append(refs, p.Ref())
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			mySaves, myRefs := make([]store.CharacterSave, n), make([]store.PlayRef, n)
			for i := range n {
				from := i
				if w%2 == 1 {
					from = n - 1 - i
				}
				mySaves[i], myRefs[i] = saves[from], refs[from]
			}
			for round := range 10 {
				for i := range mySaves {
					mySaves[i].Key = fmt.Sprint(w, "-", round)
				}
				results, err := stores[w%2].SaveCharacters(ctx, mySaves)
				if err != nil {
					t.Errorf("save: %v", err)
					return
				}
				for i, r := range results {
					if r.Err == nil {
						mySaves[i].Version = r.Version
					}
				}
				if _, err := stores[w%2].RenewPlays(ctx, myRefs); err != nil {
					t.Errorf("renew: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// waitForLock returns once a statement waits for a lock.
func waitForLock(t *testing.T, d *sql.DB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		var n int
		err := d.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'waystone' AND wait_event_type = 'Lock'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		time.Sleep(time.Millisecond) // the server tells nobody of a wait
	}
	t.Fatal("nothing waits for a lock")
}
