package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
)

// A thousand saves with their items are one round trip: one message that asks
// the server to answer.
func TestAThousandSavesAreOneRoundTrip(t *testing.T) {
	t.Parallel()
	pg := migrated(t)
	u, err := url.Parse(pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	trips := &tripCounter{to: u.Host}
	u.Host = trips.listen(t)
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	s := open(t, postgres.Config{URL: u.String(), Migrate: true, MaxConns: 1})
	pg.Exec(t, `INSERT INTO game.character (user_id, name, name_key, slot, gender, birth_stone, hair, face, zone, x, y, revive_zone,
			job, level, xp, hp, mp, strength, dexterity, intelligence, concentration, charm, sense, stat_points, skill_points,
			stamina, money, version, create_key, created_at, updated_at)
		SELECT 'u' || i, 'n' || i, 'n' || i, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 'k', now(), now()
		FROM generate_series(1, 1001) i`)
	saves := make([]store.CharacterSave, 1001)
	for i := range saves {
		items := make(store.Inventory, 5)
		for j := range items {
			items[j] = store.Item{Place: uint8(j + 1), Type: store.ItemGem, Number: 1, Quantity: 1}
		}
		saves[i] = store.CharacterSave{ID: store.CharacterID(i + 1), Version: 1, Key: "k", Items: &items} //nolint:gosec // small
	}
	// The first save prepares the statements, once for a connection.
	if _, err := s.SaveCharacters(t.Context(), saves[1000:]); err != nil {
		t.Fatal(err)
	}
	before := trips.count.Load()
	got, err := s.SaveCharacters(t.Context(), saves[:1000])
	if err != nil {
		t.Fatal(err)
	}
	if n := trips.count.Load() - before; n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
	seen := map[store.ItemID]bool{}
	for i, r := range got {
		if r.Err != nil || r.Version != 2 || len(r.ItemIDs) != 5 {
			t.Fatalf("save %d: %+v", i, r)
		}
		for _, id := range r.ItemIDs {
			seen[id] = true
		}
	}
	if len(seen) != 5000 {
		t.Errorf("%d items have ids of their own, want 5000", len(seen))
	}
}

// tripCounter stands between a store and its server and counts the messages
// upon which the server has to answer: Sync and Query.
type tripCounter struct {
	to    string
	count atomic.Int64
}

func (c *tripCounter) listen(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = ln.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", c.to)
			if err != nil {
				t.Error(err)
				return
			}
			wg.Go(func() {
				_, _ = io.Copy(client, server)
				_ = client.Close()
			})
			wg.Go(func() {
				c.forward(server, client)
				_ = server.Close()
			})
		}
	})
	return ln.Addr().String()
}

// forward passes messages on; the first has a length and no type.
func (c *tripCounter) forward(to io.Writer, from io.Reader) {
	for first := true; ; first = false {
		var kind [1]byte
		var length [4]byte
		if !first {
			if _, err := io.ReadFull(from, kind[:]); err != nil {
				return
			}
			if kind[0] == 'S' || kind[0] == 'Q' {
				c.count.Add(1)
			}
			if _, err := to.Write(kind[:]); err != nil {
				return
			}
		}
		if _, err := io.ReadFull(from, length[:]); err != nil {
			return
		}
		if _, err := to.Write(length[:]); err != nil {
			return
		}
		if _, err := io.CopyN(to, from, int64(binary.BigEndian.Uint32(length[:]))-4); err != nil {
			return
		}
	}
}

// A save that meets a sign-in waits for it, and is refused as the work of an older
// owner: whoever signs in has been told what is stored.
func TestASaveDuringASignInIsJudgedAfterIt(t *testing.T) {
	t.Parallel()
	stores, d, _ := replicas(t, 1)
	s := stores[0]
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	hero := create(t, s, "a", "Hero")
	play, err := s.BeginPlay(ctx, store.NewPlay{UserID: "a", Digest: store.DigestOf("ticket")})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `UPDATE game.play SET generation = generation + 1`); err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		results []store.SaveResult
		err     error
	}
	done := make(chan outcome, 1)
	go func() {
		results, err := s.SaveCharacters(ctx, []store.CharacterSave{{
			ID: hero.ID, Version: 1, Key: "k", Generation: play.Generation, State: store.CharacterState{Money: 5},
		}})
		done <- outcome{results, err}
	}()
	waitForLock(t, d)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if o := <-done; o.err != nil || !errors.Is(o.results[0].Err, store.ErrStaleGeneration) {
		t.Errorf("the older owner's save: %+v, %v", o.results, o.err)
	}
	if got, err := s.GetCharacter(ctx, hero.ID, store.Fresh); err != nil || got.Version != 1 || got.State.Money != 0 {
		t.Errorf("stored is %+v, %v", got, err)
	}
}

