package character_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/protobuf/testing/protocmp"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/character"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// world is a character part behind a real gRPC server.
type world struct {
	characterv1.CharacterServiceClient
	store *testStore
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{store: newStore(t)}
	w.CharacterServiceClient = characterv1.NewCharacterServiceClient(serve(t, w.store))
	return w
}

// serve runs a character part on a store and returns a connection to it.
func serve(t testing.TB, db character.Store) *grpc.ClientConn {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	part, err := character.New(character.Config{}, character.Deps{Log: log, Store: db, World: earth(t)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := rpc.NewServer(rpc.ServerConfig{Log: log, Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	characterv1.RegisterCharacterServiceServer(s, part)
	ln := rpc.Listen()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	cc, err := ln.Dial(rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// request is a creation that is in order; edits change it.
func request(name string, edits ...func(*characterv1.CreateCharacterRequest)) *characterv1.CreateCharacterRequest {
	r := &characterv1.CreateCharacterRequest{
		UserId: "ada1", Name: name, IdempotencyKey: "key of " + name,
		Appearance: &databasev1.Appearance{Gender: 1, BirthStone: 11, Hair: 20, Face: 43},
	}
	for _, e := range edits {
		e(r)
	}
	return r
}

func (w *world) mustCreate(t testing.TB, r *characterv1.CreateCharacterRequest) *databasev1.Character {
	t.Helper()
	resp, err := w.CreateCharacter(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetCharacter()
}

func want(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", what, err, target)
	}
}

func TestCreateCharacter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := request("Aria", func(r *characterv1.CreateCharacterRequest) { r.StartPoint = 1 })
	c := w.mustCreate(t, r)
	if c.GetUserId() != "ada1" || c.GetName() != "Aria" || c.GetSlot() != 0 || c.GetState().GetPosition().GetZone() != 1 || c.GetState().GetHp() != 72 {
		t.Errorf("created %v", c)
	}
	if diff := cmp.Diff(r.GetAppearance(), c.GetAppearance(), protocmp.Transform()); diff != "" {
		t.Errorf("appearance (-want +got):\n%s", diff)
	}
	if again := w.mustCreate(t, r); again.GetId() != c.GetId() {
		t.Errorf("the same key made %s after %s", again.GetId(), c.GetId())
	}
	_, err := w.CreateCharacter(t.Context(), request("aria"))
	want(t, "the name in another case", err, store.ErrNameTaken)
	_, err = w.CreateCharacter(t.Context(), request("Ar1a"))
	want(t, "a name that looks like it", err, store.ErrNameTaken)
	var worn []uint32
	for _, it := range c.GetItems() {
		worn = append(worn, it.GetPlace(), it.GetNumber())
	}
	if diff := cmp.Diff([]uint32{3, 30, 7, 1}, worn); diff != "" {
		t.Errorf("places and numbers of the items (-want +got):\n%s", diff)
	}
	for i := range store.MaxCharacters - 1 {
		w.mustCreate(t, request(fmt.Sprintf("Aria%d", i)))
	}
	_, err = w.CreateCharacter(t.Context(), request("Borin"))
	want(t, "a sixth", err, store.ErrCharacterLimit)
}

func TestCreationsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	look := func(edit func(*databasev1.Appearance)) func(*characterv1.CreateCharacterRequest) {
		return func(r *characterv1.CreateCharacterRequest) { edit(r.GetAppearance()) }
	}
	for _, c := range []struct {
		what          string
		edit          func(*characterv1.CreateCharacterRequest)
		reason, field string
	}{
		{"name", func(r *characterv1.CreateCharacterRequest) { r.Name = "Gm" }, "INVALID_NAME", "name"},
		{"long name", func(r *characterv1.CreateCharacterRequest) { r.Name = strings.Repeat("a", 65) }, "INVALID_NAME", "name"},
		{"gender", look(func(a *databasev1.Appearance) { a.Gender = 2 }), "INVALID_APPEARANCE", "appearance.gender"},
		{"birth stone", look(func(a *databasev1.Appearance) { a.BirthStone = 12 }), "INVALID_APPEARANCE", "appearance.birth_stone"},
		{"hair", look(func(a *databasev1.Appearance) { a.Hair = 1 }), "INVALID_APPEARANCE", "appearance.hair"},
		{"face", look(func(a *databasev1.Appearance) { a.Face = 0 }), "INVALID_APPEARANCE", "appearance.face"},
		{"a face that is 1 in its low byte", look(func(a *databasev1.Appearance) { a.Face = 257 }), "INVALID_APPEARANCE", "appearance.face"},
		{"start point", func(r *characterv1.CreateCharacterRequest) { r.StartPoint = 5 }, "INVALID_START_POINT", "start_point"},
		{"no appearance", func(r *characterv1.CreateCharacterRequest) { r.Appearance = nil }, "INVALID_APPEARANCE", "appearance"},
		{"no key", func(r *characterv1.CreateCharacterRequest) { r.IdempotencyKey = "" }, "INVALID_IDEMPOTENCY_KEY", "idempotency_key"},
		{"no owner", func(r *characterv1.CreateCharacterRequest) { r.UserId = "" }, "INVALID_USER_ID", "user_id"},
	} {
		_, err := w.CreateCharacter(t.Context(), request("Aria", c.edit))
		if e := errs.Of(err); e == nil || e.Kind != errs.InvalidArgument || e.Reason != c.reason || e.Field != c.field {
			t.Errorf("%s: %v, want %s at %s", c.what, err, c.reason, c.field)
		}
	}
	if made, err := w.store.db.ListCharacters(t.Context(), "ada1", true, store.Fresh); err != nil || len(made) != 0 {
		t.Errorf("%d characters were made, %v", len(made), err)
	}
}

func TestOneNameOneCharacter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 50
	got := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, got[i] = w.CreateCharacter(t.Context(), request("Aria", func(r *characterv1.CreateCharacterRequest) {
				r.UserId, r.IdempotencyKey = fmt.Sprintf("user%d", i), "k"
			}))
		})
	}
	wg.Wait()
	made := 0
	for _, err := range got {
		if err == nil {
			made++
			continue
		}
		want(t, "one of the others", err, store.ErrNameTaken)
	}
	if made != 1 {
		t.Errorf("%d have the name", made)
	}
}

