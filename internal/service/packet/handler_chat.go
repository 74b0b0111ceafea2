package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleChat passes on chat to all who see the player.
func handleChat(_ context.Context, s *session, p *packets.ChatRequest) error {
	s.say(worldv1.Channel_CHANNEL_LOCAL, "", p.Text)
	return nil
}

// say passes a text on; an empty one says nothing.
func (s *session) say(channel worldv1.Channel, to, text string) {
	if text == "" {
		return
	}
	s.srv.world.say(s.player, &worldv1.Say{Channel: channel, To: to, Text: text})
}
