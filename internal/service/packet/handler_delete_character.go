package packet

import (
	"context"
	"time"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleDeleteCharacter marks a character for deletion or removes the mark.
func handleDeleteCharacter(ctx context.Context, s *session, p *packets.DeleteCharacterRequest) error {
	reply := &packets.DeleteCharacterReply{Seconds: packets.DeleteFailed, Name: p.Name}
	c, ok := s.character(p.Slot, p.Name)
	if !ok {
		s.send(reply)
		return nil
	}
	ctx, cancel := s.call(ctx)
	defer cancel()
	if p.Delete {
		resp, err := s.srv.character.DeleteCharacter(ctx, &characterv1.DeleteCharacterRequest{
			UserId: s.play.userID, CharacterId: c.GetId(),
		})
		if err != nil {
			s.backendFailed("delete character", err)
		} else {
			c.DeleteAt = resp.GetDeleteAt()
			// The mark is a full hour away; rounding must not send 3599.
			left := resp.GetDeleteAt().AsTime().Sub(s.srv.now()).Round(time.Second)
			reply.Seconds = uint32(max(1, min(int64(left/time.Second), int64(packets.MaxDeleteSeconds)))) //nolint:gosec // 1 to 3600
		}
	} else {
		resp, err := s.srv.character.RestoreCharacter(ctx, &characterv1.RestoreCharacterRequest{
			UserId: s.play.userID, CharacterId: c.GetId(),
		})
		if err != nil {
			s.backendFailed("restore character", err)
		} else {
			s.listed[p.Slot] = resp.GetCharacter()
			reply.Seconds = packets.DeleteUndone
		}
	}
	s.send(reply)
	return nil
}
