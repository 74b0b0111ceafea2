package storetest

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func characterTests() []test {
	return []test{
		{"IsReadAsItWasMade", charactersRoundTrip},
		{"ExtremeValuesSurvive", charactersExtremes},
		{"LowestFreeSlotUpToFive", charactersSlots},
		{"AThousandAtOnceByOneUserMakeFive", charactersRaceForSlots},
		{"AThousandAtOnceForOneNameMakeOne", charactersRaceForName},
		{"SameKeyGivesTheSameCharacter", charactersKey},
		{"AHundredAtOnceWithOneKeyMakeOne", charactersRaceForKey},
		{"NamesAreFolded", charactersNames},
		{"LookAlikesAreTaken", charactersLookAlikes},
		{"AHundredLookAlikesAtOnceMakeOne", charactersRaceForLookAlikes},
		{"ANameLooksLikeAnotherUntilThatIsPurged", charactersLookAlikesAndDeletion},
		{"ListIsByOwnerInSlotOrder", charactersList},
		{"UnknownIsNotFound", charactersUnknown},
		{"InvalidIsRefused", charactersInvalid},
	}
}

// sampleState is a state with a different value in every field.
func sampleState() store.CharacterState {
	return store.CharacterState{
		Position: store.Position{Zone: 20, X: 530_000.25, Y: -510_000.5}, ReviveZone: 21, Job: 111, Level: 7, XP: 12_345,
		HP: 150, MP: 50, Stats: store.Stats{Strength: 15, Dexterity: 16, Intelligence: 17, Concentration: 18, Charm: 19, Sense: 20},
		StatPoints: 3, SkillPoints: 4, Stamina: 5000, Money: 1_234_567_890_123,
	}
}

func newCharacter(userID, name string) store.NewCharacter {
	return store.NewCharacter{
		UserID: userID, Name: name, Appearance: store.Appearance{Gender: 1, BirthStone: 2, Hair: 10, Face: 15},
		State: sampleState(), Key: "key-" + name,
	}
}

func create(ctx context.Context, t testing.TB, e Env, userID, name string) *store.Character {
	t.Helper()
	c, err := e.Store.CreateCharacter(ctx, newCharacter(userID, name))
	if err != nil {
		t.Fatalf("create %q: %v", name, err)
	}
	return c
}

// wantCharacter reads a character in all ways and compares it.
func wantCharacter(ctx context.Context, t testing.TB, e Env, want *store.Character) {
	t.Helper()
	for _, con := range consistencies() {
		got, err := e.Store.GetCharacter(ctx, want.ID, con)
		if err != nil {
			t.Errorf("GetCharacter(%s): %v", want.ID, err)
			continue
		}
		wantEqual(t, "character "+want.Name, got, want)
		list, err := e.Store.ListCharacters(ctx, want.UserID, true, con)
		if err != nil {
			t.Errorf("ListCharacters(%s): %v", want.UserID, err)
			continue
		}
		for _, got := range list {
			if got.ID == want.ID {
				wantEqual(t, "listed character "+want.Name, got, want)
			}
		}
	}
}

func charactersRoundTrip(t *testing.T, e Env) {
	ctx := testContext(t)
	n := newCharacter("user", "Hero")
	got := must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
	if got.ID == 0 {
		t.Error("the id is 0")
	}
	wantTime(t, "CreatedAt", got.CreatedAt, e.Clock.Now())
	wantTime(t, "UpdatedAt", got.UpdatedAt, e.Clock.Now())
	c := *got
	c.ID, c.CreatedAt, c.UpdatedAt = 0, time.Time{}, time.Time{}
	wantEqual(t, "new character", c, store.Character{
		UserID: n.UserID, Name: n.Name, Appearance: n.Appearance, State: n.State, Version: 1,
	})
	e.Clock.Advance(time.Hour)
	wantCharacter(ctx, t, e, got)
}

func charactersExtremes(t *testing.T, e Env) {
	ctx := testContext(t)
	n := store.NewCharacter{
		UserID: strings.Repeat("u", 128), Name: strings.Repeat("字", 30), Key: strings.Repeat("k", 64),
		Appearance: store.Appearance{Gender: math.MaxUint8, BirthStone: math.MaxUint8, Hair: math.MaxUint8, Face: math.MaxUint8},
		State: store.CharacterState{
			Position:   store.Position{Zone: math.MaxUint16, X: math.MaxFloat32, Y: math.SmallestNonzeroFloat32},
			ReviveZone: math.MaxUint16, Job: math.MaxUint16, Level: math.MaxUint16, XP: math.MaxUint32, HP: math.MaxUint32, MP: math.MaxUint32,
			Stats: store.Stats{
				Strength: math.MaxUint16, Dexterity: math.MaxUint16, Intelligence: math.MaxUint16,
				Concentration: math.MaxUint16, Charm: math.MaxUint16, Sense: math.MaxUint16,
			},
			StatPoints: math.MaxUint16, SkillPoints: math.MaxUint16, Stamina: math.MaxUint16, Money: store.MaxMoney,
		},
	}
	c := must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
	wantEqual(t, "state", c.State, n.State)
	wantEqual(t, "appearance", c.Appearance, n.Appearance)
	wantCharacter(ctx, t, e, c)
	none := must[*store.Character](t)(e.Store.CreateCharacter(ctx, store.NewCharacter{UserID: "u", Name: "'; DROP TABLE x; --", Key: "k"}))
	wantEqual(t, "state", none.State, store.CharacterState{})
	wantCharacter(ctx, t, e, none)
}

