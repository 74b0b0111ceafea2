package world_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/world"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

func TestSavesAtAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		time.Sleep(10 * time.Second)
		if row := chars.row(1); row.Version != 1 {
			t.Errorf("version %d although nothing has changed", row.Version)
		}
		g.move(1, 528500, 520000) // 20 s
		began := time.Now()
		time.Sleep(10 * time.Second)
		where := 520000 + 425*time.Since(began).Seconds()
		if p := chars.row(1).State.Position; float64(p.X) < where-425*1.2 || float64(p.X) > where {
			t.Errorf("saved at %v, is at %v: more than a second behind", p.X, where)
		}
	})
}

// What a character has is told to the player and is still there after play.
func TestItemsGoThroughPlay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hero := someone(1, 520000, 520000)
		hero.Items = store.Inventory{
			{ID: 77, Place: 7, Type: store.ItemWeapon, Number: 202, Quantity: 1, Durability: 43, Grade: 4},
			{ID: 78, Place: 43, Type: store.ItemMaterial, Number: 17, Quantity: 999},
		}
		chars := newCharacters(hero)
		s := start(t, chars)
		g := s.gateway()
		for generation := range int64(2) {
			j := g.join(1, clone(chars, 1), generation+1, 0)
			got, err := storepb.Items(j.GetCharacter().GetItems())
			if diff := cmp.Diff(hero.Items, got); err != nil || diff != "" {
				t.Errorf("the player is told (-stored +told): %v\n%s", err, diff)
			}
			g.sendEnter(1)
			g.entered(1)
			g.move(1, 520000, 521000+float32(generation)*1000)
			time.Sleep(2 * time.Second)
			g.leave(1)
			g.left(1)
			row := chars.row(1)
			if diff := cmp.Diff(hero.Items, row.Items); diff != "" || row.Version == 1 {
				t.Errorf("after play, at version %d (-before +after):\n%s", row.Version, diff)
			}
		}
	})
}

// The store goes away, loses answers and comes back: players go on, and what
// is stored in the end is what was last.
func TestNothingIsLostWhileTheStoreIsAway(t *testing.T) {
	for name, fault := range map[string]func(*characters){
		"down":         func(c *characters) { c.down = store.ErrUnavailable },
		"answers lost": func(c *characters) { c.deaf = true },
		"broken":       func(c *characters) { c.down = errs.New(errs.Internal, "INTERNAL", "internal error") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
				s := start(t, chars)
				g := s.gateway()
				a := g.enter(1, chars.rows[1], 1)
				g.enter(2, chars.rows[2], 1)
				chars.set(fault)
				g.move(1, 520000, 521000)
				time.Sleep(time.Minute)
				g.fence(2)
				g.leave(1)
				g.removed(2, a.GetId())
				time.Sleep(time.Minute)
				chars.set(func(c *characters) { c.down, c.deaf = nil, false })
				if why := g.left(1); why != "LEFT" {
					t.Errorf("left because %s", why)
				}
				if p := chars.row(1).State.Position; p.Y != 521000 {
					t.Errorf("saved at %v", p)
				}
				if n := s.Status().Unsaved; n != 0 {
					t.Errorf("%d characters are not saved", n)
				}
				g.enter(1, clone(chars, 1), 1)
			})
		})
	}
}

// A join while the character cannot be written does not load what is stale.
func TestJoinWaitsForTheSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g1, g2 := s.gateway(), s.gateway()
		g1.enter(1, chars.rows[1], 1)
		g1.move(1, 520000, 520425)
		time.Sleep(500 * time.Millisecond)
		chars.set(func(c *characters) { c.down = store.ErrUnavailable })
		time.Sleep(5 * time.Second)
		if j := g2.join(1, clone(chars, 1), 2, 0); j.GetReason() != "UNAVAILABLE" {
			t.Errorf("join: %v", j)
		}
		if why := g1.left(1); why != "TAKEN_OVER" {
			t.Errorf("left because %s", why)
		}
		chars.set(func(c *characters) { c.down = nil })
		if j := g2.join(1, clone(chars, 1), 2, 0); j.GetCharacter().GetState().GetPosition().GetY() != 520425 {
			t.Errorf("join: %v", j)
		}
	})
}

// What the older owner could not save yet is saved as the newer one's, however
// he went: the store refuses the older one by then.
func TestWhatIsUnsavedPassesToTheNewerOwner(t *testing.T) {
	for name, goes := range map[string]func(g1, g2 *gateway, c *store.Character) (why string){
		"taken over": func(g1, g2 *gateway, c *store.Character) string {
			if j := g2.join(1, c, 2, 0); j.GetReason() != "UNAVAILABLE" {
				g2.t.Errorf("join: %v", j)
			}
			return "TAKEN_OVER"
		},
		"left before": func(g1, g2 *gateway, c *store.Character) string {
			g1.leave(1)
			synctest.Wait()
			if j := g2.join(1, c, 2, 0); j.GetReason() != "UNAVAILABLE" {
				g2.t.Errorf("join: %v", j)
			}
			return "LEFT"
		},
	} {
		for when, pause := range map[string]time.Duration{"at once": 1100 * time.Millisecond, "after tries": 10 * time.Second} {
			t.Run(name+" "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					chars := newCharacters(someone(1, 520000, 520000))
					s := start(t, chars)
					g1, g2 := s.gateway(), s.gateway()
					g1.enter(1, chars.rows[1], 1)
					chars.set(func(c *characters) { c.down, c.owner[1] = store.ErrUnavailable, 2 })
					g1.move(1, 520000, 520425)
					time.Sleep(pause)
					want := goes(g1, g2, clone(chars, 1))
					chars.set(func(c *characters) { c.down = nil })
					time.Sleep(10 * time.Second) // it is saved without another join
					if why := g1.left(1); why != want {
						t.Errorf("left because %s, want %s", why, want)
					}
					if p := chars.row(1).State.Position; p.Y != 520425 {
						t.Errorf("saved at %v", p)
					}
					if j := g2.join(1, clone(chars, 1), 2, 0); j.GetCharacter().GetState().GetPosition().GetY() != 520425 {
						t.Errorf("join: %v", j)
					}
				})
			})
		}
	}
}

