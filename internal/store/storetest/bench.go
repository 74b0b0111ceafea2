package storetest

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Bench measures what the game asks of a store most often. Open is as in
// Harness; each benchmark opens a store of its own.
func Bench(b *testing.B, open func(t testing.TB) Env) {
	b.Helper()
	for _, bench := range []struct {
		name string
		run  func(b *testing.B, e Env)
	}{
		{"GetSession", benchSession},
		{"GetCharacter", benchCharacter},
		{"ListCharacters", benchList},
		{"SaveOneCharacter", benchSaveOne},
		{"SaveHundredCharacters", benchSaveHundred},
		{"SaveHundredInventories", benchSaveInventories},
		{"RenewHundredPlays", benchRenew},
		{"TicketAndSignIn", benchSignIn},
		{"BeginAttemptGoesOn", benchAttemptOn},
		{"BeginAttemptWaits", benchAttemptWaits},
		{"BeginAndEndAttempt", benchAttemptEnds},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			bench.run(b, open(b))
		})
	}
}

func benchSession(b *testing.B, e Env) {
	_, token := e.addSession(b, e.user(b, "spaces").ID, e.Clock.Now().Add(time.Hour))
	b.ResetTimer() // opening the store is not what is measured
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := e.Store.GetSession(b.Context(), token, store.Cached); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func benchCharacter(b *testing.B, e Env) {
	c := create(b.Context(), b, e, "user", "Hero")
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := e.Store.GetCharacter(b.Context(), c.ID, store.Cached); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func benchList(b *testing.B, e Env) {
	for i := range store.MaxCharacters {
		create(b.Context(), b, e, "user", "Name"+strconv.Itoa(i))
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if list, err := e.Store.ListCharacters(b.Context(), "user", true, store.Cached); err != nil || len(list) != store.MaxCharacters {
				b.Errorf("%d characters, %v", len(list), err)
				return
			}
		}
	})
}

func benchSaveOne(b *testing.B, e Env) { benchSaves(b, e, 1, false) }

func benchSaveHundred(b *testing.B, e Env) { benchSaves(b, e, 100, false) }

func benchSaveInventories(b *testing.B, e Env) { benchSaves(b, e, 100, true) }

// benchSaves saves n characters who have thirty items each, with their items,
// of which one has changed, or without.
func benchSaves(b *testing.B, e Env, n int, withItems bool) {
	items := make([]store.Item, 30)
	for i := range items {
		items[i] = stack(0, uint8(i)+12, 1) //nolint:gosec // small
	}
	saves := make([]store.CharacterSave, n)
	for i := range saves {
		c := owner(b.Context(), b, e, "user-"+strconv.Itoa(i), "Name"+strconv.Itoa(i), items...)
		saves[i] = store.CharacterSave{ID: c.ID, Version: 1, State: sampleState()}
		if withItems {
			saves[i].Items = &c.Items
		}
	}
	round := 0
	for b.Loop() {
		round++
		for i := range saves {
			saves[i].Key = "round-" + strconv.Itoa(round)
			if withItems {
				(*saves[i].Items)[0].Quantity++
			}
		}
		results, err := e.Store.SaveCharacters(b.Context(), saves)
		if err != nil {
			b.Fatal(err)
		}
		for i, r := range results {
			if r.Err != nil {
				b.Fatal(r.Err)
			}
			saves[i].Version = r.Version
		}
	}
}

func benchRenew(b *testing.B, e Env) {
	refs := make([]store.PlayRef, 100)
	for i := range refs {
		refs[i] = begin(b.Context(), b, e, "user-"+strconv.Itoa(i)).Ref()
	}
	for b.Loop() {
		if plays, err := e.Store.RenewPlays(b.Context(), refs); err != nil || plays[0] == nil {
			b.Fatalf("%v, %v", plays, err)
		}
	}
}

func benchSignIn(b *testing.B, e Env) {
	var n atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			user := "user-" + strconv.FormatInt(n.Add(1), 10)
			digest := secretOf(user)
			if _, err := e.Store.CreateTicket(b.Context(), store.Ticket{Digest: digest, UserID: user}, time.Minute); err != nil {
				b.Error(err)
				return
			}
			if _, err := e.Store.RedeemTicket(b.Context(), digest, ""); err != nil {
				b.Error(err)
				return
			}
			if _, err := e.Store.BeginPlay(b.Context(), store.NewPlay{UserID: user, Digest: digest}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// benchAttemptOn makes tries at many accounts from many networks.
func benchAttemptOn(b *testing.B, e Env) { benchAttempts(b, e, false) }

// benchAttemptEnds makes tries that all have the right secret.
func benchAttemptEnds(b *testing.B, e Env) { benchAttempts(b, e, true) }

func benchAttempts(b *testing.B, e Env, end bool) {
	var n atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id := strconv.FormatInt(n.Add(1), 10)
			a := attempt("account-"+id, "net-"+id)
			if got, err := e.Store.BeginAttempt(b.Context(), a, onDevice()); err != nil || got.Wait != 0 {
				b.Errorf("%+v, %v", got, err)
				return
			}
			if !end {
				continue
			}
			if err := e.Store.EndAttempt(b.Context(), a, time.Hour); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// benchAttemptWaits hammers one device, as a bot does.
func benchAttemptWaits(b *testing.B, e Env) {
	a := attempt("account", "net")
	for range narrow.Free {
		try(b.Context(), b, e, a, onDevice())
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if got, err := e.Store.BeginAttempt(b.Context(), a, onDevice()); err != nil || got.Wait == 0 {
				b.Errorf("%+v, %v", got, err)
				return
			}
		}
	})
}
