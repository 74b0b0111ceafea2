package world_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/waystone-mmo/waystone/internal/service/world"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

func TestTakeoverKeepsThePosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
		s := start(t, chars)
		g1, g2 := s.gateway(), s.gateway()
		watcher := g2.enter(5, chars.rows[2], 1)
		a := g1.enter(1, chars.rows[1], 1)
		g1.move(1, 530000, 520000)
		time.Sleep(3050 * time.Millisecond) // between two saves
		// As a sign-in does: from here on the store refuses the older one.
		chars.set(func(c *characters) { c.owner[1] = 2 })
		j := g2.join(9, chars.rows[1], 2, 0)
		if why := g1.left(1); why != "TAKEN_OVER" {
			t.Errorf("left because %s", why)
		}
		x := j.GetCharacter().GetState().GetPosition().GetX()
		if x < 521250 || x > 521350 {
			t.Errorf("joined at %v, want where it was: about 521296", x)
		}
		g2.sendEnter(9)
		if b := g2.entered(9); b.GetX() != x || b.GetId() == a.GetId() || b.GetId() == watcher.GetId() {
			t.Errorf("entered as %v", b)
		}
		if again := g1.join(1, chars.rows[1], 1, 0); again.GetReason() != "STALE_GENERATION" {
			t.Errorf("the old one joined again: %v", again)
		}
		if n := s.Status().Players; n != 2 {
			t.Errorf("%d players, want 2", n)
		}
	})
}

// Whatever order joins at the same instant take, one player is left, and it is
// the one with the highest generation.
func TestJoinsAtOnceLeaveOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		const n = 8
		var gateways [n]*gateway
		for i := range gateways {
			gateways[i] = s.gateway()
		}
		for i, g := range gateways {
			go g.sendJoin(1, clone(chars, 1), int64(i+1), 0)
		}
		time.Sleep(time.Second)
		last := gateways[n-1]
		if st := s.Status(); st.Players != 1 {
			t.Errorf("%d players", st.Players)
		}
		for i, g := range gateways[:n-1] {
			m := g.until(1, func(m *worldv1.ConnectResponse) bool { return m.GetJoined() != nil }).GetJoined()
			if m.GetReason() == "" {
				if why := g.left(1); why != "TAKEN_OVER" {
					t.Errorf("generation %d left because %s", i+1, why)
				}
			} else if m.GetReason() != "STALE_GENERATION" {
				t.Errorf("generation %d: %v", i+1, m)
			}
		}
		last.sendEnter(1)
		last.entered(1)
	})
}

func TestOneUserPlaysOneCharacter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := someone(2, 520000, 520000)
		second.UserID = "u1"
		chars := newCharacters(someone(1, 520000, 520000), second)
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		if j := g.join(2, second, 1, 0); j.GetReason() != "" {
			t.Errorf("the other character: %v", j)
		}
		if n := s.Status().Players; n != 1 {
			t.Errorf("%d players", n)
		}
	})
}

func TestLostStreamAndRejoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
		s := start(t, chars)
		g1, g2 := s.gateway(), s.gateway()
		b := g2.enter(2, chars.rows[2], 1)
		a := g1.enter(1, chars.rows[1], 1)
		g2.spawned(2, a.GetId())
		g1.cancel()
		time.Sleep(29 * time.Second)
		for _, m := range g2.fence(2) {
			t.Errorf("while the other stood still came %v", m)
		}
		g3 := s.gateway()
		if j := g3.join(7, chars.rows[1], 1, a.GetId()); j.GetReason() != "" {
			t.Fatalf("rejoin: %v", j)
		}
		if e := g3.entered(7); e.GetId() != a.GetId() {
			t.Errorf("rejoined as %d, was %d", e.GetId(), a.GetId())
		}
		g3.spawned(7, b.GetId())
		time.Sleep(time.Minute)
		for _, m := range g2.fence(2) {
			t.Errorf("after the rejoin came %v", m)
		}
		g3.say(7, worldv1.Channel_CHANNEL_LOCAL, "", "back")
		g2.until(2, func(m *worldv1.ConnectResponse) bool { return m.GetSaid().GetText() == "back" })
	})
}

// TestANewerGenerationIsNoRejoin: it takes the player over, so that what happens
// from then on is saved as its own.
func TestANewerGenerationIsNoRejoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		g1, g2 := s.gateway(), s.gateway()
		a := g1.enter(1, chars.rows[1], 1)
		chars.set(func(c *characters) { c.owner[1] = 2 })
		if j := g2.join(1, clone(chars, 1), 2, a.GetId()); j.GetReason() != "" {
			t.Fatalf("join: %v", j)
		}
		if why := g1.left(1); why != "TAKEN_OVER" {
			t.Errorf("left because %s", why)
		}
		if b := g2.entered(1); b.GetId() != a.GetId() {
			t.Errorf("entered as %d, was %d", b.GetId(), a.GetId())
		}
		g2.move(1, 520000, 520425)
		time.Sleep(10 * time.Second)
		if n := s.Status().Players; n != 1 {
			t.Errorf("%d players, want the newer one", n)
		}
		if p := chars.row(1).State.Position; p.Y != 520425 {
			t.Errorf("saved at %v", p)
		}
	})
}

