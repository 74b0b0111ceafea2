package world

import (
	"github.com/waystone-mmo/waystone/internal/store/storepb"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// joined tells a player that his join succeeded, and sends his character.
func joined(p *player) *worldv1.ConnectResponse {
	c := *p.character
	c.State, c.Hotbar = p.state, p.hotbar
	return &worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Joined{Joined: &worldv1.Joined{
		Character: storepb.CharacterPB(&c), MaxHp: p.maxHP, MaxMp: p.maxMP,
	}}}
}

func refusal(reason string) *worldv1.ConnectResponse {
	return &worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Joined{
		Joined: &worldv1.Joined{Reason: reason},
	}}
}