func charactersSlots(t *testing.T, e Env) {
	ctx := testContext(t)
	for i := range store.MaxCharacters {
		c := create(ctx, t, e, "user", "Name"+strconv.Itoa(i))
		if int(c.Slot) != i {
			t.Errorf("character %d is in slot %d", i, c.Slot)
		}
	}
	_, err := e.Store.CreateCharacter(ctx, newCharacter("user", "Sixth"))
	wantErr(t, "a sixth character", err, store.ErrCharacterLimit)
	if c := create(ctx, t, e, "another", "Sixth"); c.Slot != 0 {
		t.Errorf("another user's first character is in slot %d", c.Slot)
	}
}

func charactersRaceForSlots(t *testing.T, e Env) {
	ctx := testContext(t)
	outcomes := race(1000, func(i int) error {
		_, err := e.Store.CreateCharacter(ctx, newCharacter("user", "Name"+strconv.Itoa(i)))
		return err
	})
	if n := wins(t, outcomes, store.ErrCharacterLimit); n != store.MaxCharacters {
		t.Errorf("%d of 1000 characters were made, want %d", n, store.MaxCharacters)
	}
	list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user", true, store.Fresh))
	if len(list) != store.MaxCharacters {
		t.Fatalf("the user has %d characters, want %d", len(list), store.MaxCharacters)
	}
	for i, c := range list {
		if int(c.Slot) != i {
			t.Errorf("entry %d is in slot %d", i, c.Slot)
		}
	}
}

func charactersRaceForName(t *testing.T, e Env) {
	ctx := testContext(t)
	spellings := []string{"Hero", "HERO", "hero", "Ｈｅｒｏ"}
	outcomes := race(1000, func(i int) error {
		n := newCharacter("user-"+strconv.Itoa(i), spellings[i%len(spellings)])
		_, err := e.Store.CreateCharacter(ctx, n)
		return err
	})
	if n := wins(t, outcomes, store.ErrNameTaken); n != 1 {
		t.Errorf("%d of 1000 got the name, want 1", n)
	}
	made := 0
	for i, err := range outcomes {
		list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user-"+strconv.Itoa(i), true, store.Fresh))
		if made += len(list); (len(list) == 1) != (err == nil) {
			t.Errorf("user %d was told %v and has %s", i, err, names(list))
		}
	}
	if made != 1 {
		t.Errorf("%d characters were made, want 1", made)
	}
}

func charactersKey(t *testing.T, e Env) {
	ctx := testContext(t)
	first := create(ctx, t, e, "user", "Hero")
	again := must[*store.Character](t)(e.Store.CreateCharacter(ctx, newCharacter("user", "Hero")))
	wantEqual(t, "the same attempt again", again, first)

	// A key belongs to one user.
	n := newCharacter("another", "Other")
	n.Key = "key-Hero"
	other := must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
	if other.ID == first.ID {
		t.Error("the key of one user gave another the same character")
	}

	// Another key is another attempt.
	n = newCharacter("user", "Hero")
	n.Key = "another key"
	_, err := e.Store.CreateCharacter(ctx, n)
	wantErr(t, "another attempt at the name", err, store.ErrNameTaken)

	// A repeat is answered also when all slots are in use by now.
	for i := 1; i < store.MaxCharacters; i++ {
		create(ctx, t, e, "user", "Name"+strconv.Itoa(i))
	}
	again = must[*store.Character](t)(e.Store.CreateCharacter(ctx, newCharacter("user", "Hero")))
	wantEqual(t, "the same attempt with full slots", again, first)
}

func charactersRaceForKey(t *testing.T, e Env) {
	ctx := testContext(t)
	ids := make([]store.CharacterID, 100)
	for i, err := range race(len(ids), func(i int) error {
		c, err := e.Store.CreateCharacter(ctx, newCharacter("user", "Hero"))
		if err == nil {
			ids[i] = c.ID
		}
		return err
	}) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		} else if ids[i] != ids[0] {
			t.Errorf("caller %d got character %s, caller 0 %s", i, ids[i], ids[0])
		}
	}
	if list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user", true, store.Fresh)); len(list) != 1 {
		t.Errorf("one key made %s", names(list))
	}
}

