package bot_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/bot/bottest"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// withoutTimes cuts the seconds off the lines of a report.
func withoutTimes(list []string) []string {
	var out []string
	for _, line := range list {
		if i := strings.LastIndex(line, " ("); i > 0 && strings.HasPrefix(line, "ok") {
			line = line[:i]
		}
		out = append(out, line)
	}
	return out
}

func TestCheckReportsEveryStepAndCanBeRunAgain(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	for run := range 2 {
		var report lines
		var ids [2]uint32
		err := bot.Check(t.Context(), bot.CheckConfig{
			Login: s.Addr(), Accounts: [2]bot.Account{account(s, "ada"), account(s, "bob")}, Report: report.add,
			OnPlaying: func(bots [2]*bot.Bot) {
				for i, b := range bots {
					b.Look(func(v bot.View) { _, ids[i] = v.Zone() })
				}
			},
		})
		if err != nil {
			t.Fatalf("run %d: %v", run+1, err)
		}
		want := []string{
			"ok  bot-1 signs in", "ok  bot-1 has a character", "ok  bot-1 enters as Botada",
			"ok  bot-2 signs in", "ok  bot-2 has a character", "ok  bot-2 enters as Botbob",
			"ok  bot-1 sees bot-2", "ok  bot-2 sees bot-1",
			"ok  bot-1 walks", "ok  bot-2 sees bot-1 arrive", "ok  bot-1 walks back", "ok  bot-2 sees bot-1 back",
			"ok  bot-2 walks", "ok  bot-1 sees bot-2 arrive", "ok  bot-2 walks back", "ok  bot-1 sees bot-2 back",
			"ok  each sees the other where he stands",
			"ok  bot-1 plays an emote, bot-2 sees it", "ok  bot-2 plays an emote, bot-1 sees it",
			"ok  bot-1 says something, bot-2 hears it", "ok  bot-1 whispers, bot-2 hears it", "ok  bot-1 shouts, bot-2 hears it",
			"ok  bot-2 says something, bot-1 hears it", "ok  bot-2 whispers, bot-1 hears it", "ok  bot-2 shouts, bot-1 hears it",
			"ok  bot-1 logs out", "ok  bot-2 sees bot-1 go", "ok  bot-2 logs out",
		}
		if diff := cmp.Diff(want, withoutTimes(report.all())); diff != "" {
			t.Errorf("run %d, lines (-want +got):\n%s", run+1, diff)
		}
		if run == 1 && (ids[0] == 0 || ids[0] == ids[1]) {
			t.Errorf("characters %v", ids)
		}
	}
}

