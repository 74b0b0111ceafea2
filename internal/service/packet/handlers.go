package packet

import (
	"context"
	"errors"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// handler is a row of the table: what is done with a client's packet, and in
// which states it may come.
type handler struct {
	stage   packets.Stage
	command uint16
	states  []connection.State
	handle  func(ctx context.Context, s *session, p packets.Packet) error
	// ignored says why a packet that is known is left without effect; handle is
	// nil then.
	ignored string
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

// handlers lists every packet that a client may send.
func handlers() []handler {
	in := func(states ...connection.State) []connection.State { return states }
	playing := in(gamePlaying)
	return []handler{
		{stage: packets.Login, command: 0x703, states: in(loginFresh), handle: on(handleAccept)},
		{stage: packets.Login, command: 0x708, states: in(loginAccepted), handle: on(handleLogin)},
		{stage: packets.Login, command: 0x704, states: in(loginSigned), handle: on(handleChannelList)},
		{stage: packets.Login, command: 0x70a, states: in(loginSigned), handle: on(handleSelectServer)},

		{stage: packets.World, command: 0x70b, states: in(worldFresh), handle: on(handleJoinWorld)},
		{stage: packets.World, command: 0x712, states: in(worldChoosing), handle: on(handleCharacterList)},
		{stage: packets.World, command: 0x713, states: in(worldChoosing), handle: on(handleCreateCharacter)},
		{stage: packets.World, command: 0x714, states: in(worldChoosing), handle: on(handleDeleteCharacter)},
		{stage: packets.World, command: 0x715, states: in(worldChoosing), handle: on(handleSelectCharacter)},
		{stage: packets.World, command: 0x7e0, states: in(worldChoosing, worldPlaying), ignored: "there are no clans"},

		{stage: packets.Game, command: 0x70b, states: in(gameFresh), handle: on(handleJoinGame)},
		{stage: packets.Game, command: 0x753, states: in(gameJoined), handle: on(handleJoinZone)},
		{stage: packets.Game, command: 0x79a, states: playing, handle: on(handleMove)},
		{stage: packets.Game, command: 0x796, states: playing, handle: on(handleStop)},
		{stage: packets.Game, command: 0x771, states: playing, handle: on(handleCollision)},
		{stage: packets.Game, command: 0x782, states: playing, handle: on(handleToggle)},
		{stage: packets.Game, command: 0x783, states: playing, handle: on(handleChat)},
		{stage: packets.Game, command: 0x784, states: playing, handle: on(handleWhisper)},
		{stage: packets.Game, command: 0x785, states: playing, handle: on(handleShout)},
		{stage: packets.Game, command: 0x707, states: in(gameJoined, gameEntering, gamePlaying), handle: on(handleLogout)},
		{stage: packets.Game, command: 0x71c, states: in(gameJoined, gameEntering, gamePlaying), handle: on(handleReturnToSelect)},
		{stage: packets.Game, command: 0x730, states: in(gameJoined, gameEntering, gamePlaying), ignored: "there are no quests"},
		{stage: packets.Game, command: 0x781, states: in(gameJoined, gameEntering, gamePlaying), ignored: "emotes stay with the client that plays them"},
		{stage: packets.Game, command: 0x7aa, states: in(gameJoined, gameEntering, gamePlaying), ignored: "there are no skills or items to put into the hotbar"},
		{stage: packets.Game, command: 0x7e0, states: in(gameJoined, gameEntering, gamePlaying), ignored: "there are no clans"},
	}
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

// Forgives implements connection.Handler: text in another code page than UTF-8
// is no fault of the player who typed it. A line of chat is dropped; the name
// of a new character is answered, as every name is that breaks the rules.
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
