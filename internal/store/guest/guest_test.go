package guest_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/guest"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

const address = "127.0.0.1"

type players struct {
	store         *guest.Store
	main          *cached.Store
	guest, member *store.User
}

// join makes a store with one guest and one user who is none, of the same name.
func join(t *testing.T) players {
	t.Helper()
	var engines [2]*sqlite.Store
	for i := range engines {
		var err error
		if engines[i], err = sqlite.Open(t.Context(), sqlite.Config{Path: sqlite.Memory}); err != nil {
			t.Fatal(err)
		}
	}
	main, err := cached.New(engines[0], cached.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p := players{store: guest.New(main, engines[1]), main: main}
	t.Cleanup(func() {
		if err := p.store.Close(); err != nil {
			t.Error(err)
		}
	})
	n := store.NewUser{Username: "alice", Name: "Alice", Email: "alice@example.com"}
	if p.member, err = engines[0].CreateUser(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if p.guest, err = p.store.Add(t.Context(), n, store.GameAccount{LoopbackOnly: true}); err != nil {
		t.Fatal(err)
	}
	return p
}

// enter signs a user in by ticket, with a new character of a name, and takes the
// play to the game.
func (p players) enter(t *testing.T, u *store.User, name string) (*store.Play, *store.Character) {
	t.Helper()
	ctx := t.Context()
	digest := store.DigestOf(u.ID)
	if _, err := p.store.CreateTicket(ctx, store.Ticket{Digest: digest, UserID: u.ID}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if ticket, err := p.store.RedeemTicket(ctx, digest, address); err != nil || ticket.UserID != u.ID {
		t.Fatalf("the ticket is %+v, %v", ticket, err)
	}
	play, err := p.store.BeginPlay(ctx, store.NewPlay{UserID: u.ID, Digest: digest, Address: address})
	if err != nil {
		t.Fatal(err)
	}
	ch, err := p.store.CreateCharacter(ctx, store.NewCharacter{UserID: u.ID, Name: name, Key: "key"})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []store.HandOver{{Stage: store.StageWorld, Token: 1}, {Stage: store.StageGame, Token: 1, CharacterID: ch.ID}} {
		h.PlayRef = play.Ref()
		if _, err := p.store.HandOverPlay(ctx, h); err != nil {
			t.Fatal(err)
		}
		if play, err = p.store.AdmitPlay(ctx, h.Token, digest, h.Stage); err != nil || play.CharacterID != h.CharacterID {
			t.Fatalf("admitted as %+v, %v", play, err)
		}
	}
	return play, ch
}

// TestAGuestPlaysBesideOthers who have the same name, and the first character of
// their database: no call mixes them up, alone or in one batch.
func TestAGuestPlaysBesideOthers(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), join(t)
	play, ch := p.enter(t, p.guest, "Wanderer")
	memberPlay, memberCh := p.enter(t, p.member, "Wanderer")
	if ch.ID == memberCh.ID {
		t.Fatalf("both characters have the id %d", ch.ID)
	}

	verdicts, err := p.store.CheckSessions(ctx, []store.SessionSubject{{UserID: p.member.ID}, {UserID: "nobody"}, {UserID: p.guest.ID}})
	if err != nil || len(verdicts) != 3 || verdicts[0] != nil || !errors.Is(verdicts[1], store.ErrUserNotFound) || verdicts[2] != nil {
		t.Errorf("the verdicts are %v, %v", verdicts, err)
	}
	renewed, err := p.store.RenewPlays(ctx, []store.PlayRef{memberPlay.Ref(), play.Ref(), {ID: "none", Generation: 1}})
	if err != nil || len(renewed) != 3 || renewed[0].UserID != p.member.ID || renewed[1].UserID != p.guest.ID || renewed[1].CharacterID != ch.ID || renewed[2] != nil {
		t.Errorf("renewed are %v, %v", renewed, err)
	}
	saves := []store.CharacterSave{
		{ID: ch.ID, Version: ch.Version, Generation: play.Generation, Key: "a", State: store.CharacterState{Level: 7}},
		{ID: memberCh.ID, Version: memberCh.Version, Generation: memberPlay.Generation, Key: "b", State: store.CharacterState{Level: 9}},
	}
	results, err := p.store.SaveCharacters(ctx, saves)
	if err != nil || len(results) != 2 || results[0].Err != nil || results[1].Err != nil || saves[0].ID != ch.ID {
		t.Fatalf("the results are %+v, %v", results, err)
	}
	for id, level := range map[store.CharacterID]uint16{ch.ID: 7, memberCh.ID: 9} {
		if got, err := p.store.GetCharacter(ctx, id, store.Fresh); err != nil || got.ID != id || got.State.Level != level {
			t.Errorf("character %d is %+v, %v", id, got, err)
		}
		w, err := p.store.EncodedCharacter(ctx, id, store.Fresh)
		if err != nil {
			t.Fatal(err)
		}
		var got databasev1.Character
		if err := proto.Unmarshal(w.Bytes(), &got); err != nil || got.GetId() != id.String() {
			t.Errorf("encoded, character %d is %v, %v", id, &got, err)
		}
	}
	for _, u := range []*store.User{p.guest, p.member} {
		list, err := p.store.ListCharacters(ctx, u.ID, true, store.Fresh)
		if err != nil || len(list) != 1 || list[0].UserID != u.ID {
			t.Errorf("%s has the characters %v, %v", u.ID, list, err)
		}
		w, err := p.store.EncodedUser(ctx, u.ID, store.Cached)
		if err != nil {
			t.Fatal(err)
		}
		var got databasev1.User
		if err := proto.Unmarshal(w.Bytes(), &got); err != nil || got.GetId() != u.ID {
			t.Errorf("encoded, the user is %v, %v", &got, err)
		}
	}
	if u, err := p.store.GetUserByUsername(ctx, "alice", store.Fresh); err != nil || u.ID != p.member.ID {
		t.Errorf("the name leads to %+v, %v", u, err)
	}

	for _, ref := range []store.PlayRef{play.Ref(), memberPlay.Ref()} {
		if err := p.store.EndPlay(ctx, ref); err != nil {
			t.Error(err)
		}
	}
	for id, u := range map[store.CharacterID]*store.User{ch.ID: p.guest, memberCh.ID: p.member} {
		if _, err := p.store.DeleteCharacter(ctx, id, u.ID); err != nil {
			t.Errorf("delete %d: %v", id, err)
		}
		if got, err := p.store.RestoreCharacter(ctx, id, u.ID); err != nil || got.ID != id {
			t.Errorf("restore %d: %+v, %v", id, got, err)
		}
	}
}

// TestNothingOfAGuestIsInTheStore that everybody else is in.
func TestNothingOfAGuestIsInTheStore(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), join(t)
	play, ch := p.enter(t, p.guest, "Wanderer")
	if a, err := p.store.GetGameAccount(ctx, p.guest.ID); err != nil || !a.LoopbackOnly {
		t.Errorf("the guest's game account is %+v, %v", a, err)
	}
	if err := p.store.EndPlay(ctx, play.Ref()); err != nil {
		t.Fatal(err)
	}

	_, userErr := p.main.GetUser(ctx, p.guest.ID, store.Fresh)
	_, accountErr := p.main.GetGameAccount(ctx, p.guest.ID)
	_, firstErr := p.main.GetCharacter(ctx, 1, store.Fresh)
	_, chErr := p.main.GetCharacter(ctx, ch.ID, store.Fresh)
	for _, c := range []struct{ got, want error }{
		{userErr, store.ErrUserNotFound},
		{accountErr, store.ErrGameAccountNotFound},
		{firstErr, store.ErrCharacterNotFound},
		{chErr, store.ErrCharacterNotFound},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	if plays, err := p.main.RenewPlays(ctx, []store.PlayRef{play.Ref()}); err != nil || plays[0] != nil {
		t.Errorf("the play record is %v, %v", plays, err)
	}
	if list, err := p.main.ListCharacters(ctx, p.guest.ID, true, store.Fresh); err != nil || len(list) > 0 {
		t.Errorf("the characters are %v, %v", list, err)
	}
}
