package storetest

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func handOverTests() []test {
	return []test{
		{"FromLoginToTheGameAndBack", handOverJourney},
		{"AdmitsOnce", handOverOnce},
		{"OfFiftyAtOnceOneIsAdmitted", handOverRace},
		{"WrongTokenSecretOrStageUsesNothingUp", handOverWrong},
		{"TokenEndsAfterAMinute", handOverExpiry},
		{"PendingPassageKeepsTheRecord", handOverPending},
		{"ReplacesTheOneNotUsed", handOverReplaced},
		{"TokenInUseIsRefused", handOverTaken},
		{"InvalidIsRefused", handOverInvalid},
	}
}

func handOver(ctx context.Context, t testing.TB, e Env, p *store.Play, stage store.Stage, id store.CharacterID, token uint32) time.Time {
	t.Helper()
	at, err := e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: p.Ref(), Stage: stage, CharacterID: id, Token: token})
	if err != nil {
		t.Fatalf("HandOverPlay: %v", err)
	}
	return at
}

func admit(ctx context.Context, t testing.TB, e Env, user string, stage store.Stage, token uint32) *store.Play {
	t.Helper()
	p, err := e.Store.AdmitPlay(ctx, token, secretOf(user), stage)
	if err != nil {
		t.Fatalf("AdmitPlay: %v", err)
	}
	return p
}

func handOverJourney(t *testing.T, e Env) {
	ctx := testContext(t)
	want := *begin(ctx, t, e, "user")
	const hero, other store.CharacterID = 42, math.MaxUint32
	for i, step := range []struct {
		stage store.Stage
		id    store.CharacterID
	}{
		{store.StageWorld, 0}, {store.StageGame, hero}, {store.StageWorld, 0}, {store.StageGame, other}, {store.StageGame, other},
	} {
		token := math.MaxUint32 - uint32(i) //nolint:gosec // small
		e.Clock.Advance(time.Second)
		at := handOver(ctx, t, e, &want, step.stage, step.id, token)
		wantTime(t, "end of the token", at, e.Clock.Now().Add(store.HandOverLifetime))
		if p := renew(ctx, t, e, want.Ref()); p == nil || p.Stage != want.Stage || p.CharacterID != want.CharacterID {
			t.Errorf("step %d: a passage not yet used changed the record to %+v", i, p)
		}
		e.Clock.Advance(time.Second)
		got := admit(ctx, t, e, "user", step.stage, token)
		want.Stage, want.CharacterID, want.LeaseExpiresAt = step.stage, step.id, e.Clock.Now().Add(store.PlayLease)
		wantEqual(t, "admitted record", got, &want)
	}
}

func handOverOnce(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	handOver(ctx, t, e, p, store.StageWorld, 0, 7)
	admit(ctx, t, e, "user", store.StageWorld, 7)
	_, err := e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageWorld)
	wantErr(t, "the second time", err, store.ErrJoinRefused)
	if renew(ctx, t, e, p.Ref()) == nil {
		t.Error("a refused second try ended the record")
	}
	handOver(ctx, t, e, p, store.StageWorld, 0, 7) // a token may be used again
}

func handOverRace(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	handOver(ctx, t, e, p, store.StageGame, 42, 7)
	if n := wins(t, race(50, func(int) error {
		_, err := e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageGame)
		return err
	}), store.ErrJoinRefused); n != 1 {
		t.Errorf("%d of 50 were admitted, want 1", n)
	}
}

func handOverWrong(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	begin(ctx, t, e, "another")
	handOver(ctx, t, e, p, store.StageWorld, 0, 7)
	for _, c := range []struct {
		what   string
		token  uint32
		secret store.Digest
		stage  store.Stage
	}{
		{"another stage", 7, secretOf("user"), store.StageGame},
		{"another token", 8, secretOf("user"), store.StageWorld},
		{"no token", 0, secretOf("user"), store.StageWorld},
		{"another's secret", 7, secretOf("another"), store.StageWorld},
		{"no secret", 7, store.Digest{}, store.StageWorld},
	} {
		_, err := e.Store.AdmitPlay(ctx, c.token, c.secret, c.stage)
		wantErr(t, c.what, err, store.ErrJoinRefused)
	}
	admit(ctx, t, e, "user", store.StageWorld, 7)
}

func handOverExpiry(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	handOver(ctx, t, e, p, store.StageWorld, 0, 7)
	for range 6 { // the record itself is kept alive
		e.Clock.Advance(store.HandOverLifetime / 6)
		if renew(ctx, t, e, p.Ref()) == nil {
			t.Fatal("the record is lost")
		}
	}
	e.Clock.Advance(time.Millisecond)
	_, err := e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageWorld)
	wantErr(t, "a token that is over", err, store.ErrJoinRefused)
	if renew(ctx, t, e, p.Ref()) == nil {
		t.Error("the record ended with its token although it was renewed")
	}
	// The token is free for others now.
	other := begin(ctx, t, e, "another")
	handOver(ctx, t, e, other, store.StageWorld, 0, 7)
	admit(ctx, t, e, "another", store.StageWorld, 7)
}