// A server process that dies in the middle of a trade leaves nothing of it,
// and the trade repeated is made once.
func TestATradeCutOffIsNoTrade(t *testing.T) {
	t.Parallel()
	stores, d, _ := replicas(t, 1)
	s := stores[0]
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	seller, err := s.CreateCharacter(ctx, store.NewCharacter{
		UserID: "a", Name: "Seller", Key: "k",
		Items: store.Inventory{{Place: 12, Type: store.ItemMaterial, Number: 1, Quantity: 9}},
	})
	if err != nil {
		t.Fatal(err)
	}
	buyer := create(t, s, "b", "Buyer")
	none := store.Inventory{}
	saves := []store.CharacterSave{
		{ID: seller.ID, Version: 1, Key: "trade", Group: "g", Items: &none, State: store.CharacterState{Money: 5}},
		{ID: buyer.ID, Version: 1, Key: "trade", Group: "g", Items: &seller.Items},
	}
	// The lock on the table of items stops the trade where the characters have
	// been written and the items have not.
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM game.item FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.SaveCharacters(ctx, saves)
		done <- err
	}()
	waitForLock(t, d)
	if _, err := d.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'waystone' AND wait_event_type = 'Lock'`); err != nil {
		t.Fatal(err)
	}
	if err := <-done; errs.KindOf(err) != errs.Unavailable {
		t.Errorf("the trade that was cut off: got %v, want UNAVAILABLE", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []*store.Character{seller, buyer} {
		got, err := s.GetCharacter(ctx, want.ID, store.Fresh)
		if err != nil || got.Version != 1 || got.State.Money != 0 || len(got.Items) != len(want.Items) {
			t.Errorf("%s after the trade that was cut off: %+v, %v", want.Name, got, err)
		}
	}
	for range 2 { // the answer may get lost as well
		got, err := s.SaveCharacters(ctx, saves)
		if err != nil || got[0].Err != nil || got[1].Err != nil {
			t.Fatalf("repeated: %+v, %v", got, err)
		}
		if got[1].ItemIDs[0] != seller.Items[0].ID || got[1].Version != 2 {
			t.Errorf("repeated: %+v", got)
		}
	}
}

// Whatever a program does, the database refuses what no item can be.
func TestTheDatabaseRefusesWhatNoItemCanBe(t *testing.T) {
	t.Parallel()
	stores, d, _ := replicas(t, 1)
	hero := create(t, stores[0], "u", "Hero")
	insert := func(character store.CharacterID, columns string) error {
		_, err := d.Exec(`INSERT INTO game.item (character_id, place, type, number, quantity, crafted, gem, durability, life,
			socket, appraised, grade) VALUES ($1, `+columns+`)`, int64(character))
		return err
	}
	if err := insert(hero.ID, `7, 8, 1, 1, true, 511, 127, 1000, true, true, 15`); err != nil {
		t.Fatal(err)
	}
	for what, columns := range map[string]string{
		"a place that is taken":  `7, 8, 1, 1, true, 0, 0, 0, true, true, 0`,
		"no place":               `0, 8, 1, 1, true, 0, 0, 0, true, true, 0`,
		"a place too far":        `139, 8, 1, 1, true, 0, 0, 0, true, true, 0`,
		"no type":                `1, 0, 1, 1, true, 0, 0, 0, true, true, 0`,
		"money as an item":       `1, 31, 1, 1, true, 0, 0, 0, true, true, 0`,
		"no number":              `1, 8, 0, 1, true, 0, 0, 0, true, true, 0`,
		"two in one":             `1, 8, 1, 2, true, 0, 0, 0, true, true, 0`,
		"none of it":             `1, 10, 1, 0, false, 0, 0, 0, false, false, 0`,
		"more than there can be": `1, 10, 1, 4294967296, false, 0, 0, 0, false, false, 0`,
		"a stack with a gem":     `1, 10, 1, 1, false, 1, 0, 0, false, false, 0`,
		"a gem too far":          `1, 8, 1, 1, true, 512, 0, 0, true, true, 0`,
		"too alive":              `1, 8, 1, 1, true, 0, 0, 1001, true, true, 0`,
	} {
		if err := insert(hero.ID, columns); err == nil || !strings.Contains(err.Error(), "item_") {
			t.Errorf("%s: got %v, want a constraint to refuse it", what, err)
		}
	}
	if err := insert(hero.ID+1, `7, 8, 1, 1, true, 0, 0, 0, true, true, 0`); err == nil || !strings.Contains(err.Error(), "item_character_fkey") {
		t.Errorf("of no character: %v", err)
	}
	for _, money := range []string{"-1", "1000000000000000"} {
		if _, err := d.Exec(`UPDATE game.character SET money = ` + money); err == nil || !strings.Contains(err.Error(), "character_money") {
			t.Errorf("money %s: %v", money, err)
		}
	}
	if _, err := d.Exec(`INSERT INTO game.item (id, character_id, place, type, number, quantity, crafted, gem, durability, life,
		socket, appraised, grade) VALUES (1, $1, 1, 10, 1, 1, false, 0, 0, 0, false, false, 0)`, int64(hero.ID)); err == nil {
		t.Error("an id could be chosen")
	}
	got, err := stores[0].GetCharacter(t.Context(), hero.ID, store.Fresh)
	if err != nil || len(got.Items) != 1 {
		t.Errorf("the hero has %v, %v", got, err)
	}
	if _, err := stores[0].GetCharacter(t.Context(), hero.ID+1, store.Fresh); !errors.Is(err, store.ErrCharacterNotFound) {
		t.Error(err)
	}
}
