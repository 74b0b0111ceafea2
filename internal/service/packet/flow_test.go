package packet_test

import (
	"strings"
	"testing"
	"time"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestLoginHandsOverToTheWorldStage(t *testing.T) {
	g := start(t, nil)
	_, to := g.signIn()
	if to.Result != packets.SelectOK || to.Token == 0 || to.Seed != g.seeds[packets.World] || to.Address != "127.0.0.1" {
		t.Errorf("select server reply %+v", to)
	}
	if want := g.srv.Addr(packets.World).String(); !strings.HasSuffix(want, ":"+itoa(to.Port)) {
		t.Errorf("port %d, the world stage is at %s", to.Port, want)
	}
}

func itoa(n uint16) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func TestRefusedLogins(t *testing.T) {
	for reason, want := range map[string]uint8{
		"LOGIN_REFUSED": packets.LoginWrongPassword, "USER_BANNED": packets.LoginRefused,
		"NO_GAME_PASSWORD": packets.LoginNoRight, "LOOPBACK_ONLY": packets.LoginOutsideRegion,
		"TICKET_REFUSED": packets.LoginWrongPassword, "GAME_PASSWORD_ENDED": packets.LoginNoRight, "TOO_MANY_ATTEMPTS": packets.LoginTooManyUsers,
		"PLAY_CLOSING": packets.LoginAlreadyLoggedIn, "AUTH_BUSY": packets.LoginTooManyUsers, "PART_UNAVAILABLE": packets.LoginFailed,
	} {
		t.Run(reason, func(t *testing.T) {
			g := start(t, func(c *packet.Config) { c.LoginAttempts = 2 })
			g.auth.loginErr = errs.New(errs.PermissionDenied, reason, "no")
			c := g.dial(packets.Login)
			c.send(&packets.AcceptRequest{})
			expect[*packets.NetworkStatus](c)
			for range 2 {
				c.send(&packets.LoginRequest{Secret: canary, User: "alice"})
				if r := expect[*packets.LoginReply](c); r.Result != want {
					t.Errorf("result %d, want %d", r.Result, want)
				}
			}
			c.expectEnd()
			g.closed(packets.Login, "refused", 1)
			if strings.Contains(g.log.String(), canary) {
				t.Error("the secret stands in the log")
			}
		})
	}
}

func TestCharacters(t *testing.T) {
	g := start(t, nil)
	c := g.choose()
	c.send(&packets.CharacterListRequest{})
	if r := expect[*packets.CharacterListReply](c); len(r.Characters) != 0 {
		t.Fatalf("a fresh account has %+v", r.Characters)
	}
	c.send(&packets.CreateCharacterRequest{Name: "Aria", Hair: 3})
	if r := expect[*packets.CreateCharacterReply](c); r.Result != packets.CreateOK {
		t.Fatalf("create: %+v", r)
	}
	c.send(&packets.CreateCharacterRequest{Name: "Aria"})
	if r := expect[*packets.CreateCharacterReply](c); r.Result != packets.CreateNameExists {
		t.Errorf("a name that is taken: %+v", r)
	}
	c.send(&packets.CharacterListRequest{})
	if r := expect[*packets.CharacterListReply](c); len(r.Characters) != 1 || r.Characters[0].Name != "Aria" || r.Characters[0].Hair != 3 {
		t.Fatalf("list: %+v", r.Characters)
	}
	c.send(&packets.DeleteCharacterRequest{Delete: true, Name: "Other"})
	if r := expect[*packets.DeleteCharacterReply](c); r.Seconds != packets.DeleteFailed {
		t.Errorf("a name that is not the slot's: %+v", r)
	}
	c.send(&packets.DeleteCharacterRequest{Delete: true, Name: "Aria"})
	if r := expect[*packets.DeleteCharacterReply](c); r.Seconds != packets.MaxDeleteSeconds {
		t.Errorf("delete: %+v", r)
	}
	c.send(&packets.CharacterListRequest{})
	if r := expect[*packets.CharacterListReply](c); r.Characters[0].DeleteSeconds == 0 {
		t.Error("a marked character is listed without its remaining time")
	}
	c.send(&packets.DeleteCharacterRequest{Name: "Aria"})
	if r := expect[*packets.DeleteCharacterReply](c); r.Seconds != packets.DeleteUndone {
		t.Errorf("undo: %+v", r)
	}
	c.send(&packets.SelectCharacterRequest{Slot: 3, Name: "Aria"})
	c.sentBack("Aria")
}

func TestPlay(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()

	g.spawn(player, 9, "Borin")
	if s := expect[*packets.SpawnCharacter](game); s.Head.Entity != 9 || s.Name != "Borin" || s.Head.X != 10 {
		t.Errorf("spawn %+v", s)
	}
	for name, c := range map[string]struct {
		send packets.Packet
		want func(*worldv1.ConnectRequest) bool
	}{
		"move": {&packets.MoveRequest{X: 3, Y: 4, Z: 5, Target: 9}, func(m *worldv1.ConnectRequest) bool {
			return m.GetMove().GetX() == 3 && m.GetMove().GetZ() == 5 && m.GetMove().GetTargetEntity() == 9
		}},
		"stop":      {&packets.StopRequest{X: 3, Y: 4}, func(m *worldv1.ConnectRequest) bool { return m.GetStop().GetY() == 4 }},
		"collision": {&packets.MoveCollisionRequest{X: 3, Y: 4, Z: -2}, func(m *worldv1.ConnectRequest) bool { return m.GetCollide().GetZ() == -2 }},
		"run":       {&packets.MoveToggleRequest{Kind: packets.ToggleRun}, func(m *worldv1.ConnectRequest) bool { return m.GetToggle().GetKind() == worldv1.Toggle_KIND_RUN }},
		"sit":       {&packets.MoveToggleRequest{Kind: packets.ToggleSit}, func(m *worldv1.ConnectRequest) bool { return m.GetToggle().GetKind() == worldv1.Toggle_KIND_SIT }},
		"chat": {&packets.ChatRequest{Text: "hello"}, func(m *worldv1.ConnectRequest) bool {
			return m.GetSay().GetText() == "hello" && m.GetSay().GetChannel() == worldv1.Channel_CHANNEL_LOCAL
		}},
		"whisper": {&packets.WhisperRequest{To: "Borin", Text: "psst"}, func(m *worldv1.ConnectRequest) bool { return m.GetSay().GetTo() == "Borin" }},
		"emote": {&packets.EmoteRequest{Motion: 11, Flags: 1 << 15}, func(m *worldv1.ConnectRequest) bool {
			return m.GetEmote().GetMotion() == 11 && m.GetEmote().GetFlags() == 1<<15
		}},
		"warp gate": {&packets.WarpGateRequest{Gate: 1}, func(m *worldv1.ConnectRequest) bool { return m.GetHalt() != nil }},
		"shout":     {&packets.ShoutRequest{Text: "oi"}, func(m *worldv1.ConnectRequest) bool { return m.GetSay().GetChannel() == worldv1.Channel_CHANNEL_SHOUT }},
	} {
		t.Log(name)
		game.send(c.send)
		if m := g.fromGateway(); m.GetPlayer() != player || !c.want(m) {
			t.Errorf("%s: the world got %v", name, m)
		}
	}
	events := []*worldv1.ConnectResponse{
		{Message: &worldv1.ConnectResponse_Moved{Moved: &worldv1.Moved{Entity: 9, X: 7, Distance: 100000}}},
		{Message: &worldv1.ConnectResponse_Stopped{Stopped: &worldv1.Stopped{Entity: 9}}},
		{Message: &worldv1.ConnectResponse_Toggled{Toggled: &worldv1.Toggled{Entity: 9, Sitting: true}}},
		{Message: &worldv1.ConnectResponse_Adjusted{Adjusted: &worldv1.Adjusted{Entity: 5}}},
		{Message: &worldv1.ConnectResponse_Emoted{Emoted: &worldv1.Emoted{Entity: 9, Motion: 11, Flags: 1 << 15}}},
		{Message: &worldv1.ConnectResponse_Said{Said: &worldv1.Said{Channel: worldv1.Channel_CHANNEL_LOCAL, Entity: 9, Text: "hi"}}},
		{Message: &worldv1.ConnectResponse_Said{Said: &worldv1.Said{Channel: worldv1.Channel_CHANNEL_WHISPER, From: "Borin", Text: "hi"}}},
		{Message: &worldv1.ConnectResponse_Said{Said: &worldv1.Said{Channel: worldv1.Channel_CHANNEL_SHOUT, From: "Borin", Text: "hi"}}},
		{Message: &worldv1.ConnectResponse_Said{Said: &worldv1.Said{Channel: worldv1.Channel_CHANNEL_ANNOUNCE, Text: "soon"}}},
		{Message: &worldv1.ConnectResponse_Removed{Removed: &worldv1.Removed{Entities: []uint32{9}}}},
	}
	for _, e := range events {
		e.Players = []uint64{player, 4711} // one who is not here
		g.world.send <- e
	}
	if m := expect[*packets.Move](game); m.X != 7 || m.Distance != 65535 {
		t.Errorf("move %+v", m)
	}
	expect[*packets.Stop](game)
	if m := expect[*packets.MoveToggle](game); m.Kind != packets.ToggledSit {
		t.Errorf("toggle %+v", m)
	}
	expect[*packets.AdjustPosition](game)
	if m := expect[*packets.Emote](game); *m != (packets.Emote{Motion: 11, Flags: 1 << 15, Entity: 9}) {
		t.Errorf("emote %+v", m)
	}
	if m := expect[*packets.LocalChat](game); m.Entity != 9 || m.Text != "hi" {
		t.Errorf("chat %+v", m)
	}
	expect[*packets.Whisper](game)
	expect[*packets.Shout](game)
	expect[*packets.Announce](game)
	if m := expect[*packets.RemoveEntities](game); len(m.Entities) != 1 || m.Entities[0] != 9 {
		t.Errorf("remove %+v", m)
	}
}

// left answers the leave that the world must get next.
func (g *gateway) left(player uint64) {
	g.t.Helper()
	if m := g.fromGateway(); m.GetLeave() == nil || m.GetPlayer() != player {
		g.t.Fatalf("got %v, want a leave", m)
	}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Left{Left: &worldv1.Left{Reason: "LEFT"}}}
}