func handOverPending(t *testing.T, e Env) {
	ctx := testContext(t)
	// Never renewed, and renewed once: neither ends before its token does.
	silent, once := begin(ctx, t, e, "silent"), begin(ctx, t, e, "once")
	handOver(ctx, t, e, silent, store.StageWorld, 0, 7)
	handOver(ctx, t, e, once, store.StageWorld, 0, 8)
	e.Clock.Advance(time.Second)
	if renew(ctx, t, e, once.Ref()) == nil {
		t.Fatal("the record is lost")
	}
	e.Clock.Advance(store.HandOverLifetime - time.Second - time.Millisecond)
	admit(ctx, t, e, "silent", store.StageWorld, 7)
	p := admit(ctx, t, e, "once", store.StageWorld, 8)
	wantTime(t, "lease after the passage", p.LeaseExpiresAt, e.Clock.Now().Add(store.PlayLease))

	// From here on each needs renewing as before.
	e.Clock.Advance(store.PlayLease + time.Millisecond)
	_, err := e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: silent.Ref(), Stage: store.StageWorld, Token: 10})
	wantErr(t, "the lease after the passage, without renewal", err, store.ErrPlayNotFound)

	late := begin(ctx, t, e, "late")
	handOver(ctx, t, e, late, store.StageWorld, 0, 9)
	e.Clock.Advance(store.HandOverLifetime + time.Millisecond)
	_, err = e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: late.Ref(), Stage: store.StageWorld, Token: 11})
	wantErr(t, "the record after its token, without renewal", err, store.ErrPlayNotFound)
}

func handOverReplaced(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	handOver(ctx, t, e, p, store.StageGame, 1, 7)
	handOver(ctx, t, e, p, store.StageGame, 2, 8)
	_, err := e.Store.AdmitPlay(ctx, 7, secretOf("user"), store.StageGame)
	wantErr(t, "the replaced passage", err, store.ErrJoinRefused)
	if got := admit(ctx, t, e, "user", store.StageGame, 8); got.CharacterID != 2 {
		t.Errorf("admitted with character %s, want 2", got.CharacterID)
	}
	// The same token again for the same record is no collision.
	handOver(ctx, t, e, p, store.StageGame, 2, 9)
	handOver(ctx, t, e, p, store.StageGame, 2, 9)
}

func handOverTaken(t *testing.T, e Env) {
	ctx := testContext(t)
	a, b := begin(ctx, t, e, "a"), begin(ctx, t, e, "b")
	handOver(ctx, t, e, a, store.StageWorld, 0, 7)
	_, err := e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: b.Ref(), Stage: store.StageWorld, Token: 7})
	wantErr(t, "another record's token", err, store.ErrTokenTaken)
	admit(ctx, t, e, "a", store.StageWorld, 7)
	handOver(ctx, t, e, b, store.StageWorld, 0, 7) // used up: free
	admit(ctx, t, e, "b", store.StageWorld, 7)

	// A token is in use up to its last instant, at which it still admits.
	handOver(ctx, t, e, a, store.StageWorld, 0, 8)
	e.Clock.Advance(store.HandOverLifetime)
	c := begin(ctx, t, e, "c")
	_, err = e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: c.Ref(), Stage: store.StageWorld, Token: 8})
	wantErr(t, "another record's token at its last instant", err, store.ErrTokenTaken)
	admit(ctx, t, e, "a", store.StageWorld, 8)
}

func handOverInvalid(t *testing.T, e Env) {
	ctx := testContext(t)
	p := begin(ctx, t, e, "user")
	for what, h := range map[string]store.HandOver{
		"no token":               {PlayRef: p.Ref(), Stage: store.StageWorld},
		"no stage":               {PlayRef: p.Ref(), Token: 7},
		"back to the login":      {PlayRef: p.Ref(), Stage: store.StageLogin, Token: 7},
		"the game with nobody":   {PlayRef: p.Ref(), Stage: store.StageGame, Token: 7},
		"a stage there is not":   {PlayRef: p.Ref(), Stage: 9, Token: 7},
		"a record without an id": {Stage: store.StageWorld, Token: 7},
	} {
		_, err := e.Store.HandOverPlay(ctx, h)
		wantKind(t, what, err, errs.InvalidArgument)
	}
	_, err := e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: store.PlayRef{ID: "nothing", Generation: 1}, Stage: store.StageWorld, Token: 7})
	wantErr(t, "a record there is not", err, store.ErrPlayNotFound)
}
