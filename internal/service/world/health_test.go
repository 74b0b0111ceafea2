package world_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// TestSavingIsToldOf: while a state is not saved, with how many and since when.
func TestSavingIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
		s := start(t, chars)
		g := s.gateway()
		saving := func(want string) {
			t.Helper()
			if err := s.Saving(t.Context()); (err == nil) != (want == "") || !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("saving: %v, want %q", err, want)
			}
		}
		g.enter(1, chars.rows[1], 1)
		g.enter(2, chars.rows[2], 1)
		saving("")
		chars.set(func(c *characters) { c.down = store.ErrUnavailable })
		g.move(1, 520000, 540000)
		g.fence(1)
		began := time.Now().UTC()
		time.Sleep(20 * time.Second)
		err := fmt.Sprint(s.Saving(t.Context()))
		_, rest, _ := strings.Cut(err, "the state of 1 player is not saved since ")
		text, _, _ := strings.Cut(rest, ";")
		since, failure := time.Parse(time.RFC3339, text)
		if failure != nil || since.Sub(began).Abs() > 3*time.Second || !strings.Contains(err, store.ErrUnavailable.Msg) {
			t.Errorf("saving: %s; it cannot be since %v", err, began)
		}
		g.move(2, 520100, 540000)
		time.Sleep(5 * time.Second)
		saving("the state of 2 players is not saved since " + text)
		chars.set(func(c *characters) { c.down = nil })
		time.Sleep(5 * time.Second)
		saving("")
		// A state that is refused is lost, and told for a minute.
		chars.set(func(c *characters) { c.rows[1].Version++ })
		if why := g.left(1); why != "SAVE_REFUSED" {
			t.Errorf("left because %s", why)
		}
		saving("the last state of 1 player was refused and is lost, since ")
		time.Sleep(time.Minute)
		saving("")
		// Nothing is lost of a character that was deleted.
		chars.set(func(c *characters) { delete(c.rows, 2) })
		g.move(2, 520100, 520000)
		if why := g.left(2); why != "SAVE_REFUSED" {
			t.Errorf("left because %s", why)
		}
		saving("")
	})
}

// silent takes saves and does not answer.
type silent struct{ *characters }

func (silent) SaveCharacters(ctx context.Context, _ []store.CharacterSave) ([]store.SaveResult, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestASaveWithoutAnAnswerIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, silent{chars})
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		g.move(1, 520000, 521000)
		time.Sleep(10 * time.Second)
		if err := s.Saving(t.Context()); err == nil || !strings.Contains(err.Error(), "1 player") {
			t.Errorf("saving: %v", err)
		}
	})
}
