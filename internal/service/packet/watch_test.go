package packet_test

import (
	"errors"
	"testing"
	"time"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	alice        = "user-alice"
	aliceSession = "session-alice"
)

// deaf sets that nothing is found by asking from time to time.
func deaf(c *packet.Config) { c.KeepAliveInterval = time.Hour }

// startWatching runs a gateway that finds out by its watch alone, for a player
// with a session.
func startWatching(t *testing.T, prepare ...func(*packet.Server)) *gateway {
	t.Helper()
	g := start(t, deaf, prepare...)
	g.auth.session = aliceSession
	return g
}

// tell tells the gateway events and returns once it has taken them.
func (g *gateway) tell(events ...store.Event) {
	g.t.Helper()
	select {
	case g.sessions.events <- events:
	case <-time.After(patience):
		g.t.Fatal("the gateway does not take events")
	}
}

// resynced has the gateway check all it holds and returns how that went.
func (g *gateway) resynced() error {
	g.t.Helper()
	select {
	case g.sessions.resync <- nil:
	case <-time.After(patience):
		g.t.Fatalf("the gateway does not watch sessions\n%s", g.log)
	}
	return await(g.t, g.sessions.resync, "the gateway has checked its players")
}

// wantEnded waits for the end of alice's play record.
func (g *gateway) wantEnded(id string) {
	g.t.Helper()
	select {
	case ref := <-g.auth.ended:
		if ref.GetPlayId() != id {
			g.t.Errorf("ended %v, want %s", ref, id)
		}
	case <-time.After(patience):
		g.t.Fatalf("the play record was not ended\n%s", g.log)
	}
	g.eventually("the play is no longer looked after", func() bool { return g.srv.Status().Plays == 0 })
}

// savedThenEnded answers the leave that the world must get next, and checks that
// the play record is not ended before that and is after it.
func (g *gateway) savedThenEnded(player uint64) {
	g.t.Helper()
	if m := g.fromGateway(); m.GetLeave() == nil || m.GetPlayer() != player {
		g.t.Fatalf("got %v, want a leave", m)
	}
	if n := len(g.auth.ended); n != 0 {
		g.t.Fatal("the play record was ended before the world has saved")
	}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Left{Left: &worldv1.Left{Reason: "LEFT"}}}
	g.wantEnded("play-1")
}

// endings are what is told of alice, and what her client and the operator are
// to learn from it.
func endings() map[string]struct {
	events         []store.Event
	reason, packet string
} {
	later := time.Now().Add(time.Hour)
	type c = struct {
		events         []store.Event
		reason, packet string
	}
	return map[string]c{
		"signed out":       {[]store.Event{{Kind: store.SessionRevoked, SessionID: aliceSession}}, "session_over", "Your session has ended. Please sign in again."},
		"session over":     {[]store.Event{{Kind: store.SessionExpired, SessionID: aliceSession, UserID: alice}}, "session_over", "Your session has ended. Please sign in again."},
		"banned":           {[]store.Event{{Kind: store.UserBanned, UserID: alice, Banned: true}}, "banned", "Your account has been banned."},
		"banned for long":  {[]store.Event{{Kind: store.UserBanned, UserID: alice, Banned: true, BanExpiresAt: later}}, "banned", "Your account has been banned."},
		"deleted":          {[]store.Event{{Kind: store.UserDeleted, UserID: alice}}, "deleted", "Your account has been deleted."},
		"password changed": {[]store.Event{{Kind: store.PasswordChanged, UserID: alice}}, "password_changed", "Your password was changed. Please sign in again."},
		"password changed, with the sessions": {[]store.Event{
			{Kind: store.SessionRevoked, SessionID: aliceSession}, {Kind: store.PasswordChanged, UserID: alice},
		}, "password_changed", "Your password was changed. Please sign in again."},
		"banned, with the sessions": {[]store.Event{
			{Kind: store.SessionRevoked, SessionID: aliceSession}, {Kind: store.UserBanned, UserID: alice, Banned: true},
		}, "banned", "Your account has been banned."},
		"deleted, with all that hangs on it": {[]store.Event{
			{Kind: store.SessionRevoked, SessionID: aliceSession}, {Kind: store.PasswordChanged, UserID: alice}, {Kind: store.UserDeleted, UserID: alice},
		}, "deleted", "Your account has been deleted."},
	}
}