func TestLogoutEndsThePlay(t *testing.T) {
	g := start(t, nil)
	world, game, player := g.enter()
	game.send(&packets.LogoutRequest{})
	g.left(player)
	expect[*packets.LogoutResult](game)
	game.expectEnd()
	world.expectEnd()
	select {
	case ref := <-g.auth.ended:
		if ref.GetPlayId() != "play-1" {
			t.Errorf("ended %v", ref)
		}
	case <-time.After(patience):
		t.Error("the play record was not ended")
	}
}

func TestBackToCharacterSelectAndInAgain(t *testing.T) {
	g := start(t, nil)
	world, game, player := g.enter()
	game.send(&packets.ReturnToSelectRequest{})
	g.left(player)
	// Once the game connection says goodbye, the world connection has been told.
	expect[*packets.LogoutResult](game)
	expect[*packets.ReturnToSelect](world)
	game.expectEnd()
	g.closed(packets.Game, "finished", 1)
	world.send(&packets.CharacterListRequest{})
	if r := expect[*packets.CharacterListReply](world); len(r.Characters) != 1 {
		t.Fatalf("list %+v", r)
	}
	world.send(&packets.SelectCharacterRequest{Name: "Aria"})
	expect[*packets.MoveServer](world)
}

// TestTheEndOfTheFormerGameDoesNotEndTheNextChoice: a client may have chosen again
// before it closes the connection of the game that it has left.
func TestTheEndOfTheFormerGameDoesNotEndTheNextChoice(t *testing.T) {
	g := start(t, nil)
	world, game, player := g.enter()
	game.send(&packets.ReturnToSelectRequest{})
	g.left(player)
	expect[*packets.LogoutResult](game)
	expect[*packets.ReturnToSelect](world)
	world.send(&packets.SelectCharacterRequest{Name: "Aria"})
	expect[*packets.MoveServer](world)
	game.expectEnd()
	g.closed(packets.Game, "finished", 1)
	g.rounds()
	world.send(&packets.CharacterListRequest{})
	expect[*packets.CharacterListReply](world)
	if n := counter(t, g.reg, "world", "timed_out"); n != 0 {
		t.Error("the client was put out on its way into the game")
	}
}

