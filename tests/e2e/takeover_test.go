package e2e_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/store"
)

const takenOver = "Your account has signed in from elsewhere."

// operatorsTicket is the name and the ticket of a user without a session.
func (d *deployment) operatorsTicket(user string) (name, ticket string) {
	d.t.Helper()
	name, ticket, _, err := d.ticket(user)
	if err != nil {
		d.t.Fatal(err)
	}
	return name, ticket
}

// equip gives a user's character, which nobody plays now, something to lose.
func (d *deployment) equip(userID string) {
	d.t.Helper()
	d.pg.Exec(d.t, fmt.Sprintf(`DELETE FROM game.item; INSERT INTO game.item (character_id, place, type, number, quantity, crafted, gem, durability, life, socket, appraised, grade)
		SELECT id, v.place, v.type, v.number, v.quantity, false, 0, v.durability, v.life, false, false, 0
		FROM game.character, (VALUES (7, 8, 202, 1, 43, 987), (42, 10, 17, 250, 0, 0)) v(place, type, number, quantity, durability, life)
		WHERE user_id = '%s'`, userID))
}

// as is what a bot's character has and where it started.
func as(b *bot.Bot) (items packets.Inventory, x, y float64) {
	b.Look(func(v bot.View) {
		items = v.Inventory()
		sx, sy := v.Start()
		x, y = float64(sx), float64(sy)
	})
	return items, x, y
}

// wantIntact checks that a newcomer has what the former had, at the place where
// the former stood.
func wantIntact(t *testing.T, newcomer *bot.Bot, items packets.Inventory, x, y float64) {
	t.Helper()
	got, gotX, gotY := as(newcomer)
	if got != items {
		t.Errorf("the inventory is %+v, want %+v", got, items)
	}
	if math.Hypot(gotX-x, gotY-y) > 1 {
		t.Errorf("the newcomer started at %.0f, %.0f, and the former stood at %.0f, %.0f", gotX, gotY, x, y)
	}
}

// TestTakeoverBetweenGateways: a newcomer at another gateway who only looks at the
// list of servers puts nobody out; one who goes on waits until the former is saved
// and closed, and goes on with what the former had; and so back.
func TestTakeoverBetweenGateways(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t, slow())
	other, _ := d.gateway()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	first := d.play(ctx, "alice_01")
	if err := first.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	userID := d.userID("alice_01")
	d.recordEnded(userID)
	d.equip(userID)
	former := d.play(ctx, "alice_01")
	items, _, _ := as(former)
	if items.Items[packets.SlotWeapon].Number != 202 || items.Items[packets.SlotBag+packets.BagPage].Quantity != 250 {
		t.Fatalf("the character has %+v", items)
	}
	for _, login := range []string{other, d.login, other} {
		walked(ctx, t, former)
		x, y := place(t, former)
		name, ticket := d.operatorsTicket("alice_01")
		newcomer := d.dial(ctx, login, name, ticket)
		servers, err := newcomer.Login(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := former.Say(ctx, "still here"); err != nil {
			t.Fatalf("the former, beside one who looks at the list of servers: %v", err)
		}
		start := time.Now()
		if err := newcomer.SelectServer(ctx, servers[0].ID, 1); err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		t.Logf("let in %v after the server was chosen", took.Round(time.Millisecond))
		if took > atOnce {
			t.Errorf("it took %v to be let in, want at most %v", took, atOnce)
		}
		how, err := former.WaitClosed(ctx, packets.Game)
		if err != nil || how.Announce != takenOver {
			t.Errorf("the former was told %+v, %v", how, err)
		}
		newcomer.Close() // nor is one who leaves before the game in the way
		name, ticket = d.operatorsTicket("alice_01")
		former = d.playAt(ctx, login, name, ticket)
		wantIntact(t, former, items, x, y)
	}
	if err := former.Logout(ctx); err != nil {
		t.Error(err)
	}
}

// TestTwoArriveAtTheSameInstant: at two gateways, with somebody in the game and
// with nobody; exactly one is in afterwards.
func TestTwoArriveAtTheSameInstant(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t, slow())
	other, _ := d.gateway()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	var winner *bot.Bot
	for round := range 4 {
		bots := make([]*bot.Bot, 2)
		for i, login := range []string{d.login, other} {
			name, ticket := d.operatorsTicket("bjorn.aa")
			bots[i] = d.dial(ctx, login, name, ticket)
		}
		errs := make([]error, len(bots))
		var arriving sync.WaitGroup
		for i, b := range bots {
			arriving.Go(func() { errs[i] = b.SignIn(ctx) })
		}
		arriving.Wait()
		if winner != nil {
			if how, err := winner.WaitClosed(ctx, packets.Game); err != nil || how.Announce != takenOver {
				t.Errorf("round %d: the one who was in was told %+v, %v", round, how, err)
			}
		}
		if errs[0] != nil && errs[1] != nil {
			t.Fatalf("round %d: nobody got in: %v; %v", round, errs[0], errs[1])
		}
		in := 0 // who is in, if only one is
		switch {
		case errs[0] == nil && errs[1] == nil:
			// One has been let in after the other, who is about to be put out.
			gone := make(chan int, len(bots))
			waiting, give := context.WithCancel(ctx)
			for i, b := range bots {
				arriving.Go(func() {
					if _, err := b.WaitClosed(waiting, packets.World); err == nil {
						gone <- i
					}
				})
			}
			in = 1 - <-gone
			give()
			arriving.Wait()
			if len(gone) > 0 {
				t.Fatalf("round %d: both were put out", round)
			}
		case errs[0] != nil:
			in = 1
		}
		winner = bots[in]
		character, _, err := winner.EnsureCharacter(ctx)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := winner.Enter(ctx, character); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := winner.Say(ctx, fmt.Sprint("alone in round ", round)); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	if err := winner.Logout(ctx); err != nil {
		t.Error(err)
	}
}

