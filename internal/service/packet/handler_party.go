package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleParty refuses an invitation in the name of the invited player. To other
// requests it answers that there is no party.
func handleParty(_ context.Context, s *session, p *packets.PartyRequest) error {
	switch p.Kind {
	case packets.PartyCreate, packets.PartyInvite:
		s.send(&packets.PartyReply{Kind: packets.PartyReplyRefuse, Target: p.Target})
	default:
		s.send(&packets.PartyReply{Kind: packets.PartyReplyDeleted})
	}
	return nil
}

// handlePartyRules answers that there is no party.
func handlePartyRules(_ context.Context, s *session, _ *packets.PartyRulesRequest) error {
	s.send(&packets.PartyReply{Kind: packets.PartyReplyDeleted})
	return nil
}