// TestBackToCharacterSelectWithoutAWorldConnection ends as a logout does.
func TestBackToCharacterSelectWithoutAWorldConnection(t *testing.T) {
	g := start(t, nil)
	world, game, player := g.enter()
	_ = world.nc.Close()
	g.closed(packets.World, "client_gone", 1)
	game.send(&packets.ReturnToSelectRequest{})
	g.left(player)
	expect[*packets.LogoutResult](game)
	game.expectEnd()
}

func TestALostClientLeavesTheWorld(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	_ = game.nc.Close()
	if m := g.fromGateway(); m.GetLeave() == nil || m.GetPlayer() != player {
		t.Errorf("got %v, want a leave", m)
	}
}

func TestWhoMayNotGoOnIsPutOut(t *testing.T) {
	for verdict, reason := range map[string]string{
		"USER_BANNED": "banned", "USER_NOT_FOUND": "deleted", "PLAY_CLOSING": "taken_over", "SESSION_EXPIRED": "session_over", "SESSION_NOT_FOUND": "session_over", "PLAY_NOT_FOUND": "taken_over",
	} {
		t.Run(verdict, func(t *testing.T) {
			g := start(t, nil)
			world, game, _ := g.enter()
			g.auth.say(verdict, nil)
			if a := expect[*packets.Announce](game); a.Text == "" {
				t.Error("the player is not told why")
			}
			game.expectEnd()
			world.expectEnd()
			g.closed(packets.Game, reason, 1)
		})
	}
}