// Every character has the basic skills of the file, the built-in ones where an
// operator's file of before there were some has none.
func TestBasicSkills(t *testing.T) {
	t.Parallel()
	builtInSkills := []uint32{11, 12, 16, 20, 25, 13, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50}
	_, rest, _ := strings.Cut(builtIn(t, "start.yaml", "basic_skills:", "#"), "new_character:")
	points, _, _ := strings.Cut(builtIn(t, "start.yaml", "basic_skills:", "basic_skills:"), "basic_skills:")
	file := func(list string) string {
		path := filepath.Join(t.TempDir(), "start.yaml")
		if err := os.WriteFile(path, []byte(points+list+"\nnew_character:"+rest), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for what, c := range map[string]struct {
		path string
		want []uint32
	}{
		"built in":     {"", builtInSkills},
		"without them": {file(""), builtInSkills},
		"of one's own": {file("basic_skills: [{number: 13, name: jump}, {number: 7}]"), []uint32{13, 7}},
		"none at all":  {file("basic_skills: []"), nil},
	} {
		s, err := character.New(character.Config{StartFile: c.path}, character.Deps{Store: newStore(t), World: earth(t)})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		made, err := s.CreateCharacter(t.Context(), request("Aria"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.SelectCharacter(t.Context(), &characterv1.SelectCharacterRequest{UserId: "ada1", CharacterId: made.GetCharacter().GetId()})
		if err != nil || !slices.Equal(got.GetBasicSkills(), c.want) {
			t.Errorf("%s: %v, %v, want %v", what, got.GetBasicSkills(), err, c.want)
		}
	}
}

func TestDeleteAndRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustCreate(t, request("Aria")).GetId()
	remove := func(user, id string) (time.Time, error) {
		resp, err := w.DeleteCharacter(t.Context(), &characterv1.DeleteCharacterRequest{UserId: user, CharacterId: id})
		return resp.GetDeleteAt().AsTime(), err
	}
	restore := func(user, id string) error {
		_, err := w.RestoreCharacter(t.Context(), &characterv1.RestoreCharacterRequest{UserId: user, CharacterId: id})
		return err
	}
	play := func(user, id string) error {
		_, err := w.SelectCharacter(t.Context(), &characterv1.SelectCharacterRequest{UserId: user, CharacterId: id})
		return err
	}
	want(t, "restore what is not marked", restore("ada1", id), store.ErrNotDeleted)
	leave := w.store.play(t, id)
	_, err := remove("ada1", id)
	want(t, "delete in play", err, store.ErrCharacterInPlay)
	leave()
	at, err := remove("ada1", id)
	if err != nil || !at.Equal(w.store.clock.Now().Add(store.DeletionGrace)) {
		t.Errorf("deleted at %v, %v", at, err)
	}
	_, err = remove("ada1", id)
	want(t, "delete again", err, store.ErrAlreadyDeleted)
	want(t, "select what is marked", play("ada1", id), store.ErrAlreadyDeleted)
	want(t, "restore", restore("ada1", id), nil)
	want(t, "select", play("ada1", id), nil)

	for _, c := range []struct{ user, id string }{{"ben1", id}, {"ada1", "99"}, {"ada1", "4294967296"}} {
		_, err := remove(c.user, c.id)
		want(t, "delete "+c.id, err, store.ErrCharacterNotFound)
		want(t, "restore "+c.id, restore(c.user, c.id), store.ErrCharacterNotFound)
		want(t, "select "+c.id, play(c.user, c.id), store.ErrCharacterNotFound)
	}
	for _, id := range []string{"", "0", "x", "-1"} {
		want(t, "select id "+id, play("ada1", id), errs.Invalid("character_id", ""))
	}
}

func TestListsAreFreshAndHoldMarkedOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wanted []string
	for _, name := range []string{"Aria", "Borin", "Cato"} {
		wanted = append(wanted, w.mustCreate(t, request(name)).GetName())
	}
	w.mustCreate(t, request("Other", func(r *characterv1.CreateCharacterRequest) { r.UserId = "ben1" }))
	if _, err := w.DeleteCharacter(t.Context(), &characterv1.DeleteCharacterRequest{UserId: "ada1", CharacterId: "2"}); err != nil {
		t.Fatal(err)
	}
	resp, err := w.ListCharacters(t.Context(), &characterv1.ListCharactersRequest{UserId: "ada1"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range resp.GetCharacters() {
		got = append(got, c.GetName())
		if marked := c.GetDeleteAt() != nil; marked != (c.GetName() == "Borin") {
			t.Errorf("%s is marked: %v", c.GetName(), marked)
		}
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if _, err := w.SelectCharacter(t.Context(), &characterv1.SelectCharacterRequest{UserId: "ada1", CharacterId: "1"}); err != nil {
		t.Fatal(err)
	}
	if n := w.store.stale.Load(); n != 0 {
		t.Errorf("%d reads may have been stale", n)
	}
}

func TestAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, m := range faultstore.Methods() {
		w.store.On(m, faultstore.Fail(store.ErrUnavailable))
	}
	ctx := t.Context()
	_, list := w.ListCharacters(ctx, &characterv1.ListCharactersRequest{UserId: "ada1"})
	_, create := w.CreateCharacter(ctx, request("Aria"))
	_, remove := w.DeleteCharacter(ctx, &characterv1.DeleteCharacterRequest{UserId: "ada1", CharacterId: "1"})
	_, restore := w.RestoreCharacter(ctx, &characterv1.RestoreCharacterRequest{UserId: "ada1", CharacterId: "1"})
	_, choose := w.SelectCharacter(ctx, &characterv1.SelectCharacterRequest{UserId: "ada1", CharacterId: "1"})
	for what, err := range map[string]error{"list": list, "create": create, "delete": remove, "restore": restore, "select": choose} {
		want(t, what, err, store.ErrUnavailable)
	}
}

func TestNewNeedsItsDependencies(t *testing.T) {
	t.Parallel()
	if _, err := character.New(character.Config{}, character.Deps{World: earth(t)}); err == nil {
		t.Error("made without a store")
	}
	if _, err := character.New(character.Config{}, character.Deps{Store: faultstore.New(nil)}); err == nil {
		t.Error("made without a world")
	}
}