// A check that could not fail would prove nothing: each fault of a server must
// be found, at its step.
func TestCheckNamesTheStepThatFails(t *testing.T) {
	t.Parallel()
	drop := func(user string, is func(packets.Packet) bool) bottest.Hook {
		return func(_ packets.Stage, to string, p packets.Packet) packets.Packet {
			if (user == "" || user == to) && is(p) {
				return nil
			}
			return p
		}
	}
	a := func(command uint16) func(packets.Packet) bool {
		return func(p packets.Packet) bool { return p.Command() == command }
	}
	tests := []struct {
		name string
		hook bottest.Hook
		want string // the error begins with it
	}{
		{"no greeting", drop("", a(0x7ff)), "bot-1 signs in: connect: no answer within " + impatient.String()},
		{"login refused", func(_ packets.Stage, user string, p packets.Packet) packets.Packet {
			if _, ok := p.(*packets.LoginReply); ok && user == "bob" {
				return &packets.LoginReply{Result: packets.LoginTooManyUsers}
			}
			return p
		}, "bot-2 signs in: login: result 8 (too many users)"},
		{"server full", func(_ packets.Stage, _ string, p packets.Packet) packets.Packet {
			if _, ok := p.(*packets.SelectServerReply); ok {
				return &packets.SelectServerReply{Result: packets.SelectFull}
			}
			return p
		}, "bot-1 signs in: select server: result 2 (full)"},
		{"no inventory", drop("", a(0x716)), "bot-1 enters as Botada: join game: wait for the inventory: no answer"},
		{"never in the zone", drop("bob", a(0x753)), "bot-2 enters as Botbob: enter zone: no answer"},
		{"no spawn", drop("bob", a(0x793)), "bot-2 sees bot-1: see Botada: no answer"},
		{"no echo of the move", drop("ada", a(0x79a)), "bot-1 walks: move: no answer"},
		{"moves are not passed on", drop("bob", func(p packets.Packet) bool {
			return p.Command() == 0x79a || p.Command() == 0x796
		}), "bot-2 sees bot-1 arrive: see Botada walk: no answer"},
		{"stops at another place", func(_ packets.Stage, user string, p packets.Packet) packets.Packet {
			if stop, ok := p.(*packets.Stop); ok && user == "bob" {
				moved := *stop
				moved.X += 5
				return &moved
			}
			return p
		}, "bot-2 sees bot-1 arrive: see Botada arrive: it stands at 520305, 520000 instead of 520300, 520000"},
		{"walks to another place", func(_ packets.Stage, user string, p packets.Packet) packets.Packet {
			if m, ok := p.(*packets.Move); ok && user == "bob" {
				moved := *m
				moved.Y -= 5
				return &moved
			}
			return p
		}, "bot-2 sees bot-1 arrive: see Botada walk: it walks to 520300, 519995 instead of 520300, 520000"},
		{"stops are not passed on", drop("bob", a(0x796)), "bot-2 sees bot-1 arrive: see Botada arrive: no answer"},
		{"no echo of the emote", drop("ada", a(0x781)), "bot-1 plays an emote, bot-2 sees it: emote: no answer"},
		{"emotes are not passed on", drop("bob", a(0x781)), "bot-1 plays an emote, bot-2 sees it: see the emote of Botada: no answer"},
		{"texts are lost", drop("ada", a(0x784)), "bot-2 whispers, bot-1 hears it: hear the whisper text: no answer"},
		{"another's words", func(_ packets.Stage, user string, p packets.Packet) packets.Packet {
			if c, ok := p.(*packets.LocalChat); ok && user == "bob" {
				return &packets.LocalChat{Entity: c.Entity, Text: "something else"}
			}
			return p
		}, "bot-1 says something, bot-2 hears it: hear the local text: no answer"},
		{"stays in sight", drop("bob", a(0x794)), "bot-2 sees bot-1 go: see Botada go: no answer"},
		{"must wait", func(_ packets.Stage, _ string, p packets.Packet) packets.Packet {
			if _, ok := p.(*packets.LogoutResult); ok {
				return &packets.LogoutResult{Seconds: 10}
			}
			return p
		}, "bot-1 logs out: log out: refused: the server asks to wait 10 s"},
	}
	// Most of them wait for what does not come, so all of them wait at once.
	errs, reports := make([]error, len(tests)), make([]lines, len(tests))
	var checks sync.WaitGroup
	for i, tt := range tests {
		s := bottest.Start(t)
		s.SetHook(tt.hook)
		cfg := bot.CheckConfig{
			Login: s.Addr(), Accounts: [2]bot.Account{account(s, "ada"), account(s, "bob")},
			Report: reports[i].add, StepTimeout: impatient,
		}
		checks.Go(func() { errs[i] = bot.Check(t.Context(), cfg) })
	}
	checks.Wait()
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err, all := errs[i], reports[i].all()
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Fatalf("error %q, want one that begins with %q", err, tt.want)
			}
			if last := all[len(all)-1]; !strings.HasPrefix(last, "FAILED "+tt.want) {
				t.Errorf("last line %q", last)
			}
		})
	}
}

func TestCheckEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	s.SetHook(func(packets.Stage, string, packets.Packet) packets.Packet { return nil })
	err := bot.Check(t.Context(), bot.CheckConfig{
		Login: s.Addr(), Accounts: [2]bot.Account{account(s, "ada"), account(s, "bob")}, Timeout: impatient,
	})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the check took longer than "+impatient.String()) {
		t.Fatalf("error %v", err)
	}
}

func TestCheckSaysThatNoTicketCouldBeHad(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	broken := errors.New("the shop is closed")
	err := bot.Check(t.Context(), bot.CheckConfig{Login: s.Addr(), Accounts: [2]bot.Account{
		{User: "ada", Secret: func(context.Context) (string, error) { return "", broken }}, account(s, "bob"),
	}})
	if !errors.Is(err, broken) || err.Error() != "bot-1 signs in: get a ticket for ada: the shop is closed" {
		t.Fatalf("error %v", err)
	}
}

func TestCheckBringsDistantCharactersTogether(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	far := dial(t, s, "bob")
	play(t, far)
	if err := far.WalkTo(t.Context(), 525000, 520000); err != nil {
		t.Fatal(err)
	}
	if err := far.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	var report lines
	began := time.Now()
	if err := bot.Check(t.Context(), bot.CheckConfig{
		Login: s.Addr(), Accounts: [2]bot.Account{account(s, "ada"), account(s, "bob")}, Report: report.add,
	}); err != nil {
		t.Fatalf("after %v: %v", time.Since(began), err)
	}
	if !strings.Contains(strings.Join(report.all(), "\n"), "ok  bot-2 goes to bot-1") {
		t.Errorf("lines %q", report.all())
	}
}