func TestAStoreThatIsDownRevokesNobody(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.auth.say("", errs.New(errs.Unavailable, "STORE_UNAVAILABLE", "down"))
	g.rounds()
	game.send(&packets.ChatRequest{Text: "still here"})
	if m := g.fromGateway(); m.GetSay() == nil || m.GetPlayer() != player {
		t.Errorf("got %v, want the chat", m)
	}
}

func TestASecondSignInClosesTheFirst(t *testing.T) {
	g := start(t, nil)
	world, game, player := g.enter()
	_, to := g.signIn()
	expect[*packets.Announce](game)
	game.expectEnd()
	world.expectEnd()
	g.closed(packets.Game, "taken_over", 1)
	g.closed(packets.World, "taken_over", 1)
	if m := g.fromGateway(); m.GetLeave() == nil || m.GetPlayer() != player {
		t.Errorf("got %v, want a leave", m)
	}
	c := g.dial(packets.World)
	c.send(&packets.JoinRequest{Token: to.Token, Secret: secret})
	if r := expect[*packets.JoinReply](c); r.Result != packets.JoinOK {
		t.Errorf("the newcomer's join: %+v", r)
	}
}

// TestALookAtTheListOfServersPutsNobodyOut: an earlier play is taken over when the
// newcomer goes on to the world stage, and a takeover that fails may be tried again.
func TestALookAtTheListOfServersPutsNobodyOut(t *testing.T) {
	g := start(t, nil)
	set := func(elsewhere bool, err error) {
		g.auth.mu.Lock()
		defer g.auth.mu.Unlock()
		g.auth.elsewhere, g.auth.loginErr = elsewhere, err
	}
	takeovers := func() int {
		g.auth.mu.Lock()
		defer g.auth.mu.Unlock()
		return g.auth.takeovers
	}
	set(true, nil)
	c := g.dial(packets.Login)
	c.send(&packets.AcceptRequest{})
	expect[*packets.NetworkStatus](c)
	c.send(&packets.LoginRequest{Secret: secret, User: "alice"})
	if r := expect[*packets.LoginReply](c); r.Result != packets.LoginOK || len(r.Servers) != 1 {
		t.Fatalf("login reply %+v", r)
	}
	c.send(&packets.ChannelListRequest{})
	expect[*packets.ChannelListReply](c)
	if n := takeovers(); n != 0 {
		t.Errorf("%d plays were taken over for a look at the list", n)
	}
	set(true, store.ErrPlayClosing)
	c.send(&packets.SelectServerRequest{Channel: 1})
	if r := expect[*packets.SelectServerReply](c); r.Result != packets.SelectFailed {
		t.Errorf("a takeover that failed: %+v", r)
	}
	set(true, nil)
	c.send(&packets.SelectServerRequest{Channel: 1})
	to := expect[*packets.SelectServerReply](c)
	if to.Result != packets.SelectOK || takeovers() != 1 {
		t.Fatalf("select reply %+v after %d takeovers", to, takeovers())
	}
	w := g.dial(packets.World)
	w.send(&packets.JoinRequest{Token: to.Token, Secret: secret})
	if r := expect[*packets.JoinReply](w); r.Result != packets.JoinOK {
		t.Errorf("join reply %+v", r)
	}
}

