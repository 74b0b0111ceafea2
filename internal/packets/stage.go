package packets

import (
	"fmt"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// Stage is the purpose of a connection. A client makes one connection for each
// stage, one after the other.
type Stage uint8

// The stages in their order.
const (
	Login Stage = iota
	World       // character selection
	Game
	stages
)

// String returns "login", "world" or "game".
func (s Stage) String() string {
	switch s {
	case Login:
		return "login"
	case World:
		return "world"
	case Game:
		return "game"
	default:
		return fmt.Sprintf("stage(%d)", uint8(s))
	}
}

// Side is one end of a connection.
type Side uint8

// The sides.
const (
	Client Side = iota
	Server
	sides
)

// String returns "client" or "server".
func (s Side) String() string {
	switch s {
	case Client:
		return "client"
	case Server:
		return "server"
	default:
		return fmt.Sprintf("side(%d)", uint8(s))
	}
}

// Direction returns the direction of packets that this side sends.
func (s Side) Direction() wire.Direction {
	if s == Client {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}
