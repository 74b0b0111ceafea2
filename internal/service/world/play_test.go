package world_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/waystone-mmo/waystone/internal/service/world"
	"github.com/waystone-mmo/waystone/internal/store"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// The tests of this package run in bubbles of testing/synctest with a real
// gRPC server and client over an in-memory listener: clocks run only while
// everybody waits, so that minutes of play take no time.

func TestPlayersOfTwoGatewaysMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520500, 520000))
		s := start(t, chars)
		g1, g2 := s.gateway(), s.gateway()
		a := g1.enter(11, chars.rows[1], 1)
		b := g2.enter(22, chars.rows[2], 1)

		if e := g1.spawned(11, b.GetId()); e.GetName() != "Hero2" || e.GetX() != 520500 || e.GetZone() != 20 || e.GetLevel() != 1 || e.GetCharacterId() != "2" {
			t.Errorf("the first sees %v", e)
		}
		if e := g2.spawned(22, a.GetId()); e.GetName() != "Hero1" || e.GetRunSpeed() != 425 || e.GetSpeed() != 425 {
			t.Errorf("the second sees %v", e)
		}

		g1.move(11, 520000, 521000)
		for g, p := range map[*gateway]uint64{g1: 11, g2: 22} {
			m := g.until(p, func(m *worldv1.ConnectResponse) bool { return m.GetMoved() != nil }).GetMoved()
			if m.GetEntity() != a.GetId() || m.GetDistance() != 1000 || m.GetY() != 521000 || m.GetZ() != 7 || m.GetMoveMode() != worldv1.MoveMode_MOVE_MODE_RUN {
				t.Errorf("moved: %v", m)
			}
		}

		g1.send(11, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Toggle{Toggle: &worldv1.Toggle{Kind: worldv1.Toggle_KIND_RUN}}})
		if m := g2.until(22, func(m *worldv1.ConnectResponse) bool { return m.GetToggled() != nil }).GetToggled(); m.GetMoveMode() != worldv1.MoveMode_MOVE_MODE_WALK || m.GetSitting() {
			t.Errorf("toggled: %v", m)
		}
		g1.send(11, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Stop{Stop: &worldv1.Stop{X: 520000, Y: 520010, Z: 3}}})
		if m := g2.until(22, func(m *worldv1.ConnectResponse) bool { return m.GetStopped() != nil }).GetStopped(); m.GetEntity() != a.GetId() || m.GetY() != 520010 || m.GetZ() != 3 {
			t.Errorf("stopped: %v", m)
		}
		g1.send(11, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Collide{Collide: &worldv1.Collide{X: 530000, Y: 520010}}})
		if m := g1.until(11, func(m *worldv1.ConnectResponse) bool { return m.GetAdjusted() != nil }).GetAdjusted(); m.GetX() != 520000 || m.GetY() != 520010 {
			t.Errorf("adjusted: %v", m)
		}

		g1.send(11, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Emote{Emote: &worldv1.Emote{Motion: 11, Flags: 1 << 15}}})
		for g, p := range map[*gateway]uint64{g1: 11, g2: 22} {
			if m := g.until(p, func(m *worldv1.ConnectResponse) bool { return m.GetEmoted() != nil }).GetEmoted(); m.GetEntity() != a.GetId() || m.GetMotion() != 11 || m.GetFlags() != 1<<15 {
				t.Errorf("emoted: %v", m)
			}
		}
		g1.send(11, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Halt{Halt: &worldv1.Halt{}}})
		if m := g1.until(11, func(m *worldv1.ConnectResponse) bool { return m.GetAdjusted() != nil }).GetAdjusted(); m.GetEntity() != a.GetId() || m.GetX() != 520000 || m.GetY() != 520010 {
			t.Errorf("halted: %v", m)
		}

		// Out of sight and back again.
		g1.send(11, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Toggle{Toggle: &worldv1.Toggle{Kind: worldv1.Toggle_KIND_RUN}}})
		g1.move(11, 520000, 532000)
		g1.removed(11, b.GetId())
		g2.removed(22, a.GetId())
		g1.move(11, 520000, 520000)
		g2.spawned(22, a.GetId())

		g1.leave(11)
		if why := g1.left(11); why != "LEFT" {
			t.Errorf("left because %s", why)
		}
		g2.removed(22, a.GetId())
	})
}

func TestTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520500, 520000), someone(3, 550000, 550000))
		s := start(t, chars)
		g := s.gateway()
		a := g.enter(1, chars.rows[1], 1)
		g.enter(2, chars.rows[2], 1)
		g.enter(3, chars.rows[3], 1)
		said := func(m *worldv1.ConnectResponse) bool { return m.GetSaid() != nil }

		g.say(1, worldv1.Channel_CHANNEL_LOCAL, "", "hi")
		m := g.until(2, said)
		if got := m.GetSaid(); got.GetText() != "hi" || got.GetEntity() != a.GetId() || got.GetChannel() != worldv1.Channel_CHANNEL_LOCAL {
			t.Errorf("local: %v", got)
		}
		if len(m.GetPlayers()) != 2 {
			t.Errorf("one message is for %v, want both who hear it", m.GetPlayers())
		}
		for _, m := range g.fence(3) {
			t.Errorf("far away came %v", m)
		}
		g.say(1, worldv1.Channel_CHANNEL_SHOUT, "", "ho")
		if got := g.until(3, said).GetSaid(); got.GetText() != "ho" || got.GetFrom() != "Hero1" || got.GetEntity() != 0 {
			t.Errorf("shout: %v", got)
		}
		g.say(1, worldv1.Channel_CHANNEL_WHISPER, "hERO3", "psst")
		if got := g.until(3, said).GetSaid(); got.GetText() != "psst" || got.GetFrom() != "Hero1" || got.GetChannel() != worldv1.Channel_CHANNEL_WHISPER {
			t.Errorf("whisper: %v", got)
		}
		g.say(1, worldv1.Channel_CHANNEL_WHISPER, "Hero9", "psst")
		if got := g.until(1, func(m *worldv1.ConnectResponse) bool {
			return m.GetSaid().GetChannel() == worldv1.Channel_CHANNEL_WHISPER
		}).GetSaid(); got.GetText() != "" || got.GetFrom() != "Hero9" {
			t.Errorf("whisper to nobody: %v", got)
		}
		g.say(1, worldv1.Channel_CHANNEL_ANNOUNCE, "", "I am the server")
		for _, m := range g.fence(2) {
			if m.GetSaid() != nil && m.GetSaid().GetText() != "ho" {
				t.Errorf("came %v", m)
			}
		}
		s.Broadcast("news")
		if got := g.until(2, said).GetSaid(); got.GetText() != "news" || got.GetChannel() != worldv1.Channel_CHANNEL_ANNOUNCE {
			t.Errorf("announcement: %v", got)
		}
	})
}

// heard returns what a player on a gateway of its own was told in words, once
// the zone has done all that was sent before.
func (g *gateway) heard(player uint64) (texts []string) {
	g.t.Helper()
	for _, m := range g.fence(player) {
		if m.GetSaid() != nil {
			texts = append(texts, m.GetSaid().GetText())
		}
	}
	return texts
}

// speaking are the ways in which a player speaks.
func speaking() []worldv1.Channel {
	return []worldv1.Channel{worldv1.Channel_CHANNEL_LOCAL, worldv1.Channel_CHANNEL_SHOUT, worldv1.Channel_CHANNEL_WHISPER}
}

// TestTextsHaveALength: one that is longer is not passed on.
func TestTextsHaveALength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520500, 520000))
		s := start(t, chars)
		speaker, listener := s.gateway(), s.gateway()
		listener.enter(1, chars.rows[1], 1)
		speaker.enter(2, chars.rows[2], 1)
		longest := strings.Repeat("x", 512)
		for _, channel := range speaking() {
			speaker.say(2, channel, "Hero1", longest+"x")
			speaker.say(2, channel, "Hero1", longest)
		}
		speaker.fence(2)
		if heard := listener.heard(1); !slices.Equal(heard, slices.Repeat([]string{longest}, 3)) {
			t.Errorf("%d texts came: %q", len(heard), heard)
		}
	})
}

// TestOnlyWhoHasEnteredSpeaks, to anybody.
func TestOnlyWhoHasEnteredSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520500, 520000))
		s := start(t, chars)
		speaker, listener := s.gateway(), s.gateway()
		listener.enter(1, chars.rows[1], 1)
		speaker.join(2, chars.rows[2], 1, 0)
		for _, channel := range speaking() {
			speaker.say(2, channel, "Hero1", "too early")
		}
		speaker.sendEnter(2)
		for _, channel := range speaking() {
			speaker.say(2, channel, "Hero1", "in time")
		}
		speaker.fence(2)
		if heard := listener.heard(1); !slices.Equal(heard, slices.Repeat([]string{"in time"}, 3)) {
			t.Errorf("came %q", heard)
		}
	})
}

func TestRefusedJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		marked, elsewhere := someone(2, 0, 0), someone(3, 0, 0)
		marked.DeleteAt = time.Now().Add(time.Hour)
		elsewhere.State.Position.Zone = 999
		chars := newCharacters(someone(1, 520000, 520000), marked, elsewhere, someone(4, 520000, 520000), someone(5, 1, 1))
		s := start(t, chars, func(c *world.Config) { c.MaxPlayers = 2 })
		g := s.gateway()
		a := g.enter(1, chars.rows[1], 5)
		foreign := someone(4, 0, 0)
		foreign.UserID = "u77"
		for _, c := range []struct {
			name   string
			join   func() *worldv1.Joined
			reason string
		}{
			{"unknown character", func() *worldv1.Joined { return g.join(7, someone(99, 0, 0), 1, 0) }, "CHARACTER_NOT_FOUND"},
			{"another's character", func() *worldv1.Joined { return g.join(7, foreign, 1, 0) }, "CHARACTER_NOT_FOUND"},
			{"marked for deletion", func() *worldv1.Joined { return g.join(7, marked, 1, 0) }, "ALREADY_DELETED"},
			{"unknown zone", func() *worldv1.Joined { return g.join(7, elsewhere, 1, 0) }, "ZONE_NOT_FOUND"},
			{"older generation", func() *worldv1.Joined { return g.join(7, chars.rows[1], 4, 0) }, "STALE_GENERATION"},
			{"another's entity", func() *worldv1.Joined { return g.join(7, chars.rows[4], 1, a.GetId()) }, "ENTITY_TAKEN"},
			{"store down", func() *worldv1.Joined {
				chars.set(func(c *characters) { c.down = store.ErrUnavailable })
				defer chars.set(func(c *characters) { c.down = nil })
				return g.join(7, chars.rows[4], 1, 0)
			}, "UNAVAILABLE"},
			{"store hangs", func() *worldv1.Joined {
				chars.set(func(c *characters) { c.locked = make(chan struct{}) })
				defer chars.set(func(c *characters) { c.locked = nil })
				return g.join(7, chars.rows[4], 1, 0)
			}, "UNAVAILABLE"},
			{"none of these", func() *worldv1.Joined { return g.join(7, chars.rows[4], 1, 0) }, ""},
			{"world full", func() *worldv1.Joined { return g.join(8, chars.rows[5], 1, 0) }, "UNAVAILABLE"},
		} {
			if got := c.join(); got.GetReason() != c.reason || (got.GetCharacter() == nil) != (c.reason != "") {
				t.Errorf("%s: %v, want %q", c.name, got, c.reason)
			}
			// Nothing is left of a refused one.
			want := 1
			if c.reason == "" || c.name == "world full" {
				want = 2
			}
			if st := s.Status(); st.Players != want || s.Tracked() != want {
				t.Errorf("after %s: %d players and %d characters, want %d", c.name, st.Players, s.Tracked(), want)
			}
		}
	})
}

func TestLeaveDuringJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		gate := make(chan struct{})
		chars.locked = gate
		s := start(t, chars)
		g := s.gateway()
		g.sendJoin(1, chars.rows[1], 1, 0)
		g.sendEnter(1)
		g.leave(1)
		synctest.Wait()
		close(gate)
		if why := g.left(1); why != "LEFT" {
			t.Errorf("left because %s", why)
		}
		if n := s.Status().Players; n != 0 {
			t.Errorf("%d players are left", n)
		}
		g.enter(1, chars.rows[1], 1) // the number can be used again
	})
}

func TestGatewaysThatMisbehaveAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000))
		s := start(t, chars)
		hello := func(name string) *worldv1.ConnectRequest {
			return &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Hello{Hello: &worldv1.Hello{Gateway: name}}}
		}
		for name, misbehave := range map[string]func() *gateway{
			"no hello": func() *gateway { g := s.dial(true); g.sendEnter(1); return g },
			"no name":  func() *gateway { g := s.dial(true); g.send(0, hello("")); return g },
			"long name": func() *gateway {
				g := s.dial(true)
				g.send(0, hello(string(make([]byte, 65))))
				return g
			},
			"two hellos":    func() *gateway { g := s.gateway(); g.send(1, hello("g")); return g },
			"player 0":      func() *gateway { g := s.gateway(); g.sendEnter(0); return g },
			"no message":    func() *gateway { g := s.gateway(); g.send(1, &worldv1.ConnectRequest{}); return g },
			"no generation": func() *gateway { g := s.gateway(); g.sendJoin(1, chars.rows[1], 0, 0); return g },
			"long entity":   func() *gateway { g := s.gateway(); g.sendJoin(1, chars.rows[1], 1, 65536); return g },
			"number used up": func() *gateway {
				g := s.gateway()
				g.enter(1, chars.rows[1], 1)
				g.sendJoin(1, chars.rows[1], 1, 0)
				return g
			},
		} {
			if code := misbehave().code(); code != codes.InvalidArgument {
				t.Errorf("%s: %v", name, code)
			}
		}
		g := s.gateway()
		g.sendEnter(99) // nobody by this number: it may have left just now
		g.leave(99)
		if e := g.enter(1, chars.rows[1], 2); e.GetId() == 0 {
			t.Error("the stream is of no use any more")
		}
	})
}