// TestWhatIsToldEndsTheGame: whatever ends a play, the client in the game is
// told why, both connections end, the world saves, and then the record ends.
func TestWhatIsToldEndsTheGame(t *testing.T) {
	for name, c := range endings() {
		t.Run(name, func(t *testing.T) {
			g := startWatching(t)
			world, game, player := g.enter()
			g.tell(c.events...)
			if a := expect[*packets.Announce](game); a.Text != c.packet {
				t.Errorf("the player is told %q, want %q", a.Text, c.packet)
			}
			game.expectEnd()
			world.expectEnd()
			g.savedThenEnded(player)
			g.closed(packets.Game, c.reason, 1)
			g.closed(packets.World, c.reason, 1)
		})
	}
}

// TestWhatIsToldEndsTheWayIn: who is on the way into the game is put out too.
func TestWhatIsToldEndsTheWayIn(t *testing.T) {
	for name, c := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Run("login", func(t *testing.T) {
				g := startWatching(t)
				login, _ := g.signIn()
				g.tell(c.events...)
				if s := expect[*packets.NetworkStatus](login); s.Status != packets.StatusDisconnect {
					t.Errorf("the client is told %d, want %d", s.Status, packets.StatusDisconnect)
				}
				login.expectEnd()
				g.wantEnded("play-1")
				g.closed(packets.Login, c.reason, 1)
			})
			t.Run("world", func(t *testing.T) {
				g := startWatching(t)
				world := g.choose()
				g.tell(c.events...)
				world.expectEnd()
				g.wantEnded("play-1")
				g.closed(packets.World, c.reason, 1)
			})
		})
	}
}

// TestAnEventDuringTheJoin: a player for whom the world has not answered yet is
// taken out of it again before the record ends.
func TestAnEventDuringTheJoin(t *testing.T) {
	g := startWatching(t)
	g.characters.list = []*databasev1.Character{character("Aria")}
	world := g.choose()
	world.send(&packets.CharacterListRequest{})
	expect[*packets.CharacterListReply](world)
	world.send(&packets.SelectCharacterRequest{Name: "Aria"})
	to := expect[*packets.MoveServer](world)
	game := g.dial(packets.Game)
	game.send(&packets.JoinRequest{Token: to.Token, Secret: secret})
	player := g.fromGateway().GetPlayer()
	g.tell(store.Event{Kind: store.UserBanned, UserID: alice, Banned: true})
	game.expectEnd()
	world.expectEnd()
	g.savedThenEnded(player)
}

// TestWhatIsToldOfOthersHarmsNobody, nor what is of no concern.
func TestWhatIsToldOfOthersHarmsNobody(t *testing.T) {
	g := startWatching(t)
	_, game, player := g.enter()
	g.tell(
		store.Event{Kind: store.UserBanned, UserID: "user-bob", Banned: true},
		store.Event{Kind: store.UserDeleted, UserID: "user-bob"},
		store.Event{Kind: store.SessionRevoked, SessionID: "another session of alice"},
		store.Event{Kind: store.SessionRevoked},
		store.Event{Kind: store.SessionChanged, SessionID: aliceSession, UserID: alice, ExpiresAt: time.Now().Add(time.Hour)},
		store.Event{Kind: store.UserChanged, UserID: alice},
		store.Event{Kind: store.UserUnbanned, UserID: alice},
		store.Event{Kind: store.UserBanned, UserID: alice, Banned: true, BanExpiresAt: time.Now().Add(-time.Second)},
		store.Event{Kind: store.PlayClosing, UserID: "user-bob"},
		store.Event{Kind: 200, UserID: alice, SessionID: aliceSession},
	)
	g.tell() // the events before have been handled
	game.send(&packets.ChatRequest{Text: "still here"})
	if m := g.fromGateway(); m.GetSay() == nil || m.GetPlayer() != player {
		t.Errorf("got %v, want the chat", m)
	}
}