func TestTheWorldTakesAPlayerOver(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Left{Left: &worldv1.Left{Reason: "TAKEN_OVER"}}}
	expect[*packets.Announce](game)
	game.expectEnd()
	g.closed(packets.Game, "taken_over", 1)
}

func TestPlayersSurviveAWorldThatStopsInOrder(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Left{Left: &worldv1.Left{Reason: "SHUTDOWN"}}}
	g.cut()
	g.linked()
	if m := g.fromGateway(); m.GetJoin().GetFormerEntity() != 5 || m.GetPlayer() != player {
		t.Fatalf("after the restart the world got %v", m)
	}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Joined{Joined: &worldv1.Joined{Character: character("Aria")}}}
	g.entered(player, 5)
	game.send(&packets.ChatRequest{Text: "back"})
	if m := g.fromGateway(); m.GetSay() == nil {
		t.Errorf("got %v, want the chat", m)
	}
}

// TestAPlayerWhoNeverComesToTheGameStage keeps neither a connection nor a play;
// the play is not ended, for it may go on at another gateway.
func TestAPlayerWhoNeverComesToTheGameStage(t *testing.T) {
	g := start(t, nil)
	g.characters.list = []*databasev1.Character{character("Aria")}
	world := g.choose()
	world.send(&packets.CharacterListRequest{})
	expect[*packets.CharacterListReply](world)
	world.send(&packets.SelectCharacterRequest{Name: "Aria"})
	expect[*packets.MoveServer](world)
	g.advance(61 * time.Second)
	world.expectEnd()
	g.closed(packets.World, "timed_out", 1)
	g.eventually("the play is no longer looked after", func() bool { return g.srv.Status().Plays == 0 })
	if n := len(g.auth.ended); n != 0 {
		t.Errorf("%d plays were ended", n)
	}
}

func TestPlayersSurviveTheWorldsRestart(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.spawn(player, 9, "Borin")
	expect[*packets.SpawnCharacter](game)
	g.cut()
	g.linked()
	m := g.fromGateway()
	if m.GetJoin().GetFormerEntity() != 5 || m.GetPlayer() != player {
		t.Fatalf("after the restart the world got %v", m)
	}
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Joined{Joined: &worldv1.Joined{Character: character("Aria")}}}
	g.entered(player, 5)
	g.spawn(player, 9, "Borin")
	if r := expect[*packets.RemoveEntities](game); len(r.Entities) != 1 || r.Entities[0] != 9 {
		t.Errorf("the client was told to forget %+v", r)
	}
	expect[*packets.AdjustPosition](game)
	expect[*packets.MoveToggle](game)
	expect[*packets.SpawnCharacter](game)
	game.send(&packets.ChatRequest{Text: "back"})
	if m := g.fromGateway(); m.GetSay() == nil {
		t.Errorf("got %v, want the chat", m)
	}
}

func TestAPlayerTheWorldWillNotHaveBackIsPutOut(t *testing.T) {
	g := start(t, nil)
	_, game, player := g.enter()
	g.cut()
	g.linked()
	g.fromGateway()
	g.world.send <- &worldv1.ConnectResponse{Players: []uint64{player}, Message: &worldv1.ConnectResponse_Joined{Joined: &worldv1.Joined{Reason: "ENTITY_TAKEN"}}}
	game.expectEnd()
	g.closed(packets.Game, "world_refused", 1)
}
