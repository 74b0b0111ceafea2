package connection

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// Reason says why a connection ended. Each is a label of the counter of closed
// connections.
type Reason string

// The reasons.
const (
	ClientGone      Reason = "client_gone"      // the client closed the connection
	Finished        Reason = "finished"         // the stage was done
	Malformed       Reason = "malformed"        // a packet that makes no sense
	Oversized       Reason = "oversized"        // a packet of the wrong size
	Checksum        Reason = "checksum"         // a damaged packet, or another seed
	UnknownPacket   Reason = "unknown"          // a command of another stage, outside of the block, or unknown in a state that drops none
	TooManyUnknown  Reason = "too_many_unknown" // more unknown commands than the budget allows
	OutOfOrder      Reason = "out_of_order"     // a command that may not come now
	Truncated       Reason = "truncated"        // the stream ended inside a packet
	TimedOut        Reason = "timed_out"        // the state's time was over
	SlowClient      Reason = "slow_client"      // the client does not read
	TooFast         Reason = "too_fast"         // more packets than the budget allows
	TooMany         Reason = "too_many"         // more connections than allowed
	Refused         Reason = "refused"          // sign-in or join too often, or a character that may not be played
	Banned          Reason = "banned"           // the user was banned
	SessionOver     Reason = "session_over"     // the website ended the session
	TakenOver       Reason = "taken_over"       // the user signed in again elsewhere
	PasswordChanged Reason = "password_changed" // the user's password was changed
	Deleted         Reason = "deleted"          // the user was deleted
	WorldRefused    Reason = "world_refused"    // the world removed the player
	Backend         Reason = "backend"          // a part behind the gateway failed
	Shutdown        Reason = "shutdown"         // the gateway stops
	Broken          Reason = "broken"           // the network failed
	Internal        Reason = "internal"         // an error of the server
)

// Error ends a connection with a reason. Handlers return it.
type Error struct {
	Reason Reason
	Err    error // for the log; may be nil
}

// End returns an error that ends the connection.
func End(r Reason, format string, args ...any) error {
	return &Error{Reason: r, Err: fmt.Errorf(format, args...)}
}

// Error returns reason and cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// reasonOf finds the reason in an error of reading or handling.
func reasonOf(err error) Reason {
	var end *Error
	var netErr net.Error
	switch {
	case errors.As(err, &end):
		return end.Reason
	case errors.Is(err, io.EOF):
		return ClientGone
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Truncated
	case errors.As(err, &netErr) && netErr.Timeout():
		return TimedOut
	case errors.Is(err, wire.ErrChecksum):
		return Checksum
	case errors.Is(err, wire.ErrCommand), errors.Is(err, packets.ErrUnknown):
		return UnknownPacket
	case errors.Is(err, wire.ErrSize):
		return Oversized
	case errors.Is(err, wire.ErrPadding), errors.Is(err, wire.ErrShort), errors.Is(err, wire.ErrTrailing),
		errors.Is(err, wire.ErrText), errors.Is(err, wire.ErrValue):
		return Malformed
	case errors.Is(err, net.ErrClosed):
		return Broken
	}
	return Broken
}
