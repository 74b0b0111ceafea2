package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleWhisper passes on chat to one player.
func handleWhisper(_ context.Context, s *session, p *packets.WhisperRequest) error {
	s.say(worldv1.Channel_CHANNEL_WHISPER, p.To, p.Text)
	return nil
}
