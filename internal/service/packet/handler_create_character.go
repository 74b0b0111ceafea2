package packet

import (
	"context"
	"crypto/rand"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// handleCreateCharacter creates a character. The weapon type is not used: the
// character part decides what a character starts with.
func handleCreateCharacter(ctx context.Context, s *session, p *packets.CreateCharacterRequest) error {
	ctx, cancel := s.call(ctx)
	defer cancel()
	resp, err := s.srv.character.CreateCharacter(ctx, &characterv1.CreateCharacterRequest{
		UserId: s.play.userID,
		Name:   p.Name,
		Appearance: &databasev1.Appearance{
			Gender: uint32(p.Gender), BirthStone: uint32(p.BirthStone), Hair: uint32(p.Hair), Face: uint32(p.Face),
		},
		StartPoint:     uint32(p.StartPoint),
		IdempotencyKey: rand.Text(), // the same for the retries of this one call
	})
	if err != nil {
		s.backendFailed("create character", err)
		s.send(&packets.CreateCharacterReply{Result: createResult(err)})
		return nil
	}
	s.send(&packets.CreateCharacterReply{Result: packets.CreateOK, Platinum: resp.GetCharacter().GetSlot() >= premiumSlot})
	return nil
}
