package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleChannelList lists the channels of a server; an empty list if there is no
// such server.
func handleChannelList(_ context.Context, s *session, p *packets.ChannelListRequest) error {
	reply := &packets.ChannelListReply{Server: p.Server}
	if p.Server == serverID {
		reply.Channels = []packets.ChannelEntry{{
			ID: channelID, HighAge: channelHighAge, PercentFull: s.srv.percentFull(), Name: s.srv.cfg.ChannelName,
		}}
	}
	s.send(reply)
	return nil
}