// TestAPlayWithoutASessionIsJudgedByItsUser.
func TestAPlayWithoutASessionIsJudgedByItsUser(t *testing.T) {
	g := start(t, deaf)
	_, game, player := g.enter()
	g.tell(store.Event{Kind: store.SessionRevoked, SessionID: aliceSession, UserID: alice})
	g.tell()
	game.send(&packets.ChatRequest{Text: "still here"})
	if m := g.fromGateway(); m.GetSay() == nil {
		t.Fatalf("got %v, want the chat", m)
	}
	g.tell(store.Event{Kind: store.UserBanned, UserID: alice, Banned: true})
	expect[*packets.Announce](game)
	game.expectEnd()
	g.savedThenEnded(player)
}

// TestWhatIsToldBeforeThePlayIsHere: a ban that is told after auth has looked
// and before the gateway has the play finds nobody, and is found all the same.
func TestWhatIsToldBeforeThePlayIsHere(t *testing.T) {
	g := startWatching(t)
	g.auth.admitted = func() {
		g.auth.verdict = "USER_BANNED"
		g.tell(store.Event{Kind: store.UserBanned, UserID: alice, Banned: true})
		g.tell() // nobody was there
	}
	c := g.dial(packets.Login)
	c.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](c)
	c.send(&packets.LoginRequest{Secret: secret, User: "alice"})
	c.expectEnd()
	g.closed(packets.Login, "banned", 1)
	g.wantEnded("play-1")
}

// TestANewcomerIsMadeWayFor: what waits for the end of which record is asked for,
// and the record ends once the world has saved.
func TestANewcomerIsMadeWayFor(t *testing.T) {
	g := startWatching(t)
	world, game, player := g.enter()
	g.tell(store.Event{Kind: store.PlayClosing, UserID: alice})
	g.tell()
	game.send(&packets.ChatRequest{Text: "nobody waits for this one"})
	if m := g.fromGateway(); m.GetSay() == nil {
		t.Fatalf("got %v, want the chat", m)
	}
	g.auth.say("PLAY_CLOSING", nil)
	g.tell(store.Event{Kind: store.PlayClosing, UserID: alice})
	if a := expect[*packets.Announce](game); a.Text != "Your account has signed in from elsewhere." {
		t.Errorf("the player is told %q", a.Text)
	}
	game.expectEnd()
	world.expectEnd()
	g.savedThenEnded(player)
	g.closed(packets.Game, "taken_over", 1)
}

// TestANewcomerIsMadeWayForByOneWhoIsOnTheWay: a record whose client was sent on
// and has no connection now ends as well.
func TestANewcomerIsMadeWayForByOneWhoIsOnTheWay(t *testing.T) {
	g := startWatching(t)
	login, _ := g.signIn()
	_ = login.nc.Close()
	g.eventually("the connection has ended", func() bool { return g.srv.Status().Connections == 0 })
	g.auth.say("PLAY_CLOSING", nil)
	g.tell(store.Event{Kind: store.PlayClosing, UserID: alice})
	g.wantEnded("play-1")
}

// TestASignInMayTakeItsTime: longer than a record can be kept open against it.
func TestASignInMayTakeItsTime(t *testing.T) {
	g := startWatching(t)
	g.signIn()
	g.auth.mu.Lock()
	defer g.auth.mu.Unlock()
	if g.auth.loginTime <= store.PlayClosingLimit {
		t.Errorf("a sign-in has %v, want more than %v", g.auth.loginTime, store.PlayClosingLimit)
	}
}

