package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleEmote shows a motion to the player and to all in sight. It has as many
// receivers as a chat line and needs no typing, so it has its own budget. More
// emotes are dropped.
func handleEmote(_ context.Context, s *session, p *packets.EmoteRequest) error {
	if s.emotes == nil {
		s.emotes = newEmoteLimiter()
	}
	if !s.emotes.AllowN(s.srv.now(), 1) {
		s.srv.metrics.Dropped(packets.Game, connection.DropTooMany)
		return nil
	}
	s.srv.world.send(s.player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Emote{Emote: &worldv1.Emote{
		Motion: uint32(p.Motion), Flags: uint32(p.Flags),
	}}})
	return nil
}
