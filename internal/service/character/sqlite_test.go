package character_test

import (
	"path/filepath"
	"sync"
	"testing"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	"github.com/waystone-mmo/waystone/internal/service/character"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

func TestACharactersLifeOnSQLite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ada, err := db.CreateUser(ctx, store.NewUser{Username: "ada", Name: "Ada", Email: "ada@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	part, err := character.New(character.Config{}, character.Deps{Store: db, World: earth(t)})
	if err != nil {
		t.Fatal(err)
	}
	create := func(name, key string) (*characterv1.CreateCharacterResponse, error) {
		return part.CreateCharacter(ctx, request(name, func(r *characterv1.CreateCharacterRequest) { r.UserId, r.IdempotencyKey = ada.ID, key }))
	}
	made, err := create("Aria", "first")
	if err != nil {
		t.Fatal(err)
	}
	id := made.GetCharacter().GetId()
	if again, err := create("Aria", "first"); err != nil || again.GetCharacter().GetId() != id {
		t.Errorf("the same key: %v, %v", again, err)
	}
	_, err = create("ARIA", "second")
	want(t, "the name in another case", err, store.ErrNameTaken)
	_, err = create("Ar1a", "third")
	want(t, "a name that looks like it", err, store.ErrNameTaken)
	if items := made.GetCharacter().GetItems(); len(items) != 2 || items[0].GetId() == 0 || items[1].GetPlace() != 7 {
		t.Errorf("started with %v", items)
	}

	mark := &characterv1.DeleteCharacterRequest{UserId: ada.ID, CharacterId: id}
	if _, err := part.DeleteCharacter(ctx, mark); err != nil {
		t.Fatal(err)
	}
	_, err = part.DeleteCharacter(ctx, mark)
	want(t, "marked again", err, store.ErrAlreadyDeleted)
	_, err = part.SelectCharacter(ctx, &characterv1.SelectCharacterRequest{UserId: ada.ID, CharacterId: id})
	want(t, "selected while marked", err, store.ErrAlreadyDeleted)
	list, err := part.ListCharacters(ctx, &characterv1.ListCharactersRequest{UserId: ada.ID})
	if err != nil || len(list.GetCharacters()) != 1 || list.GetCharacters()[0].GetDeleteAt() == nil {
		t.Errorf("listed: %v, %v", list, err)
	}
	if _, err := part.RestoreCharacter(ctx, &characterv1.RestoreCharacterRequest{UserId: ada.ID, CharacterId: id}); err != nil {
		t.Fatal(err)
	}
	chosen, err := part.SelectCharacter(ctx, &characterv1.SelectCharacterRequest{UserId: ada.ID, CharacterId: id})
	if err != nil || chosen.GetCharacter().GetState().GetPosition().GetZone() != 20 || chosen.GetCharacter().GetAppearance().GetFace() != 43 {
		t.Errorf("selected: %v, %v", chosen, err)
	}
	_, err = part.SelectCharacter(ctx, &characterv1.SelectCharacterRequest{UserId: "somebody else", CharacterId: id})
	want(t, "selected by another", err, store.ErrCharacterNotFound)
}

// TestARaceForSlotsMakesFive: of ten creations at once, each by another call,
// five succeed, and the others are told why not.
func TestARaceForSlotsMakesFive(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := characterv1.NewCharacterServiceClient(serve(t, db))
	outcomes := make([]error, 10)
	var wg sync.WaitGroup
	for i := range outcomes {
		wg.Go(func() { _, outcomes[i] = c.CreateCharacter(t.Context(), request("Name"+string(rune('a'+2*i)))) })
	}
	wg.Wait()
	made := 0
	for _, err := range outcomes {
		if err == nil {
			made++
			continue
		}
		want(t, "one too many", err, store.ErrCharacterLimit)
	}
	list, err := c.ListCharacters(t.Context(), &characterv1.ListCharactersRequest{UserId: "ada1"})
	if err != nil || made != store.MaxCharacters || len(list.GetCharacters()) != store.MaxCharacters {
		t.Errorf("%d were made, %d are listed, %v", made, len(list.GetCharacters()), err)
	}
}
