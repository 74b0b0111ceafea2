package character_test

import (
	"regexp"
	"testing"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/character"
)

// FuzzCreateCharacter holds that what is made keeps the rules, and that what is
// refused is refused as the caller's mistake.
func FuzzCreateCharacter(f *testing.F) {
	f.Add("Aria", uint32(1), uint32(0), uint32(0), uint32(1), uint32(0))
	f.Add("CharacterWithLongNam", uint32(0), uint32(255), uint32(30), uint32(15), uint32(65535))
	f.Add("Gm\x00\xff", uint32(1<<31), uint32(256), uint32(257), uint32(1<<32-1), uint32(2))
	name := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{3,19}$`)
	f.Fuzz(func(t *testing.T, n string, gender, stone, hair, face, start uint32) {
		part, err := character.New(character.Deps{Store: newFake(), StartState: startState})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := part.CreateCharacter(t.Context(), &characterv1.CreateCharacterRequest{
			UserId: "ada1", Name: n, IdempotencyKey: "k", StartPoint: start,
			Appearance: &databasev1.Appearance{Gender: gender, BirthStone: stone, Hair: hair, Face: face},
		})
		if err != nil {
			if errs.KindOf(err) != errs.InvalidArgument {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		c := resp.GetCharacter()
		if !name.MatchString(c.GetName()) || c.GetName() != n || gender > 1 || stone > 11 || hair > 20 || face > 43 || start > 1 {
			t.Fatalf("made %v", c)
		}
	})
}
