package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleRaiseSkill refuses: no character has a skill that can be raised.
func handleRaiseSkill(_ context.Context, s *session, _ *packets.RaiseSkillRequest) error {
	s.send(&packets.RaiseSkillResult{Result: packets.RaiseSkillFailed, SkillPoints: s.belongings.skillPoints})
	return nil
}

func handleCastSelf(_ context.Context, s *session, _ *packets.CastSelfRequest) error {
	s.cancelCast()
	return nil
}

func handleCastTarget(_ context.Context, s *session, _ *packets.CastTargetRequest) error {
	s.cancelCast()
	return nil
}

func handleCastPosition(_ context.Context, s *session, _ *packets.CastPositionRequest) error {
	s.cancelCast()
	return nil
}

// cancelCast ends the cast that the client may have begun to show: no skill has an
// effect yet, also not the kisses among the basic skills. A player who is not in
// the zone yet has no cast.
func (s *session) cancelCast() {
	if id := s.srv.world.entity(s.player); id != 0 {
		s.send(&packets.CastCancelled{Entity: u16(id), Reason: packets.CastNoAbility})
	}
}
