package world

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/waystone-mmo/waystone/internal/store"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// joined tells a player that his join succeeded, with his character as it is.
func joined(p *player) *worldv1.ConnectResponse {
	return &worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Joined{Joined: &worldv1.Joined{
		Character: characterToProto(p.character, p.state), MaxHp: p.maxHP, MaxMp: p.maxMP,
	}}}
}

func refusal(reason string) *worldv1.ConnectResponse {
	return &worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Joined{
		Joined: &worldv1.Joined{Reason: reason},
	}}
}

func appearanceToProto(a store.Appearance) *databasev1.Appearance {
	return &databasev1.Appearance{
		Gender: uint32(a.Gender), BirthStone: uint32(a.BirthStone), Hair: uint32(a.Hair), Face: uint32(a.Face),
	}
}

func characterToProto(c *store.Character, s store.CharacterState) *databasev1.Character {
	return &databasev1.Character{
		Id: c.ID.String(), UserId: c.UserID, Name: c.Name, Slot: uint32(c.Slot),
		Appearance: appearanceToProto(c.Appearance),
		State: &databasev1.CharacterState{
			Position:   &databasev1.Position{Zone: uint32(s.Position.Zone), X: s.Position.X, Y: s.Position.Y},
			ReviveZone: uint32(s.ReviveZone), Job: uint32(s.Job), Level: uint32(s.Level), Xp: s.XP, Hp: s.HP, Mp: s.MP,
			Stats: &databasev1.Stats{
				Strength: uint32(s.Stats.Strength), Dexterity: uint32(s.Stats.Dexterity),
				Intelligence: uint32(s.Stats.Intelligence), Concentration: uint32(s.Stats.Concentration),
				Charm: uint32(s.Stats.Charm), Sense: uint32(s.Stats.Sense),
			},
			StatPoints: uint32(s.StatPoints), SkillPoints: uint32(s.SkillPoints),
			Stamina: uint32(s.Stamina), Money: s.Money,
		},
		CreatedAt: timestamppb.New(c.CreatedAt), UpdatedAt: timestamppb.New(c.UpdatedAt), Version: c.Version,
	}
}
