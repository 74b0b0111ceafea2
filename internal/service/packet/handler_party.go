package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleParty refuses for whoever was invited, and tells a client that believes
// to be in a party that there is none.
func handleParty(_ context.Context, s *session, p *packets.PartyRequest) error {
	switch p.Kind {
	case packets.PartyCreate, packets.PartyInvite:
		s.send(&packets.PartyReply{Kind: packets.PartyReplyRefuse, Target: p.Target})
	default:
		s.send(&packets.PartyReply{Kind: packets.PartyReplyDeleted})
	}
	return nil
}

// handlePartyRules tells that there is no party.
func handlePartyRules(_ context.Context, s *session, _ *packets.PartyRulesRequest) error {
	s.send(&packets.PartyReply{Kind: packets.PartyReplyDeleted})
	return nil
}
