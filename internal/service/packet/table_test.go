package packet

import (
	"slices"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

func TestEveryClientPacketHasAHandler(t *testing.T) {
	type key struct {
		stage   packets.Stage
		command uint16
	}
	have := map[key]handler{}
	for _, h := range handlers() {
		k := key{h.stage, h.command}
		if _, twice := have[k]; twice {
			t.Errorf("0x%x of the %s stage has two rows", h.command, h.stage)
		}
		have[k] = h
		if len(h.does) < 5 {
			t.Errorf("0x%x of the %s stage does not say what becomes of it", h.command, h.stage)
		}
		if len(h.states) == 0 {
			t.Errorf("0x%x of the %s stage may never come", h.command, h.stage)
		}
		for _, s := range h.states {
			if int(s) >= len(steps(&Config{}, h.stage)) {
				t.Errorf("0x%x of the %s stage: state %d does not exist", h.command, h.stage, s)
			}
		}
	}
	for _, row := range packets.Rows() {
		if row.From != packets.Client {
			continue
		}
		k := key{row.Stage, row.Command}
		if _, ok := have[k]; !ok {
			t.Errorf("%s (0x%x) of the %s stage has no row in handlers.go", row.Name, row.Command, row.Stage)
		}
		delete(have, k)
	}
	for k := range have {
		t.Errorf("0x%x of the %s stage has a handler and no packet", k.command, k.stage)
	}
}

// TestPlayersAreNotPutOutForWhatTheySend: a packet that is left without effect,
// or that only this connection is answered, may come whenever the client is
// there.
func TestPlayersAreNotPutOutForWhatTheySend(t *testing.T) {
	there := map[packets.Stage][]connection.State{
		packets.Login: {loginAccepted, loginSigned, loginHanded},
		packets.World: {worldChoosing, worldPlaying},
		packets.Game:  {gameJoined, gameEntering, gamePlaying},
	}
	bound := map[uint16]string{ // of the game stage
		0x70b: "comes first", 0x753: "comes once", 0x79a: "moves", 0x796: "moves", 0x771: "moves", 0x782: "moves",
		0x783: "speaks", 0x784: "speaks", 0x785: "speaks",
	}
	for _, h := range handlers() {
		if h.handle != nil && (h.stage != packets.Game || bound[h.command] != "") {
			continue
		}
		if !slices.Equal(h.states, there[h.stage]) {
			t.Errorf("0x%x of the %s stage may come in %v, want %v", h.command, h.stage, h.states, there[h.stage])
		}
	}
	for i, e := range Effects() {
		if h := handlers()[i]; len(e.States) != len(h.states) || strings.HasPrefix(e.Does, "ignored: ") != (h.handle == nil) {
			t.Errorf("0x%x of the %s stage is described as %+v", h.command, h.stage, e)
		}
	}
}

func TestEveryReasonIsMapped(t *testing.T) {
	for reason, r := range results {
		if r == (result{}) {
			t.Errorf("%s maps to nothing but failed: leave it out", reason)
		}
	}
	if loginResult(nil) != packets.LoginFailed {
		t.Error("an error without a known reason is not shown as failed")
	}
}