// TestAWatchThatMayHaveMissedSomethingChecks: all plays, by session and, where
// that is gone, by user.
func TestAWatchThatMayHaveMissedSomethingChecks(t *testing.T) {
	for name, c := range map[string]struct {
		session, user error
		reason        string
	}{
		"session gone":        {store.ErrSessionNotFound, nil, "session_over"},
		"session over":        {store.ErrSessionExpired, nil, "session_over"},
		"banned":              {store.ErrUserBanned, nil, "banned"},
		"banned and revoked":  {store.ErrSessionNotFound, store.ErrUserBanned, "banned"},
		"deleted and revoked": {store.ErrSessionNotFound, store.ErrUserNotFound, "deleted"},
		"password changed":    {store.ErrPasswordChanged, nil, "password_changed"},
		"changed and revoked": {store.ErrSessionNotFound, store.ErrPasswordChanged, "password_changed"},
	} {
		t.Run(name, func(t *testing.T) {
			g := startWatching(t)
			g.auth.stamp = "0a.0b"
			_, game, player := g.enter()
			if err := g.resynced(); err != nil {
				t.Fatal(err)
			}
			if s := g.sessions.stamps; len(s) != 1 || s[0] != "0a.0b" {
				t.Errorf("judged with the stamps %q, want that of the record", s)
			}
			game.send(&packets.ChatRequest{Text: "still here"})
			if m := g.fromGateway(); m.GetSay() == nil {
				t.Fatalf("got %v, want the chat", m)
			}
			g.sessions.say(aliceSession, alice, c.session)
			g.sessions.say("", alice, c.user)
			if err := g.resynced(); err != nil {
				t.Fatal(err)
			}
			expect[*packets.Announce](game)
			game.expectEnd()
			g.savedThenEnded(player)
			g.closed(packets.Game, c.reason, 1)
		})
	}
}

// TestACheckThatFailsIsNone: it puts nobody out, and the watch is told to begin
// again.
func TestACheckThatFailsIsNone(t *testing.T) {
	g := startWatching(t)
	_, game, _ := g.enter()
	g.sessions.mu.Lock()
	g.sessions.down = store.ErrUnavailable
	g.sessions.mu.Unlock()
	if err := g.resynced(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the check went %v, want %v", err, store.ErrUnavailable)
	}
	game.send(&packets.ChatRequest{Text: "still here"})
	if m := g.fromGateway(); m.GetSay() == nil {
		t.Errorf("got %v, want the chat", m)
	}
}

// TestAWatchThatIsCutIsShown, and the gateway goes on asking from time to time.
func TestAWatchThatIsCutIsShown(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.eventually("the watch is up", func() bool { return g.srv.Status().Watch && g.srv.Watches(t.Context()) == nil })
	select {
	case g.sessions.interrupt <- struct{}{}:
	case <-time.After(patience):
		t.Fatalf("the gateway does not watch sessions\n%s", g.log)
	}
	g.eventually("the watch is down", func() bool { return !g.srv.Status().Watch && g.srv.Watches(t.Context()) != nil })
	g.auth.say("USER_BANNED", nil)
	expect[*packets.Announce](game)
	game.expectEnd()
	g.savedThenEnded(player)
	if err := g.resynced(); err != nil {
		t.Fatal(err)
	}
	if !g.srv.Status().Watch {
		t.Error("the watch is back, and not shown so")
	}
}

// TestALostClientsRecordEndsAtOnce: with its last connection, once the world has
// saved.
func TestALostClientsRecordEndsAtOnce(t *testing.T) {
	g := startWatching(t)
	world, game, player := g.enter()
	_ = world.nc.Close()
	_ = game.nc.Close()
	g.savedThenEnded(player)
}

// TestAWorldThatDoesNotSaveIsNotWaitedForForEver.
func TestAWorldThatDoesNotSaveIsNotWaitedForForEver(t *testing.T) {
	g := startWatching(t, func(s *packet.Server) { s.SetSaveWait(50 * time.Millisecond) })
	_, game, player := g.enter()
	g.tell(store.Event{Kind: store.UserBanned, UserID: alice, Banned: true})
	game.expectEnd()
	if m := g.fromGateway(); m.GetLeave() == nil || m.GetPlayer() != player {
		t.Fatalf("got %v, want a leave", m)
	}
	g.wantEnded("play-1")
}

// TestAGatewayThatStopsEndsItsRecords, so that nobody has to wait for leases.
func TestAGatewayThatStopsEndsItsRecords(t *testing.T) {
	g := startWatching(t)
	g.enter()
	g.stop()
	if n := len(g.auth.ended); n != 1 {
		t.Errorf("%d play records were ended, want 1", n)
	}
}
