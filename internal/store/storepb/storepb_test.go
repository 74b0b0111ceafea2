package storepb_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// overTheWire encodes and decodes a message, as a call does.
func overTheWire[M proto.Message](t *rapid.T, m, empty M) M {
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(b, empty); err != nil {
		t.Fatal(err)
	}
	return empty
}

func same(t *rapid.T, want, got any) {
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("what came back (-sent +got):\n%s", diff)
	}
}

var (
	text = rapid.String()
	// instant is the zero time or one that PostgreSQL and SQLite can hold.
	instant = rapid.OneOf(rapid.Just(time.Time{}), rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-1<<31, 1<<35).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	}))
	coordinate = rapid.Float32()
	appearance = rapid.Custom(func(t *rapid.T) store.Appearance {
		n := func(name string) uint8 { return rapid.Uint8().Draw(t, name) }
		return store.Appearance{Gender: n("gender"), BirthStone: n("birth stone"), Hair: n("hair"), Face: n("face")}
	})
	state = rapid.Custom(func(t *rapid.T) store.CharacterState {
		n := func(name string) uint16 { return rapid.Uint16().Draw(t, name) }
		return store.CharacterState{
			Position:   store.Position{Zone: n("zone"), X: coordinate.Draw(t, "x"), Y: coordinate.Draw(t, "y")},
			ReviveZone: n("revive zone"), Job: n("job"), Level: n("level"),
			XP: rapid.Uint32().Draw(t, "xp"), HP: rapid.Uint32().Draw(t, "hp"), MP: rapid.Uint32().Draw(t, "mp"),
			Stats: store.Stats{
				Strength: n("strength"), Dexterity: n("dexterity"), Intelligence: n("intelligence"),
				Concentration: n("concentration"), Charm: n("charm"), Sense: n("sense"),
			},
			StatPoints: n("stat points"), SkillPoints: n("skill points"), Stamina: n("stamina"),
			Money: rapid.Int64Range(0, store.MaxMoney).Draw(t, "money"),
		}
	})
	item = rapid.Custom(func(t *rapid.T) store.Item {
		it := store.Item{
			ID: store.ItemID(rapid.Int64Min(0).Draw(t, "id")), Place: rapid.Uint8Range(1, store.MaxPlace).Draw(t, "place"),
			Type:   store.ItemType(rapid.Uint8Range(1, uint8(store.ItemVehicle)).Draw(t, "type")),
			Number: rapid.Uint16Range(1, store.MaxItemNumber).Draw(t, "number"), Quantity: 1,
		}
		if it.Type.Stacks() {
			it.Quantity = rapid.Uint32Min(1).Draw(t, "quantity")
			return it
		}
		it.Crafted, it.Gem = rapid.Bool().Draw(t, "crafted"), rapid.Uint16Max(511).Draw(t, "gem")
		it.Durability, it.Life = rapid.Uint8Max(127).Draw(t, "durability"), rapid.Uint16Max(1000).Draw(t, "life")
		it.Socket, it.Appraised = rapid.Bool().Draw(t, "socket"), rapid.Bool().Draw(t, "appraised")
		it.Grade = rapid.Uint8Max(15).Draw(t, "grade")
		return it
	})
	// inventory has neither a place nor an id twice.
	inventory = rapid.Custom(func(t *rapid.T) store.Inventory {
		var inv store.Inventory
		for _, it := range rapid.SliceOfNDistinct(item, 0, 10, func(it store.Item) uint8 { return it.Place }).Draw(t, "items") {
			if !slices.Contains(inv.IDs(), it.ID) {
				inv = append(inv, it)
			}
		}
		return inv
	})
	characterID = rapid.Custom(func(t *rapid.T) store.CharacterID {
		return store.CharacterID(rapid.Uint32Min(1).Draw(t, "id"))
	})
	user = rapid.Custom(func(t *rapid.T) *store.User {
		return &store.User{
			ID: text.Draw(t, "id"), Name: text.Draw(t, "name"), Username: text.Draw(t, "user name"),
			DisplayUsername: text.Draw(t, "display name"), Email: text.Draw(t, "email"),
			EmailVerified: rapid.Bool().Draw(t, "verified"), Image: text.Draw(t, "image"), Role: text.Draw(t, "role"),
			Banned: rapid.Bool().Draw(t, "banned"), BanReason: text.Draw(t, "ban reason"),
			BanExpiresAt: instant.Draw(t, "ban end"), CreatedAt: instant.Draw(t, "created"), UpdatedAt: instant.Draw(t, "updated"),
		}
	})
	session = rapid.Custom(func(t *rapid.T) *store.Session {
		return &store.Session{
			ID: text.Draw(t, "id"), UserID: text.Draw(t, "user"), ExpiresAt: instant.Draw(t, "expires"),
			CreatedAt: instant.Draw(t, "created"), UpdatedAt: instant.Draw(t, "updated"),
			IPAddress: text.Draw(t, "address"), UserAgent: text.Draw(t, "agent"), ImpersonatedBy: text.Draw(t, "impersonator"),
		}
	})
	character = rapid.Custom(func(t *rapid.T) *store.Character {
		return &store.Character{
			ID: characterID.Draw(t, "id"), UserID: text.Draw(t, "user"), Name: text.Draw(t, "name"), Slot: rapid.Uint8().Draw(t, "slot"),
			Appearance: appearance.Draw(t, "appearance"), State: state.Draw(t, "state"), Items: inventory.Draw(t, "items"), DeleteAt: instant.Draw(t, "delete at"),
			CreatedAt: instant.Draw(t, "created"), UpdatedAt: instant.Draw(t, "updated"), Version: rapid.Int64().Draw(t, "version"),
		}
	})
)

func TestUsersComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := user.Draw(t, "user")
		same(t, u, storepb.User(overTheWire(t, storepb.UserPB(u), new(databasev1.User))))
	})
}

func TestSessionsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := session.Draw(t, "session")
		same(t, s, storepb.Session(overTheWire(t, storepb.SessionPB(s), new(databasev1.Session))))
	})
}

func TestAppearancesAndStatesComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := appearance.Draw(t, "appearance")
		gotA, err := storepb.Appearance(overTheWire(t, storepb.AppearancePB(a), new(databasev1.Appearance)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, a, gotA)
		s := state.Draw(t, "state")
		gotS, err := storepb.State(overTheWire(t, storepb.StatePB(s), new(databasev1.CharacterState)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, s, gotS)
	})
}

func TestCharactersComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := character.Draw(t, "character")
		got, err := storepb.Character(overTheWire(t, storepb.CharacterPB(c), new(databasev1.Character)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, c, got)
	})
}

func TestSavesAndResultsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sv := store.CharacterSave{
			ID: characterID.Draw(t, "id"), Version: rapid.Int64().Draw(t, "version"), Generation: rapid.Int64().Draw(t, "generation"),
			Key: text.Draw(t, "key"), Group: text.Draw(t, "group"), State: state.Draw(t, "state"),
		}
		if rapid.Bool().Draw(t, "with items") { // none and an empty inventory are not the same
			inv := inventory.Draw(t, "items")
			sv.Items = &inv
		}
		got, err := storepb.Save(overTheWire(t, storepb.SavePB(&sv), new(databasev1.CharacterSave)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, sv, got)
		r := store.SaveResult{Version: rapid.Int64().Draw(t, "new version")}
		if sv.Items != nil {
			r.ItemIDs = sv.Items.IDs()
		}
		same(t, r, storepb.Result(overTheWire(t, storepb.ResultPB(r), new(databasev1.SaveResult))))
	})
	for _, want := range []error{store.ErrItemConflict, store.ErrGroupRefused, store.ErrVersionConflict} {
		if got := storepb.Result(storepb.ResultPB(store.SaveResult{Err: want})); !errors.Is(got.Err, want) {
			t.Errorf("%v came back as %v", want, got.Err)
		}
	}
}

func TestPlaysComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := &store.Play{
			ID: rapid.StringN(1, 32, -1).Draw(t, "id"), UserID: text.Draw(t, "user"), SessionID: text.Draw(t, "session"),
			Generation:  rapid.Int64().Draw(t, "generation"),
			Stage:       store.Stage(rapid.Uint8Max(uint8(store.StageGame)).Draw(t, "stage")),
			CharacterID: store.CharacterID(rapid.Uint32().Draw(t, "character")), // 0 is none
			Address:     text.Draw(t, "address"), LeaseExpiresAt: instant.Draw(t, "lease"),
			Closing: rapid.Bool().Draw(t, "closing"),
		}
		same(t, p, storepb.Play(overTheWire(t, storepb.PlayPB(p), new(databasev1.Play))))
		same(t, p.Ref(), storepb.Ref(overTheWire(t, storepb.RefPB(p.Ref()), new(databasev1.PlayRef))))
	})
}

func TestStagesAreNumberedAlike(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[store.Stage]databasev1.Stage{
		store.StageNone: databasev1.Stage_STAGE_UNSPECIFIED, store.StageLogin: databasev1.Stage_STAGE_LOGIN,
		store.StageWorld: databasev1.Stage_STAGE_WORLD, store.StageGame: databasev1.Stage_STAGE_GAME,
	} {
		if got := storepb.PlayPB(&store.Play{ID: "p", Stage: ours}).GetStage(); got != theirs {
			t.Errorf("stage %d became %v, want %v", ours, got, theirs)
		}
	}
}

func TestConsistency(t *testing.T) {
	t.Parallel()
	for _, c := range []store.Consistency{store.Cached, store.Fresh} {
		if got := storepb.Consistency(storepb.ConsistencyPB(c)); got != c {
			t.Errorf("%v came back as %v", c, got)
		}
	}
	if got := storepb.Consistency(databasev1.Consistency_CONSISTENCY_UNSPECIFIED); got != store.Cached {
		t.Errorf("an unset field reads as %v, want cached", got)
	}
}

func TestNilIsNil(t *testing.T) {
	t.Parallel()
	if storepb.UserPB(nil) != nil || storepb.User(nil) != nil {
		t.Error("a user came out of nothing")
	}
	if storepb.SessionPB(nil) != nil || storepb.Session(nil) != nil {
		t.Error("a session came out of nothing")
	}
	if storepb.PlayPB(nil) != nil || storepb.Play(nil) != nil || storepb.Play(&databasev1.Play{Generation: 3}) != nil {
		t.Error("a play record came out of nothing")
	}
	if c, err := storepb.Character(nil); storepb.CharacterPB(nil) != nil || c != nil || err != nil {
		t.Error("a character came out of nothing")
	}
	if r := storepb.Ref(nil); r != (store.PlayRef{}) {
		t.Errorf("a reference came out of nothing: %+v", r)
	}
}

func TestZeroTimesAreNotSent(t *testing.T) {
	t.Parallel()
	u, s := storepb.UserPB(&store.User{}), storepb.SessionPB(&store.Session{})
	c, p := storepb.CharacterPB(&store.Character{}), storepb.PlayPB(&store.Play{})
	for name, ts := range map[string]*timestamppb.Timestamp{
		"ban_expires_at": u.GetBanExpiresAt(), "user created_at": u.GetCreatedAt(), "user updated_at": u.GetUpdatedAt(),
		"expires_at": s.GetExpiresAt(), "session created_at": s.GetCreatedAt(), "session updated_at": s.GetUpdatedAt(),
		"delete_at": c.GetDeleteAt(), "character created_at": c.GetCreatedAt(), "character updated_at": c.GetUpdatedAt(),
		"lease_expires_at": p.GetLeaseExpiresAt(),
	} {
		if ts != nil {
			t.Errorf("%s is sent as %v", name, ts.AsTime())
		}
	}
	if id := p.GetCharacterId(); id != "" {
		t.Errorf("no character is sent as %q", id)
	}
}

func TestMissingMessagesReadAsZero(t *testing.T) {
	t.Parallel()
	if a, err := storepb.Appearance(nil); err != nil || a != (store.Appearance{}) {
		t.Errorf("appearance: %+v, %v", a, err)
	}
	for _, m := range []*databasev1.CharacterState{nil, {}} {
		if s, err := storepb.State(m); err != nil || s != (store.CharacterState{}) {
			t.Errorf("state: %+v, %v", s, err)
		}
	}
}

// wantField fails unless err is INVALID_ARGUMENT and names a field.
func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.InvalidArgument || e.Field != field {
		t.Errorf("the error is %v, want one that names %s", err, field)
	}
}

