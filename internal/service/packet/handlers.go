package packet

import (
	"context"
	"errors"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// handler is a row of the table: what the server does with a client's packet, and
// the states in which the packet may come.
type handler struct {
	stage   packets.Stage
	command uint16
	states  []connection.State
	// does says in a few words what the server does, for docs/packets.md. If it
	// ignores the packet, does says why.
	does   string
	handle func(ctx context.Context, s *session, p packets.Packet) error // nil: the packet is ignored
}

// on gives a handler its packet's type.
func on[P packets.Packet](f func(ctx context.Context, s *session, p P) error) func(context.Context, *session, packets.Packet) error {
	return func(ctx context.Context, s *session, p packets.Packet) error {
		typed, ok := p.(P)
		if !ok {
			return connection.End(connection.Internal, "handler of %T got %T", typed, p)
		}
		return f(ctx, s, typed)
	}
}

// handlers lists every packet that a client may send. A known packet in a state in
// which it may come never ends the connection. If the game has no feature for it yet,
// it is answered, so that the client does not wait and shows nothing wrong. If the
// client does not wait for an answer, the packet is ignored.
func handlers() []handler {
	in := func(states ...connection.State) []connection.State { return states }
	signing := in(loginAccepted, loginSigned, loginHanded)
	world := in(worldChoosing, worldPlaying)
	game := in(gameJoined, gameEntering, gamePlaying)
	playing := in(gamePlaying)
	const (
		alive     = "TCP keep-alive finds a client that is gone"
		noClans   = "there are no clans"
		noFriends = "there is no list of friends"
		noMemos   = "there are no memos"
		noRooms   = "there are no chat rooms"
		noMarks   = "there are no clans, and no clan marks"
		noTrade   = "players do not trade"
		noStores  = "players have no stores; the client opens one only if the server tells it to"
		noMaking  = "no character has a skill for production"
		stays     = "answers with the content of the item slots in the packet"
		noSkill   = "answers that the cast has ended: no skill has an effect yet"
		noParty   = "answers that there is no party"
		noMeaning = "its meaning is not known"
	)
	return []handler{
		{packets.Login, 0x700, signing, alive, nil},
		{packets.Login, 0x703, in(loginFresh), "answers with the status of the connection", on(handleAccept)},
		{packets.Login, 0x704, in(loginSigned), "lists the channels", on(handleChannelList)},
		{packets.Login, 0x708, in(loginAccepted), "signs in, or says why not", on(handleLogin)},
		{packets.Login, 0x70a, in(loginSigned), "hands the client over to the world stage, or says why not", on(handleSelectServer)},

		{packets.World, 0x700, world, alive, nil},
		{packets.World, 0x70b, in(worldFresh), "lets the client join the stage, or says why not", on(handleJoinWorld)},
		{packets.World, 0x712, world, "lists the characters", on(handleCharacterList)},
		{packets.World, 0x713, in(worldChoosing), "creates a character, or says why not", on(handleCreateCharacter)},
		{packets.World, 0x714, in(worldChoosing), "marks a character for deletion or removes the mark, or says that it failed", on(handleDeleteCharacter)},
		{packets.World, 0x715, world, "hands the client over to the game stage; if the character may not be played, sends the client back to the character list (0x71c) with a new list (0x712); a second click is ignored", on(handleSelectCharacter)},
		{packets.World, 0x787, world, noClans, nil},
		{packets.World, 0x79e, world, noMeaning, nil},
		{packets.World, 0x7e0, world, noClans, nil},
		{packets.World, 0x7e1, world, noFriends, nil},
		{packets.World, 0x7e2, world, noFriends, nil},
		{packets.World, 0x7e3, world, noRooms, nil},
		{packets.World, 0x7e4, world, noRooms, nil},
		{packets.World, 0x7e5, world, noMemos, nil},
		{packets.World, 0x7e6, world, noMarks, nil},
		{packets.World, 0x7e7, world, noMarks, nil},
		{packets.World, 0x7e8, world, noMarks, nil},

		{packets.Game, 0x700, game, alive, nil},
		{packets.Game, 0x707, game, "leaves the game and ends the play", on(handleLogout)},
		{packets.Game, 0x70b, in(gameFresh), "lets the client join the stage, or says why not", on(handleJoinGame)},
		{packets.Game, 0x71c, game, "leaves the game for the character list: sends 0x71c on the world connection, then 0x707 here, then closes this connection", on(handleReturnToSelect)},
		{packets.Game, 0x730, game, "there are no quests", nil},
		{packets.Game, 0x753, in(gameJoined), "enters the zone", on(handleJoinZone)},
		{packets.Game, 0x755, game, "no character can die", nil},
		{packets.Game, 0x756, game, "no character can die", nil},
		{packets.Game, 0x762, game, "the items of a character do not change", nil},
		{packets.Game, 0x771, playing, "stops the character where the client hit an obstacle, or corrects the client's position (0x770)", on(handleCollision)},
		{packets.Game, 0x781, game, "shows the motion to the player and to all players in sight; at most 4 a second, 4 at once, more are dropped", on(handleEmote)},
		{packets.Game, 0x782, playing, "switches running on or off, or sits down or stands up; for both, players in sight get 0x782 of kind 1; there are no vehicles", on(handleToggle)},
		{packets.Game, 0x783, playing, "chat to all players in sight", on(handleChat)},
		{packets.Game, 0x784, playing, "chat to one player; answers with an empty text if no player has the name", on(handleWhisper)},
		{packets.Game, 0x785, playing, "chat to the whole zone", on(handleShout)},
		{packets.Game, 0x786, game, "there are no parties", nil},
		{packets.Game, 0x787, game, noClans, nil},
		{packets.Game, 0x796, playing, "stops the character where the client stands, or corrects the client's position (0x770)", on(handleStop)},
		{packets.Game, 0x798, game, "there is nothing to attack; the client attacks only if the server tells it to", nil},
		{packets.Game, 0x79a, playing, "walks, or corrects the client's position (0x770)", on(handleMove)},
		{packets.Game, 0x79e, game, noMeaning, nil},
		{packets.Game, 0x79f, game, "health does not change: the value of the spawn is still right", nil},
		{packets.Game, 0x7a1, game, "answers that there is no such NPC", on(handleShop)},
		{packets.Game, 0x7a3, game, stays, on(handleUseItem)},
		{packets.Game, 0x7a4, game, stays + ", or with the money (0x71d)", on(handleDropItem)},
		{packets.Game, 0x7a5, game, stays, on(handleEquip)},
		{packets.Game, 0x7a7, game, "answers that the item is gone", on(handlePickUp)},
		{packets.Game, 0x7a8, game, "stops the player and corrects the client's position (0x770): no gate has a destination", on(handleWarpGate)},
		{packets.Game, 0x7a9, game, "there are no stat points to spend; no reply can refuse; the client changes nothing until the server tells it to", nil},
		{packets.Game, 0x7aa, game, "stores the slot of the quick bar with the character; answers with its content when the world has it", on(handleSetHotbar)},
		{packets.Game, 0x7ab, game, stays, on(handleAmmo)},
		{packets.Game, 0x7ad, game, "there is no bank; the client opens its window only if the server tells it to", nil},
		{packets.Game, 0x7ae, game, stays, on(handleBankMove)},
		{packets.Game, 0x7af, game, noMaking, nil},
		{packets.Game, 0x7b1, game, "answers that it failed", on(handleRaiseSkill)},
		{packets.Game, 0x7b2, game, noSkill, on(handleCastSelf)},
		{packets.Game, 0x7b3, game, noSkill, on(handleCastTarget)},
		{packets.Game, 0x7b4, game, noSkill, on(handleCastPosition)},
		{packets.Game, 0x7ba, game, "items cannot be appraised", nil},
		{packets.Game, 0x7bc, game, stays, on(handleCraft)},
		{packets.Game, 0x7bf, game, "the wish list is not stored", nil},
		{packets.Game, 0x7c0, game, noTrade, nil},
		{packets.Game, 0x7c1, game, noTrade, nil},
		{packets.Game, 0x7c2, game, noStores, nil},
		{packets.Game, 0x7c3, game, noStores, nil},
		{packets.Game, 0x7c4, game, "answers that the store is closed", on(handleStoreList)},
		{packets.Game, 0x7c5, game, "answers that the store is closed", on(handleStoreBuy)},
		{packets.Game, 0x7c6, game, noStores, nil},
		{packets.Game, 0x7ca, game, stays, on(handleVehiclePart)},
		{packets.Game, 0x7cb, game, stays, on(handleRepair)},
		{packets.Game, 0x7cd, game, stays, on(handleRepairNPC)},
		{packets.Game, 0x7d0, game, "refuses an invitation; answers to all else that there is no party", on(handleParty)},
		{packets.Game, 0x7d1, game, "no player was invited", nil},
		{packets.Game, 0x7d7, game, noParty, on(handlePartyRules)},
		{packets.Game, 0x7d8, game, noMaking, nil},
		{packets.Game, 0x7d9, game, noMeaning, nil},
		{packets.Game, 0x7da, game, "there is no bank", nil},
		{packets.Game, 0x7dd, game, "there are no vehicles", nil},
		{packets.Game, 0x7e0, game, noClans, nil},
		{packets.Game, 0x7e1, game, noFriends, nil},
		{packets.Game, 0x7e2, game, noFriends, nil},
		{packets.Game, 0x7e3, game, noRooms, nil},
		{packets.Game, 0x7e4, game, noRooms, nil},
		{packets.Game, 0x7e5, game, noMemos, nil},
		{packets.Game, 0x7e6, game, noMarks, nil},
		{packets.Game, 0x7e7, game, noMarks, nil},
		{packets.Game, 0x7e8, game, noMarks, nil},
		{packets.Game, 0x7eb, game, "the client puts its own time on a screenshot", nil},
	}
}

// Effect says what the server does with a client's packet.
type Effect struct {
	Stage   packets.Stage
	Command uint16
	States  []string // in which the packet may come; in others it ends the connection
	Does    string
}

// Effects returns the effects of all packets that a client may send, for
// docs/packets.md.
func Effects() []Effect {
	var list []Effect
	for _, h := range handlers() {
		e := Effect{Stage: h.stage, Command: h.command, Does: h.does}
		if h.handle == nil {
			e.Does = "ignored: " + h.does
		}
		for _, s := range h.states {
			e.States = append(e.States, steps(&Config{}, h.stage)[s].Name)
		}
		list = append(list, e)
	}
	return list
}

// stage handles the connections of one stage.
type stage struct {
	srv   *Server
	stage packets.Stage
	table map[uint16]handler
}

func newStage(srv *Server, st packets.Stage) *stage {
	s := &stage{srv: srv, stage: st, table: map[uint16]handler{}}
	for _, h := range handlers() {
		if h.stage == st {
			s.table[h.command] = h
		}
	}
	return s
}

// Allowed implements connection.Handler.
func (st *stage) Allowed(now connection.State, command uint16) bool {
	for _, s := range st.table[command].states {
		if s == now {
			return true
		}
	}
	return false
}

// Forgives implements connection.Handler. Text in another code page than UTF-8 is not
// the player's fault. A chat line is dropped. A name gets the answer for a name that
// breaks the rules, or that no character has. Before the sign-in a text must at least
// be complete.
func (st *stage) Forgives(c *connection.Conn, command uint16, err error) bool {
	if !errors.Is(err, wire.ErrText) {
		return false
	}
	switch {
	case st.stage == packets.Game:
		return command >= 0x783 && command <= 0x785
	case st.stage == packets.World && command == 0x713:
		c.Send(&packets.CreateCharacterReply{Result: packets.CreateInvalidValue})
		return true
	case st.stage == packets.World && command == 0x714:
		c.Send(&packets.DeleteCharacterReply{Seconds: packets.DeleteFailed})
		return true
	case st.stage == packets.World && command == 0x715:
		c.Send(&packets.ReturnToSelect{})
		return true
	case st.stage == packets.Login && command == 0x708 && errors.Is(err, wire.ErrUTF8):
		s, ok := c.Data.(*session)
		if ok {
			s.refuseLogin(packets.LoginWrongPassword)
		}
		return ok
	}
	return false
}

// Handle implements connection.Handler.
func (st *stage) Handle(ctx context.Context, c *connection.Conn, p packets.Packet) error {
	h, ok := st.table[p.Command()]
	if !ok {
		return connection.End(connection.Internal, "packet %s has no handler", packetName(st.stage, p))
	}
	if h.handle == nil {
		st.srv.metrics.Dropped(st.stage, connection.DropIgnored)
		return nil
	}
	s, ok := c.Data.(*session)
	if !ok {
		return connection.End(connection.Internal, "connection without a session")
	}
	return h.handle(ctx, s, p)
}

// Closed implements connection.Handler.
func (st *stage) Closed(c *connection.Conn, r connection.Reason) {
	if s, ok := c.Data.(*session); ok {
		s.closed(r)
	}
	st.srv.metrics.closed(st.stage, r)
}

func packetName(st packets.Stage, p packets.Packet) string {
	if row, ok := packets.Lookup(st, packets.Client, p.Command()); ok {
		return row.Name
	}
	return fmt.Sprintf("0x%x", p.Command())
}