func charactersNames(t *testing.T, e Env) {
	ctx := testContext(t)
	c := create(ctx, t, e, "user", "Ångström")
	if c.Name != "Ångström" {
		t.Errorf("the name is kept as %q", c.Name)
	}
	taken := func(what, name string) {
		t.Helper()
		n := newCharacter("another", name)
		_, err := e.Store.CreateCharacter(ctx, n)
		wantErr(t, what, err, store.ErrNameTaken)
	}
	for what, name := range map[string]string{
		"the same": "Ångström", "another case": "åNGSTRÖM", "combining marks": "A\u030angstro\u0308m", "full width": "Ång\uff53tr\u00f6m",
	} {
		taken(what, name)
	}
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, c.ID, "user"))
	taken("a marked character's", "ångström")
	create(ctx, t, e, "another", "Angstrom") // without the marks it is another name
}

func charactersList(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, con := range consistencies() {
		if list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user", true, con)); len(list) != 0 {
			t.Fatalf("a user without characters has %d", len(list))
		}
	}
	var all []*store.Character
	for _, name := range []string{"Zoe", "Adam", "Mia"} {
		create(ctx, t, e, "another", "Other"+name)
		all = append(all, create(ctx, t, e, "user", name))
	}
	at := must[time.Time](t)(e.Store.DeleteCharacter(ctx, all[1].ID, "user"))
	for _, con := range consistencies() {
		got := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user", true, con))
		if len(got) != 3 || got[0].Name != "Zoe" || got[1].Name != "Adam" || got[2].Name != "Mia" {
			t.Errorf("all: got %s, want Zoe, Adam and Mia", names(got))
			continue
		}
		wantTime(t, "DeleteAt of the marked one", got[1].DeleteAt, at)
		got = must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user", false, con))
		if len(got) != 2 || got[0].Name != "Zoe" || got[1].Name != "Mia" {
			t.Errorf("without marked ones: got %s, want Zoe and Mia", names(got))
		}
	}
}

func names(list []*store.Character) string {
	var b []string
	for _, c := range list {
		b = append(b, c.Name)
	}
	return "[" + strings.Join(b, " ") + "]"
}

func charactersUnknown(t *testing.T, e Env) {
	ctx := testContext(t)
	for _, id := range []store.CharacterID{0, 1, 77, math.MaxUint32} {
		for _, con := range consistencies() {
			_, err := e.Store.GetCharacter(ctx, id, con)
			wantErr(t, "GetCharacter", err, store.ErrCharacterNotFound)
		}
		_, err := e.Store.DeleteCharacter(ctx, id, "user")
		wantErr(t, "DeleteCharacter", err, store.ErrCharacterNotFound)
		_, err = e.Store.RestoreCharacter(ctx, id, "user")
		wantErr(t, "RestoreCharacter", err, store.ErrCharacterNotFound)
	}
	if list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "' OR '1'='1", true, store.Fresh)); len(list) != 0 {
		t.Errorf("a user that does not exist has %s", names(list))
	}
}

func charactersInvalid(t *testing.T, e Env) {
	ctx := testContext(t)
	for what, edit := range map[string]func(*store.NewCharacter){
		"no user":         func(n *store.NewCharacter) { n.UserID = "" },
		"no name":         func(n *store.NewCharacter) { n.Name = "" },
		"a long name":     func(n *store.NewCharacter) { n.Name = strings.Repeat("字", 31) },
		"no key":          func(n *store.NewCharacter) { n.Key = "" },
		"a long key":      func(n *store.NewCharacter) { n.Key = strings.Repeat("k", 65) },
		"negative money":  func(n *store.NewCharacter) { n.State.Money = -1 },
		"too much money":  func(n *store.NewCharacter) { n.State.Money = store.MaxMoney + 1 },
		"all the money":   func(n *store.NewCharacter) { n.State.Money = math.MaxInt64 },
		"a stored item":   func(n *store.NewCharacter) { n.Items = store.Inventory{stack(1, 12, 5)} },
		"nowhere":         func(n *store.NewCharacter) { n.State.Position.X = float32(math.NaN()) },
		"infinitely far":  func(n *store.NewCharacter) { n.State.Position.Y = float32(math.Inf(1)) },
		"a name with NUL": func(n *store.NewCharacter) { n.Name = "He\x00ro" },
		"broken UTF-8":    func(n *store.NewCharacter) { n.Name = "He\xffro" },
		"a line feed":     func(n *store.NewCharacter) { n.Name = "He\nro" },
	} {
		n := newCharacter("user", "Hero")
		edit(&n)
		_, err := e.Store.CreateCharacter(ctx, n)
		if err == nil || errors.Is(err, store.ErrNameTaken) {
			t.Errorf("%s: got %v, want a refusal", what, err)
			continue
		}
		// Text that is not UTF-8 cannot cross every wire to be refused by name.
		if what != "broken UTF-8" {
			wantKind(t, what, err, errs.InvalidArgument)
		}
	}
	if list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "user", true, store.Fresh)); len(list) != 0 {
		t.Errorf("a refused character was made: %s", names(list))
	}
}
