package character_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
)

// TestDocumentedErrorsAreGiven calls every RPC in every way that the proto says
// it is refused, and finds no other reasons of its own.
func TestDocumentedErrorsAreGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	id := w.mustCreate(t, request("Aria")).GetId()
	markedID := w.mustCreate(t, request("Borin")).GetId()
	playedID := w.mustCreate(t, request("Cato")).GetId()
	for _, name := range []string{"Dara", "Emil"} {
		w.mustCreate(t, request(name))
	}
	if _, err := w.DeleteCharacter(ctx, &characterv1.DeleteCharacterRequest{UserId: "ada1", CharacterId: markedID}); err != nil {
		t.Fatal(err)
	}
	w.store.play(t, playedID)

	create := func(name string, edit func(*characterv1.CreateCharacterRequest)) error {
		_, err := w.CreateCharacter(ctx, request(name, edit))
		return err
	}
	remove := func(id string) error {
		_, err := w.DeleteCharacter(ctx, &characterv1.DeleteCharacterRequest{UserId: "ada1", CharacterId: id})
		return err
	}
	restore := func(id string) error {
		_, err := w.RestoreCharacter(ctx, &characterv1.RestoreCharacterRequest{UserId: "ada1", CharacterId: id})
		return err
	}
	choose := func(id string) error {
		_, err := w.SelectCharacter(ctx, &characterv1.SelectCharacterRequest{UserId: "ada1", CharacterId: id})
		return err
	}
	got := map[string]map[string]bool{"ListCharacters": {}}
	for rpc, calls := range map[string][]error{
		"CreateCharacter": {
			create("Admin", func(*characterv1.CreateCharacterRequest) {}),
			create("Fritz", func(r *characterv1.CreateCharacterRequest) { r.Appearance.Face = 2 }),
			create("Fritz", func(r *characterv1.CreateCharacterRequest) { r.StartPoint = 5 }),
			create("Ar1a", func(r *characterv1.CreateCharacterRequest) { r.UserId = "ben1" }),
			create("Fritz", func(*characterv1.CreateCharacterRequest) {}),
		},
		"DeleteCharacter":  {remove("99"), remove(markedID), remove(playedID)},
		"RestoreCharacter": {restore("99"), restore(id)},
		"SelectCharacter":  {choose("99"), choose(markedID)},
	} {
		got[rpc] = map[string]bool{}
		for i, err := range calls {
			if err == nil {
				t.Errorf("%s: call %d was not refused", rpc, i)
				continue
			}
			got[rpc][errs.KindOf(err).String()+" "+errs.ReasonOf(err)] = true
		}
	}
	if diff := cmp.Diff(documented(t), got); diff != "" {
		t.Errorf("refusals (-the proto's +given):\n%s", diff)
	}
}

// documented are the kinds and reasons that the proto gives for each RPC.
func documented(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../../proto/waystone/character/v1/character.proto")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]bool{}
	service, _, _ := strings.Cut(string(text), "\n}\n")
	for _, part := range regexp.MustCompile(`(?s)// Errors: (.*?)\..*?rpc (\w+)\(`).FindAllStringSubmatch(service, -1) {
		reasons := map[string]bool{}
		sentence := regexp.MustCompile(`\s*//\s*`).ReplaceAllString(part[1], " ")
		for _, m := range regexp.MustCompile(`([A-Z_]+) \(([A-Z_, ]+)\)`).FindAllStringSubmatch(sentence, -1) {
			kind := strings.ToLower(strings.ReplaceAll(m[1], "_", " "))
			for _, reason := range strings.Split(m[2], ", ") {
				reasons[kind+" "+reason] = true
			}
		}
		all[part[2]] = reasons
	}
	return all
}
