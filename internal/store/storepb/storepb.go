// Package storepb turns the types of the storage contract into messages and
// back. The database service and store/remote share it, so the two sides of
// the wire cannot disagree.
package storepb

import (
	"math"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// stamp is nil for the zero time.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// instant is the zero time for nil.
func instant(ts *timestamppb.Timestamp) time.Time {
	if ts == nil {
		return time.Time{}
	}
	return ts.AsTime()
}

// Consistency reads the field of a request.
func Consistency(c databasev1.Consistency) store.Consistency {
	if c == databasev1.Consistency_CONSISTENCY_FRESH {
		return store.Fresh
	}
	return store.Cached
}

// ConsistencyPB is the field of a request.
func ConsistencyPB(c store.Consistency) databasev1.Consistency {
	if c == store.Fresh {
		return databasev1.Consistency_CONSISTENCY_FRESH
	}
	return databasev1.Consistency_CONSISTENCY_CACHED
}

// UserPB is u as a message; nil for nil.
func UserPB(u *store.User) *databasev1.User {
	if u == nil {
		return nil
	}
	return &databasev1.User{
		Id: u.ID, Name: u.Name, Username: u.Username, DisplayUsername: u.DisplayUsername,
		Email: u.Email, EmailVerified: u.EmailVerified, Image: u.Image, Role: u.Role,
		Banned: u.Banned, BanReason: u.BanReason, BanExpiresAt: stamp(u.BanExpiresAt),
		CreatedAt: stamp(u.CreatedAt), UpdatedAt: stamp(u.UpdatedAt),
	}
}

// User is m as a user; nil for nil.
func User(m *databasev1.User) *store.User {
	if m == nil {
		return nil
	}
	return &store.User{
		ID: m.GetId(), Name: m.GetName(), Username: m.GetUsername(), DisplayUsername: m.GetDisplayUsername(),
		Email: m.GetEmail(), EmailVerified: m.GetEmailVerified(), Image: m.GetImage(), Role: m.GetRole(),
		Banned: m.GetBanned(), BanReason: m.GetBanReason(), BanExpiresAt: instant(m.GetBanExpiresAt()),
		CreatedAt: instant(m.GetCreatedAt()), UpdatedAt: instant(m.GetUpdatedAt()),
	}
}

// SessionPB is s as a message; nil for nil.
func SessionPB(s *store.Session) *databasev1.Session {
	if s == nil {
		return nil
	}
	return &databasev1.Session{
		Id: s.ID, UserId: s.UserID, ExpiresAt: stamp(s.ExpiresAt), CreatedAt: stamp(s.CreatedAt),
		UpdatedAt: stamp(s.UpdatedAt), IpAddress: s.IPAddress, UserAgent: s.UserAgent, ImpersonatedBy: s.ImpersonatedBy,
	}
}

// Session is m as a session; nil for nil.
func Session(m *databasev1.Session) *store.Session {
	if m == nil {
		return nil
	}
	return &store.Session{
		ID: m.GetId(), UserID: m.GetUserId(), ExpiresAt: instant(m.GetExpiresAt()), CreatedAt: instant(m.GetCreatedAt()),
		UpdatedAt: instant(m.GetUpdatedAt()), IPAddress: m.GetIpAddress(), UserAgent: m.GetUserAgent(), ImpersonatedBy: m.GetImpersonatedBy(),
	}
}

// AppearancePB is a as a message.
func AppearancePB(a store.Appearance) *databasev1.Appearance {
	return &databasev1.Appearance{
		Gender: uint32(a.Gender), BirthStone: uint32(a.BirthStone), Hair: uint32(a.Hair), Face: uint32(a.Face),
	}
}

// Appearance is m as an appearance; INVALID_ARGUMENT names a field that is out
// of its range.
func Appearance(m *databasev1.Appearance) (store.Appearance, error) {
	var r ranges
	a := store.Appearance{
		Gender:     r.u8("appearance.gender", m.GetGender()),
		BirthStone: r.u8("appearance.birth_stone", m.GetBirthStone()),
		Hair:       r.u8("appearance.hair", m.GetHair()),
		Face:       r.u8("appearance.face", m.GetFace()),
	}
	return a, r.error()
}

// StatePB is s as a message.
func StatePB(s store.CharacterState) *databasev1.CharacterState {
	return &databasev1.CharacterState{
		Position:   &databasev1.Position{Zone: uint32(s.Position.Zone), X: s.Position.X, Y: s.Position.Y},
		ReviveZone: uint32(s.ReviveZone), Job: uint32(s.Job), Level: uint32(s.Level), Xp: s.XP, Hp: s.HP, Mp: s.MP,
		Stats: &databasev1.Stats{
			Strength: uint32(s.Stats.Strength), Dexterity: uint32(s.Stats.Dexterity),
			Intelligence: uint32(s.Stats.Intelligence), Concentration: uint32(s.Stats.Concentration),
			Charm: uint32(s.Stats.Charm), Sense: uint32(s.Stats.Sense),
		},
		StatPoints: uint32(s.StatPoints), SkillPoints: uint32(s.SkillPoints), Stamina: uint32(s.Stamina), Money: s.Money,
	}
}

// State is m as a state; INVALID_ARGUMENT names a field that is out of its
// range.
func State(m *databasev1.CharacterState) (store.CharacterState, error) {
	var r ranges
	s := store.CharacterState{
		Position: store.Position{
			Zone: r.u16("state.position.zone", m.GetPosition().GetZone()),
			X:    r.finite("state.position.x", m.GetPosition().GetX()),
			Y:    r.finite("state.position.y", m.GetPosition().GetY()),
		},
		ReviveZone: r.u16("state.revive_zone", m.GetReviveZone()),
		Job:        r.u16("state.job", m.GetJob()),
		Level:      r.u16("state.level", m.GetLevel()),
		XP:         m.GetXp(), HP: m.GetHp(), MP: m.GetMp(),
		Stats: store.Stats{
			Strength:      r.u16("state.stats.strength", m.GetStats().GetStrength()),
			Dexterity:     r.u16("state.stats.dexterity", m.GetStats().GetDexterity()),
			Intelligence:  r.u16("state.stats.intelligence", m.GetStats().GetIntelligence()),
			Concentration: r.u16("state.stats.concentration", m.GetStats().GetConcentration()),
			Charm:         r.u16("state.stats.charm", m.GetStats().GetCharm()),
			Sense:         r.u16("state.stats.sense", m.GetStats().GetSense()),
		},
		StatPoints:  r.u16("state.stat_points", m.GetStatPoints()),
		SkillPoints: r.u16("state.skill_points", m.GetSkillPoints()),
		Stamina:     r.u16("state.stamina", m.GetStamina()),
		Money:       m.GetMoney(),
	}
	if s.Money < 0 || s.Money > store.MaxMoney {
		r.fail("state.money", "must be 0 to 999999999999999")
	}
	return s, r.error()
}

// CharacterPB is c as a message; nil for nil.
func CharacterPB(c *store.Character) *databasev1.Character {
	if c == nil {
		return nil
	}
	return &databasev1.Character{
		Id: c.ID.String(), UserId: c.UserID, Name: c.Name, Slot: uint32(c.Slot),
		Appearance: AppearancePB(c.Appearance), State: StatePB(c.State), Items: ItemsPB(c.Items), DeleteAt: stamp(c.DeleteAt),
		CreatedAt: stamp(c.CreatedAt), UpdatedAt: stamp(c.UpdatedAt), Version: c.Version, Hotbar: characterHotbar(&c.Hotbar),
	}
}

// Character is m as a character; nil for nil.
func Character(m *databasev1.Character) (*store.Character, error) {
	if m == nil {
		return nil, nil //nolint:nilnil // nil in, nil out
	}
	id, err := store.ParseCharacterID(m.GetId())
	if err != nil {
		return nil, err
	}
	look, err := Appearance(m.GetAppearance())
	if err != nil {
		return nil, err
	}
	state, err := State(m.GetState())
	if err != nil {
		return nil, err
	}
	items, err := Items(m.GetItems())
	if err != nil {
		return nil, err
	}
	bar, err := Hotbar(m.GetHotbar())
	if err != nil {
		return nil, err
	}
	var r ranges
	c := &store.Character{
		ID: id, UserID: m.GetUserId(), Name: m.GetName(), Slot: r.u8("slot", m.GetSlot()), Appearance: look, State: state, Items: items,
		DeleteAt: instant(m.GetDeleteAt()), CreatedAt: instant(m.GetCreatedAt()), UpdatedAt: instant(m.GetUpdatedAt()),
		Version: m.GetVersion(), Hotbar: bar,
	}
	return c, r.error()
}

// PlayPB is p as a message; nil for nil.
func PlayPB(p *store.Play) *databasev1.Play {
	if p == nil {
		return nil
	}
	m := &databasev1.Play{
		Id: p.ID, UserId: p.UserID, SessionId: p.SessionID, Generation: p.Generation,
		Stage: databasev1.Stage(p.Stage), Address: p.Address, LeaseExpiresAt: stamp(p.LeaseExpiresAt),
		Closing: p.Closing, PasswordStamp: string(p.Stamp),
	}
	if p.CharacterID != 0 {
		m.CharacterId = p.CharacterID.String()
	}
	return m
}

// Play is m as a play record; nil for nil and for an empty one. One that was ended
// has no id.
func Play(m *databasev1.Play) *store.Play {
	if m.GetId() == "" && m.GetUserId() == "" {
		return nil
	}
	p := &store.Play{
		ID: m.GetId(), UserID: m.GetUserId(), SessionID: m.GetSessionId(), Generation: m.GetGeneration(),
		Stage: store.Stage(m.GetStage()), Address: m.GetAddress(), LeaseExpiresAt: instant(m.GetLeaseExpiresAt()), //nolint:gosec // a small enumeration
		Closing: m.GetClosing(), Stamp: store.PasswordStamp(m.GetPasswordStamp()),
	}
	if id, err := store.ParseCharacterID(m.GetCharacterId()); err == nil {
		p.CharacterID = id
	}
	return p
}

// RefPB is r as a message.
func RefPB(r store.PlayRef) *databasev1.PlayRef {
	return &databasev1.PlayRef{PlayId: r.ID, Generation: r.Generation}
}

// Ref is m as a reference.
func Ref(m *databasev1.PlayRef) store.PlayRef {
	return store.PlayRef{ID: m.GetPlayId(), Generation: m.GetGeneration()}
}

// Digest is b as a digest; INVALID_ARGUMENT unless it has 32 bytes.
func Digest(b []byte) (store.Digest, error) {
	var d store.Digest
	if len(b) != len(d) {
		return d, errs.Invalid("digest", "must be 32 bytes")
	}
	copy(d[:], b)
	return d, nil
}

// ranges narrows numbers and remembers the first that does not fit.
type ranges struct{ err *errs.Error }

func (r *ranges) fail(field, msg string) {
	if r.err == nil {
		r.err = errs.Invalid(field, msg)
	}
}

func (r *ranges) error() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

func (r *ranges) u8(field string, v uint32) uint8 {
	if v > math.MaxUint8 {
		r.fail(field, "must be 0 to 255")
		return 0
	}
	return uint8(v)
}

func (r *ranges) u16(field string, v uint32) uint16 {
	if v > math.MaxUint16 {
		r.fail(field, "must be 0 to 65535")
		return 0
	}
	return uint16(v)
}

func (r *ranges) finite(field string, v float32) float32 {
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		r.fail(field, "must be a finite number")
		return 0
	}
	return v
}
