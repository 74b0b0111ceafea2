package packet

import (
	"math"
	"strconv"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// Values that the client needs and that no part of the game changes.
const (
	bodySize     = 100 // percent
	headSize     = 200 // percent, the client's own scale
	attackSpeed  = 100 // percent
	craftRate    = 100 // percent
	worldPrice   = 100 // percent
	townPrice    = 100 // percent
	itemPrice    = 50  // percent
	playersTeam  = 2   // players do not fight each other
	longestRoute = math.MaxUint16
)

// Some fields of the client are narrower than those of the server. A larger value
// is sent as the maximum of the field.
func u8(v uint32) uint8   { return uint8(min(v, math.MaxUint8)) }   //nolint:gosec // bounded
func u16(v uint32) uint16 { return uint16(min(v, math.MaxUint16)) } //nolint:gosec // bounded

// height passes 16 bits through as the client sent them.
func height(z int32) uint16 { return uint16(z) } //nolint:gosec // the low 16 bits are meant

func characterData(c *databasev1.Character, basicSkills []uint16) *packets.CharacterData {
	st, look := c.GetState(), c.GetAppearance()
	id, _ := strconv.ParseUint(c.GetId(), 10, 32) // the store gives nothing else
	p := &packets.CharacterData{
		Gender:     u8(look.GetGender()),
		Zone:       u16(st.GetPosition().GetZone()),
		X:          st.GetPosition().GetX(),
		Y:          st.GetPosition().GetY(),
		ReviveZone: u16(st.GetReviveZone()),
		Face:       look.GetFace(),
		Hair:       look.GetHair(),
		Equipment:  equipment(c),
		BirthStone: u8(look.GetBirthStone()),
		FaceStyle:  u8(look.GetFace()),
		HairStyle:  u8(look.GetHair()),
		Job:        u16(st.GetJob()),
		Stats: packets.Stats{
			Str: u16(st.GetStats().GetStrength()), Dex: u16(st.GetStats().GetDexterity()),
			Int: u16(st.GetStats().GetIntelligence()), Con: u16(st.GetStats().GetConcentration()),
			Charm: u16(st.GetStats().GetCharm()), Sense: u16(st.GetStats().GetSense()),
		},
		HP:          u16(st.GetHp()),
		MP:          u16(st.GetMp()),
		XP:          st.GetXp(),
		Level:       u16(st.GetLevel()),
		StatPoints:  u16(st.GetStatPoints()),
		SkillPoints: u16(st.GetSkillPoints()),
		BodySize:    bodySize,
		HeadSize:    headSize,
		Stamina:     u16(st.GetStamina()),
		Hotbar:      hotbar(c),
		UniqueID:    uint32(id),
		Name:        c.GetName(),
	}
	copy(p.Skills.Basic[:], basicSkills)
	return p
}

func joinZoneReply(e *worldv1.Entered) *packets.JoinZoneReply {
	p := &packets.JoinZoneReply{
		Entity:     u16(e.GetSelf().GetId()),
		HP:         u16(e.GetSelf().GetHp()),
		MP:         u16(e.GetSelf().GetMp()),
		XP:         e.GetSelf().GetXp(),
		CraftRate:  craftRate,
		WorldPrice: worldPrice,
		TownPrice:  townPrice,
		WorldTicks: e.GetWorldTicks(),
		Team:       playersTeam,
	}
	for i := range p.ItemPrices {
		p.ItemPrices[i] = itemPrice
	}
	return p
}

func spawn(e *worldv1.Entity) *packets.SpawnCharacter {
	p := &packets.SpawnCharacter{
		Head: packets.SpawnHead{
			Entity:   u16(e.GetId()),
			X:        e.GetX(),
			Y:        e.GetY(),
			Action:   packets.ActionStop,
			MoveMode: moveMode(e.GetMoveMode()),
			HP:       int32(min(e.GetHp(), math.MaxInt32)), //nolint:gosec // bounded
			Team:     playersTeam,
		},
		Gender:      u8(e.GetAppearance().GetGender()),
		RunSpeed:    u16(e.GetRunSpeed()),
		AttackSpeed: attackSpeed,
		Face:        e.GetAppearance().GetFace(),
		Hair:        e.GetAppearance().GetHair(),
		Job:         u16(e.GetJob()),
		Level:       u8(e.GetLevel()),
		Z:           height(e.GetZ()),
		Name:        e.GetName(),
	}
	switch {
	case e.GetMoving():
		p.Head.Action = packets.ActionMove
		p.Head.DestX, p.Head.DestY = e.GetTargetX(), e.GetTargetY()
	case e.GetSitting():
		p.Head.Action = packets.ActionSit
	}
	return p
}

func moveMode(m worldv1.MoveMode) uint8 {
	if m == worldv1.MoveMode_MOVE_MODE_WALK {
		return packets.MoveWalk
	}
	return packets.MoveRun
}

func move(m *worldv1.Moved) *packets.Move {
	return &packets.Move{
		Entity: u16(m.GetEntity()), Target: u16(m.GetTargetEntity()), Distance: u16(min(m.GetDistance(), longestRoute)),
		X: m.GetX(), Y: m.GetY(), Z: height(m.GetZ()),
	}
}

// underWay is the present walk of an entity.
func underWay(e *worldv1.Entity) *packets.Move {
	return &packets.Move{
		Entity: u16(e.GetId()), X: e.GetTargetX(), Y: e.GetTargetY(), Z: height(e.GetZ()), Distance: distance(e),
	}
}

// putRight corrects a client: where its own entity is, how it moves and where it
// walks to. turn says that the entity sits and stands in the client, or the other
// way round.
func putRight(self *worldv1.Entity, turn bool) []packets.Packet {
	list := []packets.Packet{
		adjust(&worldv1.Adjusted{Entity: self.GetId(), X: self.GetX(), Y: self.GetY(), Z: self.GetZ()}),
	}
	if turn {
		list = append(list, sitOrStand(self.GetId()))
	}
	if !self.GetSitting() {
		list = append(list, switched(&worldv1.Toggled{Entity: self.GetId(), MoveMode: self.GetMoveMode(), RunSpeed: self.GetRunSpeed()}))
	}
	if self.GetMoving() {
		list = append(list, underWay(self))
	}
	return list
}

func stop(m *worldv1.Stopped) *packets.Stop {
	return &packets.Stop{Entity: u16(m.GetEntity()), X: m.GetX(), Y: m.GetY(), Z: height(m.GetZ())}
}

// switched returns the packet that says how an entity moves.
func switched(m *worldv1.Toggled) *packets.MoveToggle {
	p := &packets.MoveToggle{Entity: u16(m.GetEntity()), Kind: packets.ToggledRun, RunSpeed: u16(m.GetRunSpeed())}
	if m.GetMoveMode() == worldv1.MoveMode_MOVE_MODE_WALK {
		p.Kind = packets.ToggledWalk
	}
	return p
}

// sitOrStand makes a standing entity sit down and a sitting entity stand up: the
// client has one kind for both.
func sitOrStand(entity uint32) *packets.MoveToggle {
	return &packets.MoveToggle{Entity: u16(entity), Kind: packets.ToggledSit}
}

func emote(m *worldv1.Emoted) *packets.Emote {
	return &packets.Emote{Motion: u16(m.GetMotion()), Flags: u16(m.GetFlags()), Entity: u16(m.GetEntity())}
}

func adjust(m *worldv1.Adjusted) *packets.AdjustPosition {
	return &packets.AdjustPosition{Entity: u16(m.GetEntity()), X: m.GetX(), Y: m.GetY(), Z: int16(m.GetZ())} //nolint:gosec // the low 16 bits are meant
}

// said returns nil for a channel that this gateway does not know.
func said(m *worldv1.Said) packets.Packet {
	switch m.GetChannel() {
	case worldv1.Channel_CHANNEL_LOCAL:
		return &packets.LocalChat{Entity: u16(m.GetEntity()), Text: m.GetText()}
	case worldv1.Channel_CHANNEL_WHISPER:
		return &packets.Whisper{From: m.GetFrom(), Text: m.GetText()}
	case worldv1.Channel_CHANNEL_SHOUT:
		return &packets.Shout{From: m.GetFrom(), Text: m.GetText()}
	case worldv1.Channel_CHANNEL_ANNOUNCE:
		return &packets.Announce{Text: m.GetText(), Name: m.GetFrom()}
	default:
		return nil
	}
}

// removals splits a list into packets of the size that the client accepts.
func removals(ids []uint32) []packets.Packet {
	var out []packets.Packet
	for len(ids) > 0 {
		n := min(len(ids), packets.MaxRemoved)
		p := &packets.RemoveEntities{}
		for _, id := range ids[:n] {
			p.Entities = append(p.Entities, u16(id))
		}
		out = append(out, p)
		ids = ids[n:]
	}
	return out
}

// distance is how far a walking entity has to go, centimetres.
func distance(e *worldv1.Entity) uint16 {
	d := math.Hypot(float64(e.GetTargetX()-e.GetX()), float64(e.GetTargetY()-e.GetY()))
	return uint16(min(d, longestRoute)) //nolint:gosec // bounded, and never negative
}