func TestNumbersOutOfRangeAreNamed(t *testing.T) {
	t.Parallel()
	for field, set := range map[string]func(*databasev1.Appearance){
		"appearance.gender":      func(m *databasev1.Appearance) { m.Gender = 256 },
		"appearance.birth_stone": func(m *databasev1.Appearance) { m.BirthStone = 256 },
		"appearance.hair":        func(m *databasev1.Appearance) { m.Hair = math.MaxUint32 },
		"appearance.face":        func(m *databasev1.Appearance) { m.Face = 256 },
	} {
		m := storepb.AppearancePB(store.Appearance{Gender: 255, BirthStone: 255, Hair: 255, Face: 255})
		set(m)
		_, err := storepb.Appearance(m)
		wantField(t, err, field)
		_, err = storepb.Character(&databasev1.Character{Id: "1", Appearance: m})
		wantField(t, err, field)
	}
	const over = math.MaxUint16 + 1
	nan := float32(math.NaN())
	for field, set := range map[string]func(*databasev1.CharacterState){
		"state.position.zone":       func(m *databasev1.CharacterState) { m.Position.Zone = over },
		"state.position.x":          func(m *databasev1.CharacterState) { m.Position.X = nan },
		"state.position.y":          func(m *databasev1.CharacterState) { m.Position.Y = float32(math.Inf(-1)) },
		"state.revive_zone":         func(m *databasev1.CharacterState) { m.ReviveZone = over },
		"state.job":                 func(m *databasev1.CharacterState) { m.Job = over },
		"state.level":               func(m *databasev1.CharacterState) { m.Level = over },
		"state.stats.strength":      func(m *databasev1.CharacterState) { m.Stats.Strength = over },
		"state.stats.dexterity":     func(m *databasev1.CharacterState) { m.Stats.Dexterity = over },
		"state.stats.intelligence":  func(m *databasev1.CharacterState) { m.Stats.Intelligence = over },
		"state.stats.concentration": func(m *databasev1.CharacterState) { m.Stats.Concentration = over },
		"state.stats.charm":         func(m *databasev1.CharacterState) { m.Stats.Charm = over },
		"state.stats.sense":         func(m *databasev1.CharacterState) { m.Stats.Sense = over },
		"state.stat_points":         func(m *databasev1.CharacterState) { m.StatPoints = over },
		"state.skill_points":        func(m *databasev1.CharacterState) { m.SkillPoints = over },
		"state.stamina":             func(m *databasev1.CharacterState) { m.Stamina = math.MaxUint32 },
		"state.money":               func(m *databasev1.CharacterState) { m.Money = -1 },
	} {
		m := storepb.StatePB(store.CharacterState{})
		set(m)
		_, err := storepb.State(m)
		wantField(t, err, field)
		_, err = storepb.Character(&databasev1.Character{Id: "1", State: m})
		wantField(t, err, field)
	}
	_, err := storepb.Character(&databasev1.Character{Id: "1", Slot: 256})
	wantField(t, err, "slot")
}

func TestTheFirstFieldAtFaultIsNamed(t *testing.T) {
	t.Parallel()
	_, err := storepb.State(&databasev1.CharacterState{Job: 1 << 20, Level: 1 << 20, Money: -1})
	wantField(t, err, "state.job")
}

func TestTextThatIsNoCharacter(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "0", "-1", "+1", "4294967296", "abc"} {
		if _, err := storepb.Character(&databasev1.Character{Id: id}); !errors.Is(err, store.ErrCharacterNotFound) {
			t.Errorf("id %q: %v", id, err)
		}
		if p := storepb.Play(&databasev1.Play{Id: "p", CharacterId: id}); p.CharacterID != 0 {
			t.Errorf("a play record with the character %q has %d", id, p.CharacterID)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	want := store.DigestOf("secret")
	if got, err := storepb.Digest(want[:]); err != nil || got != want {
		t.Errorf("a digest came back as %x, %v", got, err)
	}
	for _, n := range []int{0, 16, 31, 33} {
		_, err := storepb.Digest(make([]byte, n))
		wantField(t, err, "digest")
	}
}