// TestADeadGatewayKeepsNobodyOut: its records end with their leases, and the
// world, which lives, gives the newcomer the player's last place.
func TestADeadGatewayKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t)
	other, _ := d.gateway()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	former := d.play(ctx, "alice_01")
	walked(ctx, t, former)
	x, y := place(t, former)
	items, _, _ := as(former)
	name, ticket := d.operatorsTicket("alice_01")
	p := d.processes["packet"]
	_ = p.cmd.Process.Kill()
	_ = p.wait()
	start := time.Now()
	newcomer := d.playAt(ctx, other, name, ticket)
	took := time.Since(start)
	t.Logf("in the game %v after the gateway was killed", took.Round(time.Millisecond))
	if took > store.PlayLease+atOnce {
		t.Errorf("it took %v, want at most a lease, %v", took, store.PlayLease)
	}
	wantIntact(t, newcomer, items, x, y)
}

// TestADeadWorldKeepsNobodyOut: the newcomer has what was saved.
func TestADeadWorldKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t, map[string]string{"WORLD_SAVE_INTERVAL": "100ms"})
	other, await := d.gateway()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	former := d.play(ctx, "alice_01")
	walked(ctx, t, former)
	x, y := place(t, former)
	items, _, _ := as(former)
	d.processes["world"].until("has saved the place", func() bool {
		var savedX, savedY float64
		d.mustRow(`SELECT x, y FROM game.character WHERE user_id = $1`, []any{d.userID("alice_01")}, &savedX, &savedY)
		return math.Hypot(savedX-x, savedY-y) <= 1
	})
	w := d.processes["world"]
	_ = w.cmd.Process.Kill()
	_ = w.wait()
	name, ticket := d.operatorsTicket("alice_01")
	start := time.Now()
	newcomer := d.dial(ctx, other, name, ticket)
	if err := newcomer.SignIn(ctx); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	t.Logf("let in %v after the connection was made", took.Round(time.Millisecond))
	if took > store.PlayLease+atOnce {
		t.Errorf("it took %v, want at most a lease, %v", took, store.PlayLease)
	}
	if how, err := former.WaitClosed(ctx, packets.Game); err != nil || how.Announce != takenOver {
		t.Errorf("the former was told %+v, %v", how, err)
	}
	await(false) // it has noticed
	d.restart["world"]()
	await(true)
	character, _, err := newcomer.EnsureCharacter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := newcomer.Select(ctx, character); err != nil {
		t.Fatal(err)
	}
	if err := newcomer.JoinGame(ctx); err != nil {
		t.Fatal(err)
	}
	wantIntact(t, newcomer, items, x, y)
}

// TestALateSaveIsRefused: a world that stands still for longer than a newcomer
// waits, and then wants to save, is refused by the database.
func TestALateSaveIsRefused(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	former := d.play(ctx, "alice_01")
	x, y := place(t, former)
	w := d.processes["world"]
	if err := former.MoveTo(ctx, float32(x+5000), float32(y)); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	awake := sync.OnceFunc(func() { _ = w.cmd.Process.Signal(syscall.SIGCONT) })
	t.Cleanup(awake)
	name, ticket := d.operatorsTicket("alice_01")
	start := time.Now()
	newcomer := d.dial(ctx, d.login, name, ticket)
	if err := newcomer.SignIn(ctx); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	t.Logf("let in %v after the connection was made", took.Round(time.Millisecond))
	if took > store.PlayClosingLimit+atOnce {
		t.Errorf("it took %v, want at most %v", took, store.PlayClosingLimit)
	}
	var generation, version int64
	read := func() (g, v int64) {
		d.mustRow(`SELECT p.generation, c.version FROM game.play p JOIN game.character c USING (user_id) WHERE user_id = $1`,
			[]any{d.userID("alice_01")}, &g, &v)
		return g, v
	}
	if generation, version = read(); generation != 2 {
		t.Errorf("the newcomer has generation %d, want 2", generation)
	}
	awake()
	w.until("was refused its late save", func() bool { return strings.Contains(w.out.String(), "a save was refused and will not be tried again") })
	if _, v := read(); v != version {
		t.Errorf("the late save was written: version %d after %d", v, version)
	}
}