func TestRefusedSaveEndsThePlay(t *testing.T) {
	for name, fault := range map[string]func(*characters){
		"version":    func(c *characters) { c.rows[1].Version++ },
		"generation": func(c *characters) { c.owner[1] = 9 },
		"deleted":    func(c *characters) { delete(c.rows, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hero := someone(1, 520000, 520000)
				chars := newCharacters(hero, someone(2, 520100, 520000))
				s := start(t, chars)
				g := s.gateway()
				a := g.enter(1, hero, 1)
				g.enter(2, chars.rows[2], 1)
				chars.set(fault)
				g.move(1, 520000, 521000)
				g.removed(2, a.GetId())
				if why := g.left(1); why != "SAVE_REFUSED" {
					t.Errorf("left because %s", why)
				}
				time.Sleep(time.Minute)
				if st := s.Status(); st.Players != 1 || st.Unsaved != 0 {
					t.Errorf("afterwards: %+v", st)
				}
			})
		})
	}
}

func TestRefusedSaveOfOneWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		g.move(1, 520000, 521000)
		time.Sleep(50 * time.Millisecond)
		chars.set(func(c *characters) { c.owner[1] = 9 })
		g.leave(1)
		if why := g.left(1); why != "SAVE_REFUSED" {
			t.Errorf("left because %s", why)
		}
	})
}

// picky refuses a whole request when one character of it is bad.
type picky struct {
	*characters
	bad store.CharacterID
}

func (p picky) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	for _, s := range saves {
		if s.ID == p.bad {
			return nil, errs.Invalid("saves", "one is bad")
		}
	}
	return p.characters.SaveCharacters(ctx, saves)
}

func TestOneBadStateDoesNotKeepOthersFromBeingSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
		s := start(t, picky{chars, 1})
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		g.enter(2, chars.rows[2], 1)
		g.move(1, 520000, 520425)
		g.move(2, 520100, 520425)
		if why := g.left(1); why != "SAVE_REFUSED" {
			t.Errorf("left because %s", why)
		}
		time.Sleep(5 * time.Second)
		if p := chars.row(2).State.Position; p.Y != 520425 {
			t.Errorf("the good one is saved at %v", p)
		}
	})
}

func TestShutdownSavesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters()
		const n = 50
		for i := range store.CharacterID(n) {
			c := someone(i+1, 520000+float32(i)*100, 520000)
			chars.rows[c.ID], chars.keys[c.ID] = c, map[string]int64{}
		}
		s := start(t, chars, func(c *world.Config) { c.SaveInterval = time.Minute })
		g := s.gateway()
		for i := range uint64(n) {
			g.enter(i+1, chars.rows[store.CharacterID(i+1)], 1)
			g.move(i+1, 540000, 540000)
		}
		time.Sleep(10 * time.Second)
		s.Announce(t.Context())
		g.until(n, func(m *worldv1.ConnectResponse) bool {
			return m.GetSaid().GetText() == world.GoingDown && len(m.GetPlayers()) == n
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := s.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		for id := range chars.rows {
			if row := chars.row(id); row.State.Position.Y < 521000 || row.Version != 2 {
				t.Errorf("character %d is saved at %v, version %d", id, row.State.Position, row.Version)
			}
		}
		for told := 0; told < n; {
			if m := g.next(); m.GetLeft().GetReason() == "SHUTDOWN" {
				told += len(m.GetPlayers())
			}
		}
		if j := g.join(99, chars.rows[1], 2, 0); j.GetReason() != "UNAVAILABLE" {
			t.Errorf("a join while draining: %v", j)
		}
		s.shutdown()
		if code := g.code(); code != codes.Unavailable {
			t.Errorf("the stream ended with %v", code)
		}
		late := s.dial(true)
		late.send(0, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Hello{Hello: &worldv1.Hello{Gateway: "late"}}})
		if code := late.code(); code != codes.Unavailable {
			t.Errorf("a stream after the end: %v", code)
		}
	})
}

func TestDrainTellsWhoIsNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		g.move(1, 520000, 521000)
		time.Sleep(100 * time.Millisecond)
		chars.set(func(c *characters) { c.down = store.ErrUnavailable })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := s.Drain(ctx)
		if err == nil || err.Error() != fmt.Sprintf("save character 1: %v", context.DeadlineExceeded) {
			t.Errorf("drain: %v", err)
		}
	})
}
