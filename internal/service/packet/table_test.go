package packet

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/packets"
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
		if (h.handle == nil) == (h.ignored == "") {
			t.Errorf("0x%x of the %s stage needs a handler or a reason to be ignored", h.command, h.stage)
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
