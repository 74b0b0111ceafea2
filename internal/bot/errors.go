package bot

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// ErrState is matched by the error of a step that is called before the one
// that leads to it.
var ErrState = errors.New("not possible now")

// StepError says at which step a bot failed.
type StepError struct {
	Step string // "login", "select server", …
	Err  error
}

// Error returns step and cause.
func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// RefusedError is the server's refusal.
type RefusedError struct {
	Result  uint8  // the byte in the server's reply; 0 where the reply has none
	Meaning string // what the byte stands for
}

// Error returns the number and its meaning.
func (e *RefusedError) Error() string {
	if e.Result == 0 {
		return "refused: " + e.Meaning
	}
	return fmt.Sprintf("result %d (%s)", e.Result, e.Meaning)
}

// ClosedError says that the server ended a connection, or that the network
// did.
type ClosedError struct {
	Stage    packets.Stage
	Announce string // the last announcement on that connection; may be empty
	Err      error  // io.EOF when the server closed in good order
}

// Error names the stage, the announcement and the cause.
func (e *ClosedError) Error() string {
	text := "the " + e.Stage.String() + " connection ended: " + e.Err.Error()
	if e.Announce != "" {
		text += ", after the announcement " + strconv.Quote(e.Announce)
	}
	return text
}

// Unwrap returns the cause.
func (e *ClosedError) Unwrap() error { return e.Err }

// refused makes a RefusedError; unknown numbers keep their number.
func refused(result uint8, meanings []string) error {
	meaning := "unknown"
	if int(result) < len(meanings) {
		meaning = meanings[result]
	}
	return &RefusedError{Result: result, Meaning: meaning}
}

// What the results of the replies stand for, by their number.
func loginMeanings() []string {
	return []string{
		"ok", "failed", "unknown account", "wrong password", "already logged in", "refused", "needs charge",
		"no right", "too many users", "no real name", "wrong version", "outside region",
	}
}

func selectMeanings() []string {
	return []string{"ok", "failed", "full", "invalid channel", "inactive", "age", "needs charge"}
}

func joinMeanings() []string {
	return []string{"ok", "failed", "time-out", "wrong password", "already logged in"}
}

func createMeanings() []string {
	return []string{"ok", "failed", "name exists", "invalid value", "no more slots", "blocked"}
}
