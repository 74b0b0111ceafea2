package packet

import (
	"context"
	"time"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// premiumSlot is the first slot that the client marks as a paid one.
const premiumSlot = 3

// If the character list cannot be read, how long and how often the gateway tries
// again: longer than a part needs to restart.
const (
	listWait = 15 * time.Second
	listStep = 500 * time.Millisecond
)

// handleCharacterList lists the player's characters. The index of a character in
// this list is its slot in later packets.
//
// The protocol has no refusal for a list, and an empty list would look as if the
// characters were lost. So the gateway tries again until it has a list or listWait
// is over; the client waits.
func handleCharacterList(ctx context.Context, s *session, _ *packets.CharacterListRequest) error {
	over := time.NewTimer(listWait)
	defer over.Stop()
	for {
		err := s.sendList(ctx)
		switch errs.KindOf(err) {
		case errs.Unavailable, errs.DeadlineExceeded, errs.ResourceExhausted:
		default:
			if err != nil {
				return connection.End(connection.Backend, "list characters: %w", err)
			}
			return nil
		}
		s.backendFailed("list characters", err)
		again := time.NewTimer(listStep)
		select {
		case <-again.C:
			continue
		case <-over.C:
		case <-ctx.Done():
		}
		again.Stop()
		return connection.End(connection.Backend, "list characters: %w", err)
	}
}

func (s *session) sendList(ctx context.Context) error {
	var resp *characterv1.ListCharactersResponse
	err := s.step(ctx, func(ctx context.Context) (err error) {
		resp, err = s.srv.character.ListCharacters(ctx, &characterv1.ListCharactersRequest{UserId: s.play.userID})
		return err
	})
	if err != nil {
		return err
	}
	s.listed = resp.GetCharacters()
	if len(s.listed) > packets.MaxCharacters {
		s.listed = s.listed[:packets.MaxCharacters]
	}
	reply := &packets.CharacterListReply{}
	for i, c := range s.listed {
		reply.Characters = append(reply.Characters, listed(i, c, s.srv.now()))
	}
	s.send(reply)
	return nil
}

func listed(i int, c *databasev1.Character, now time.Time) packets.ListedCharacter {
	return packets.ListedCharacter{
		Name:          c.GetName(),
		Gender:        u8(c.GetAppearance().GetGender()),
		Level:         u16(c.GetState().GetLevel()),
		Job:           u16(c.GetState().GetJob()),
		DeleteSeconds: deleteSeconds(c, now),
		Premium:       i >= premiumSlot,
		Face:          u16(c.GetAppearance().GetFace()),
		Hair:          u16(c.GetAppearance().GetHair()),
		Equipment:     listedEquipment(c),
	}
}

// deleteSeconds is 0 for a character that is not marked, and 1 to 3600 for a marked
// one, also if its time is over and the purge has not removed it yet.
func deleteSeconds(c *databasev1.Character, now time.Time) uint32 {
	if c.GetDeleteAt() == nil {
		return 0
	}
	left := int64(c.GetDeleteAt().AsTime().Sub(now) / time.Second)
	return uint32(max(1, min(left, int64(packets.MaxDeleteSeconds)))) //nolint:gosec // 1 to 3600
}

// character returns the character at a slot of the last list, if its name fits too.
func (s *session) character(slot uint8, name string) (*databasev1.Character, bool) {
	if int(slot) >= len(s.listed) || s.listed[slot].GetName() != name {
		return nil, false
	}
	return s.listed[slot], true
}
