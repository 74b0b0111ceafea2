package packet_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
	"github.com/waystone-mmo/waystone/internal/store"
)

// rounds waits until two more rounds of KeepAlive have begun, so that one has
// ended.
func (g *gateway) rounds() {
	g.t.Helper()
	for len(g.auth.kept) > 0 {
		await(g.t, g.auth.kept, "the gateway renews its plays")
	}
	for range 3 {
		await(g.t, g.auth.kept, "the gateway renews its plays")
	}
}

// TestSessionsOfThoseInPlayAreProlonged: when a play begins, and every five
// minutes as long as it lasts.
func TestSessionsOfThoseInPlayAreProlonged(t *testing.T) {
	g := start(t, nil)
	g.auth.session = aliceSession
	g.enter()
	g.eventually("the session is prolonged at once", func() bool { return g.auth.refreshed() == 1 })
	g.rounds()
	if n := g.auth.refreshed(); n != 1 {
		t.Fatalf("asked to prolong %d times, want once", n)
	}
	for want := 2; want < 5; want++ {
		g.advance(packet.RefreshInterval)
		g.eventually("the session is prolonged again", func() bool { return g.auth.refreshed() == want })
	}
	g.rounds()
	if n := g.auth.refreshed(); n != 4 {
		t.Errorf("asked to prolong %d times, want 4", n)
	}
}

// TestRoundsBetweenDoNotPutTheNextOff: a session is due five minutes after it was
// prolonged, whatever rounds there were meanwhile.
func TestRoundsBetweenDoNotPutTheNextOff(t *testing.T) {
	g := start(t, nil)
	g.auth.session = aliceSession
	g.enter()
	g.eventually("the session is prolonged at once", func() bool { return g.auth.refreshed() == 1 })
	for range 2 {
		g.advance(packet.RefreshInterval * 2 / 5)
		g.rounds()
		if n := g.auth.refreshed(); n != 1 {
			t.Fatalf("asked to prolong %d times before it was due, want once", n)
		}
	}
	g.advance(packet.RefreshInterval * 2 / 5)
	g.eventually("the session is prolonged again", func() bool { return g.auth.refreshed() == 2 })
}

// TestAPlayWithoutASessionIsNotProlonged.
func TestAPlayWithoutASessionIsNotProlonged(t *testing.T) {
	g := start(t, nil)
	g.enter()
	g.advance(packet.RefreshInterval)
	g.rounds()
	if n := g.auth.refreshed(); n != 0 {
		t.Errorf("asked to prolong %d times, want never", n)
	}
}

// TestWhatCouldNotBeProlongedIsTriedAgain with the next round.
func TestWhatCouldNotBeProlongedIsTriedAgain(t *testing.T) {
	g := start(t, nil)
	g.auth.session = aliceSession
	g.enter()
	g.eventually("the session is prolonged", func() bool { return g.auth.refreshed() == 1 })
	g.auth.say("", store.ErrUnavailable)
	g.advance(packet.RefreshInterval)
	g.rounds()
	g.auth.say("", nil)
	g.eventually("the session is prolonged once that is possible", func() bool { return g.auth.refreshed() == 2 })
}

// TestKeepAliveTellsOfAChangedPassword.
func TestKeepAliveTellsOfAChangedPassword(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.auth.say("PASSWORD_CHANGED", nil)
	if a := expect[*packets.Announce](game); a.Text != "Your password was changed. Please sign in again." {
		t.Errorf("the player is told %q", a.Text)
	}
	game.expectEnd()
	g.savedThenEnded(player)
	g.closed(packets.Game, "password_changed", 1)
}
