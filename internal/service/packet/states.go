package packet

import (
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// States of a connection. Each stage begins with its own fresh state, 0.
//
//	login  loginFresh ─703→ loginAccepted ─708 ok→ loginSigned ─70a ok→ loginHanded
//	world  worldFresh ─70b ok→ worldChoosing ─715 ok→ worldPlaying ─(71c of the game)→ worldChoosing
//	game   gameFresh ─70b ok→ gameJoined ─753→ gameEntering ─(world)→ gamePlaying ─707, 71c→ gameLeaving
const (
	loginFresh connection.State = iota
	loginAccepted
	loginSigned
	loginHanded
)

const (
	worldFresh connection.State = iota
	worldChoosing
	worldPlaying
)

const (
	gameFresh connection.State = iota
	gameJoined
	gameEntering
	gamePlaying
	gameLeaving
)

// beforeSignIn reports whether it is not known yet to which player a connection
// belongs.
func beforeSignIn(c *connection.Conn) bool {
	if c.Stage() == packets.Login {
		return c.State() < loginSigned
	}
	return c.State() == 0 // fresh: without its token
}

// steps returns the time limit of each state. On a fresh connection no unknown
// packet is dropped, because a client of this protocol begins with one known
// packet.
func steps(c *Config, stage packets.Stage) []connection.Step {
	switch stage {
	case packets.Login:
		return []connection.Step{
			loginFresh:    {Name: "fresh", Timeout: c.FirstPacketTimeout},
			loginAccepted: {Name: "accepted", Timeout: c.LoginTimeout, DropUnknown: true},
			loginSigned:   {Name: "signed in", Timeout: c.ChoiceTimeout, DropUnknown: true},
			loginHanded:   {Name: "handed over", Timeout: c.ChoiceTimeout, DropUnknown: true},
		}
	case packets.World:
		return []connection.Step{
			worldFresh:    {Name: "fresh", Timeout: c.FirstPacketTimeout},
			worldChoosing: {Name: "choosing", Timeout: c.ChoiceTimeout, DropUnknown: true},
			worldPlaying:  {Name: "playing", DropUnknown: true},
		}
	default:
		return []connection.Step{
			gameFresh:    {Name: "fresh", Timeout: c.FirstPacketTimeout},
			gameJoined:   {Name: "joined", Timeout: c.ChoiceTimeout, DropUnknown: true},
			gameEntering: {Name: "entering", DropUnknown: true},
			gamePlaying:  {Name: "playing", DropUnknown: true},
			gameLeaving:  {Name: "leaving", DropUnknown: true},
		}
	}
}
