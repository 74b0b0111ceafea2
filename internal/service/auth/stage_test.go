package auth_test

import (
	"sync"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

const (
	toWorld = databasev1.Stage_STAGE_WORLD
	toGame  = databasev1.Stage_STAGE_GAME
)

func (w *world) handOver(t testing.TB, p *databasev1.Play, stage databasev1.Stage, character string) (*authv1.HandOverResponse, error) {
	t.Helper()
	return w.HandOver(t.Context(), &authv1.HandOverRequest{
		PlayId: p.GetId(), Generation: p.GetGeneration(), Stage: stage, CharacterId: character,
	})
}

func (w *world) join(t testing.TB, token uint32, secret string, stage databasev1.Stage, address string) (*authv1.JoinResponse, error) {
	t.Helper()
	return w.Join(t.Context(), &authv1.JoinRequest{Token: token, Secret: secret, Stage: stage, Address: address})
}

func TestTheWayIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, secret := w.mustLogin(t, "ada1")
	world, err := w.handOver(t, in.GetPlay(), toWorld, "")
	if err != nil {
		t.Fatal(err)
	}
	if world.GetToken() == 0 || !world.GetExpiresAt().AsTime().Equal(w.store.clock.Now().Add(store.HandOverLifetime)) {
		t.Errorf("handed over with %v", world)
	}
	joined, err := w.join(t, world.GetToken(), secret, toWorld, home)
	if err != nil {
		t.Fatal(err)
	}
	if joined.GetPlay().GetStage() != toWorld || joined.GetPlay().GetId() != in.GetPlay().GetId() {
		t.Errorf("joined as %v", joined)
	}
	_, err = w.join(t, world.GetToken(), secret, toWorld, home)
	want(t, "the same token again", err, store.ErrJoinRefused)

	game, err := w.handOver(t, in.GetPlay(), toGame, "4000000000")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.join(t, game.GetToken(), secret, toWorld, home)
	want(t, "another stage", err, store.ErrJoinRefused)
	_, err = w.join(t, game.GetToken(), auth.NewTicket(), toGame, home)
	want(t, "another secret", err, store.ErrJoinRefused)
	_, err = w.join(t, game.GetToken()+1, secret, toGame, home)
	want(t, "another token", err, store.ErrJoinRefused)
	_, err = w.join(t, 0, secret, toGame, home)
	want(t, "token 0", err, store.ErrJoinRefused)
	joined, err = w.join(t, game.GetToken(), secret, toGame, abroad)
	if err != nil {
		t.Fatalf("the right ones, after all that, from elsewhere: %v", err)
	}
	if joined.GetPlay().GetCharacterId() != "4000000000" {
		t.Errorf("joined as %v", joined)
	}
}

func TestATokenEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, secret := w.mustLogin(t, "ada1")
	out, err := w.handOver(t, in.GetPlay(), toWorld, "")
	if err != nil {
		t.Fatal(err)
	}
	w.store.clock.Advance(store.HandOverLifetime + time.Millisecond)
	_, err = w.join(t, out.GetToken(), secret, toWorld, home)
	want(t, "too late", err, store.ErrJoinRefused)
	_, err = w.handOver(t, in.GetPlay(), toWorld, "")
	want(t, "a record that died", err, store.ErrPlayNotFound)
}

func TestASecondSignInTakesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, secret := w.mustLogin(t, "ada1")
	out, err := w.handOver(t, first.GetPlay(), toWorld, "")
	if err != nil {
		t.Fatal(err)
	}
	w.end(t, first.GetPlay())
	w.mustLogin(t, "ada1")
	_, err = w.join(t, out.GetToken(), secret, toWorld, home)
	want(t, "join of the first", err, store.ErrJoinRefused)
	_, err = w.handOver(t, first.GetPlay(), toWorld, "")
	want(t, "hand-over of the first", err, store.ErrPlayNotFound)
}

func TestHundredJoinsOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, secret := w.mustLogin(t, "ada1")
	out, err := w.handOver(t, in.GetPlay(), toWorld, "")
	if err != nil {
		t.Fatal(err)
	}
	const n = 100
	got := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, got[i] = w.join(t, out.GetToken(), secret, toWorld, home) })
	}
	wg.Wait()
	won := 0
	for _, err := range got {
		if err == nil {
			won++
			continue
		}
		want(t, "one of the others", err, store.ErrJoinRefused)
	}
	if won != 1 {
		t.Errorf("%d joins were admitted", won)
	}
}

func TestHandOverDrawsAnotherToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, _ := w.mustLogin(t, "ada1")
	taken := faultstore.Fail(store.ErrTokenTaken)
	w.store.On(faultstore.HandOverPlay, faultstore.Times(auth.TokenTries-1, taken))
	if _, err := w.handOver(t, in.GetPlay(), toWorld, ""); err != nil {
		t.Errorf("the last try: %v", err)
	}
	w.store.On(faultstore.HandOverPlay, faultstore.Times(auth.TokenTries, taken))
	_, err := w.handOver(t, in.GetPlay(), toWorld, "")
	want(t, "every token taken", err, auth.ErrNoToken)
}

func TestHandOverRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, _ := w.mustLogin(t, "ada1")
	for _, id := range []string{"", "0", "x", "+1", "4294967296"} {
		_, err := w.handOver(t, in.GetPlay(), toGame, id)
		want(t, "character "+id, err, errs.Invalid("character_id", ""))
	}
	_, err := w.handOver(t, in.GetPlay(), databasev1.Stage_STAGE_LOGIN, "")
	want(t, "to the login stage", err, errs.Invalid("stage", ""))
	w.store.down(store.ErrUnavailable)
	_, err = w.handOver(t, in.GetPlay(), toWorld, "")
	want(t, "store down", err, store.ErrUnavailable)
}

func TestBoundAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.BindAddress = true })
	in, secret := w.mustLogin(t, "ada1")
	next := func() uint32 {
		out, err := w.handOver(t, in.GetPlay(), toWorld, "")
		if err != nil {
			t.Fatal(err)
		}
		return out.GetToken()
	}
	token := next()
	_, err := w.join(t, token, secret, toWorld, abroad)
	want(t, "from elsewhere", err, store.ErrJoinRefused)
	_, err = w.join(t, token, secret, toWorld, home)
	want(t, "the passage is used up", err, store.ErrJoinRefused)
	if _, err := w.join(t, next(), secret, toWorld, "::ffff:"+home); err != nil {
		t.Errorf("from the same address in another form: %v", err)
	}
}