// TestALineIsCarriedOutOnce: it is acknowledged, and when its gateway lost its
// stream before it knew, it is told how far the player's lines have come.
func TestALineIsCarriedOutOnce(t *testing.T) {
	for name, channel := range map[string]worldv1.Channel{
		"local": worldv1.Channel_CHANNEL_LOCAL, "shout": worldv1.Channel_CHANNEL_SHOUT, "whisper": worldv1.Channel_CHANNEL_WHISPER,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000))
				s := start(t, chars)
				g1, g2 := s.gateway(), s.gateway()
				g2.enter(2, chars.rows[2], 1)
				a := g1.enter(1, chars.rows[1], 1)
				g2.spawned(2, a.GetId())
				say := func(g *gateway, player, line uint64, text string) {
					g.send(player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Say{Say: &worldv1.Say{
						Channel: channel, To: chars.rows[2].Name, Text: text, Line: line,
					}}})
				}
				spoken := func(g *gateway, player, line uint64) {
					t.Helper()
					m := g.until(player, func(m *worldv1.ConnectResponse) bool { return m.GetSpoken() != nil })
					if n := m.GetSpoken().GetLine(); n != line {
						t.Errorf("line %d is acknowledged, want %d", n, line)
					}
				}
				say(g1, 1, 1, "one")
				spoken(g1, 1, 1)
				say(g1, 1, 2, "")
				spoken(g1, 1, 2) // says nothing, and is not to be said again
				say(g1, 1, 3, "three")
				spoken(g1, 1, 3)
				g1.cancel()

				g3 := s.gateway()
				g3.sendJoin(7, chars.rows[1], 1, a.GetId())
				m := g3.until(7, func(m *worldv1.ConnectResponse) bool { return m.GetEntered() != nil })
				if e := m.GetEntered(); e.LastLine == nil || e.GetLastLine() != 3 {
					t.Errorf("rejoined with %v, want the last line to be 3", e)
				}
				say(g3, 7, 3, "three")
				say(g3, 7, 4, "four")
				spoken(g3, 7, 4)
				var heard []string
				for _, m := range g2.fence(2) {
					if text := m.GetSaid().GetText(); text != "" {
						heard = append(heard, text)
					}
				}
				if want := []string{"one", "three", "four"}; !slices.Equal(heard, want) {
					t.Errorf("the other heard %q, want %q", heard, want)
				}
			})
		})
	}
}

func TestLingerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520100, 520000), someone(3, 520100, 520000))
		s := start(t, chars)
		g1, g2 := s.gateway(), s.gateway()
		g2.enter(2, chars.rows[2], 1)
		a := g1.enter(1, chars.rows[1], 1)
		g1.join(3, chars.rows[3], 1, 0) // never enters
		g1.move(1, 520000, 521000)
		g2.until(2, func(m *worldv1.ConnectResponse) bool { return m.GetMoved() != nil })
		g1.cancel()
		synctest.Wait()
		if n := s.Status().Players; n != 2 {
			t.Errorf("%d players, want the two in the zone", n)
		}
		lost := time.Now()
		g2.removed(2, a.GetId())
		if d := time.Since(lost); d < 30*time.Second || d > 31*time.Second {
			t.Errorf("removed after %v", d)
		}
		time.Sleep(time.Second)
		if p := chars.row(1).State.Position; p.Y != 521000 {
			t.Errorf("saved at %v", p)
		}
		// Later than that, the join is a new one, yet as the same entity.
		g3 := s.gateway()
		g3.sendJoin(1, chars.rows[1], 1, a.GetId())
		if e := g3.entered(1); e.GetId() != a.GetId() || e.GetY() != 521000 {
			t.Errorf("entered as %v", e)
		}
	})
}

// A world that starts anew takes players as the entities that their clients
// know.
func TestRejoinAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		first := start(t, chars)
		g := first.gateway()
		a := g.enter(1, chars.rows[1], 1)
		g.move(1, 520000, 520425)
		time.Sleep(5 * time.Second)
		first.shutdown()
		if code := g.code(); code != codes.Unavailable {
			t.Errorf("the stream ended with %v", code)
		}
		g = start(t, chars).gateway()
		g.sendJoin(1, chars.rows[1], 1, a.GetId())
		m := g.until(1, func(m *worldv1.ConnectResponse) bool { return m.GetEntered() != nil })
		if e := m.GetEntered().GetSelf(); e.GetId() != a.GetId() || e.GetY() != 520425 {
			t.Errorf("entered as %v", e)
		}
		if m.GetEntered().LastLine != nil {
			t.Error("a world that has loaded the player afresh claims to know his last line of chat")
		}
	})
}

func TestSlowGatewayIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520000, 520000))
		s := start(t, chars, func(c *world.Config) { c.StreamQueue = 64 })
		slow, quick := s.dial(false), s.gateway()
		slow.send(0, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Hello{Hello: &worldv1.Hello{Gateway: "slow"}}})
		slow.sendJoin(1, chars.rows[1], 1, 0)
		synctest.Wait()
		slow.sendEnter(1)
		synctest.Wait()
		quick.enter(2, chars.rows[2], 1)
		text := string(make([]byte, 500))
		for i := 0; len(s.Status().Streams) == 2; i++ {
			if i > 5000 {
				t.Fatal("the slow gateway was not cut")
			}
			quick.say(2, worldv1.Channel_CHANNEL_SHOUT, "", text)
			quick.until(2, func(m *worldv1.ConnectResponse) bool { return m.GetSaid() != nil })
		}
		go slow.read()
		if code := slow.code(); code != codes.ResourceExhausted {
			t.Errorf("the slow gateway got %v", code)
		}
		quick.fence(2)
		if n := s.Status().Players; n != 2 {
			t.Errorf("%d players: the one behind the slow gateway should stay a while", n)
		}
	})
}
