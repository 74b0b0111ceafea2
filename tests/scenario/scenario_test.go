package scenario_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot/bottest"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/tests/scenario"
)

func target(s *bottest.Server, step time.Duration) scenario.Target {
	tg := scenario.Target{LoginAddr: s.Addr(), StepTimeout: step}
	for _, name := range []string{"ada", "bob", "cyd"} {
		tg.Users = append(tg.Users, scenario.User{
			Name: name, Ticket: func(context.Context) (string, error) { return s.Ticket(name), nil },
		})
	}
	return tg
}

func TestScenariosAgainstASmallServer(t *testing.T) {
	s := bottest.Start(t)
	s.SetFirstPacketTimeout(300 * time.Millisecond)
	for _, run := range []string{"first", "again"} {
		t.Run(run, func(t *testing.T) { scenario.Run(t, target(s, 0)) })
	}
}

// Each scenario must find a server that does not do what it is about.
func TestScenariosFail(t *testing.T) {
	t.Parallel()
	keep := func(p packets.Packet) packets.Packet { return p }
	tests := []struct {
		name     string
		scenario func(context.Context, scenario.Target) error
		faults   bottest.Faults
		change   func(packets.Packet) packets.Packet
		want     string
	}{
		{"position is lost", scenario.PositionIsKept, bottest.Faults{ForgetPosition: true}, keep, "started at 520000, 520000 after leaving at 520300, 520100"},
		{"select starts elsewhere", scenario.BackToSelect, bottest.Faults{ForgetPosition: true}, keep, "started at 520000, 520000"},
		{"the game connection stays", scenario.BackToSelect, bottest.Faults{KeepConnections: true}, keep, "the server leaves the game connection open"},
		{"a ghost stays", scenario.BackToSelect, bottest.Faults{}, func(p packets.Packet) packets.Packet {
			if _, ok := p.(*packets.RemoveEntities); ok {
				return nil
			}
			return p
		}, "see Botada go: no answer"},
		{"a mark that does not show", scenario.DeleteAndRestore, bottest.Faults{}, func(p packets.Packet) packets.Packet {
			if l, ok := p.(*packets.CharacterListReply); ok {
				shown := &packets.CharacterListReply{}
				for _, c := range l.Characters {
					c.DeleteSeconds = 0
					shown.Characters = append(shown.Characters, c)
				}
				return shown
			}
			return p
		}, "has 0 s until deletion, want it marked: true"},
		{"the marked can be played", scenario.DeleteAndRestore, bottest.Faults{PlayMarked: true}, keep, "want a refusal, got an acceptance"},
		{"tickets work for ever", scenario.TicketWorksOnce, bottest.Faults{TicketsLast: true}, keep, "the ticket's second use, as ada: want a refusal, got an acceptance"},
		{"two of the same", scenario.SecondSignInTakesOver, bottest.Faults{NoTakeover: true}, keep, "the first sign-in: wait for the end of the game connection: no answer"},
		{"garbage is put up with", scenario.MalformedBytes, bottest.Faults{Harmed: true}, keep, "player beside: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := bottest.Start(t)
			s.SetFirstPacketTimeout(300 * time.Millisecond)
			s.SetFaults(tt.faults)
			s.SetHook(func(_ packets.Stage, _ string, p packets.Packet) packets.Packet { return tt.change(p) })
			err := tt.scenario(t.Context(), target(s, time.Second))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
