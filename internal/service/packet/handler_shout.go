package packet

import (
	"context"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleShout passes on chat to the whole zone.
func handleShout(_ context.Context, s *session, p *packets.ShoutRequest) error {
	s.say(worldv1.Channel_CHANNEL_SHOUT, "", p.Text)
	return nil
}
