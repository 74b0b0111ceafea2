package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/bot/bottest"
	"github.com/waystone-mmo/waystone/internal/packets"
)

func swarmOf(s *bottest.Server, bots int) bot.SwarmConfig {
	return bot.SwarmConfig{
		Login: s.Addr(), Bots: bots, Account: func(i int) bot.Account { return account(s, fmt.Sprintf("bot%03d", i)) },
		Rate: 200, Duration: 500 * time.Millisecond, Pause: 20 * time.Millisecond, Progress: 100 * time.Millisecond,
	}
}

func TestSwarmPlaysAndCounts(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	cfg := swarmOf(s, 12)
	var progress lines
	cfg.Report = progress.add
	sum, err := bot.Swarm(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Entered != 12 || sum.Finished != 12 || sum.Failed != 0 || sum.Moves < 4*sum.Texts-12*4 || sum.Texts == 0 || sum.Heard < sum.Texts {
		t.Errorf("%+v", sum)
	}
	if sum.MostSeen < 1 || sum.MostSeen > 11 {
		t.Errorf("%d in sight", sum.MostSeen)
	}
	for _, times := range []bot.Times{sum.SignIn, sum.Answer} {
		if times.P50 <= 0 || times.P50 > times.P99 || times.P99 > times.Max {
			t.Errorf("times %v", times)
		}
	}
	if all := progress.all(); len(all) == 0 || !strings.Contains(all[len(all)-1], " of 12 in a zone, ") {
		t.Errorf("progress %q", all)
	}
	if first := sum.Lines()[0]; !strings.HasPrefix(first, "12 bots: 12 entered, 12 logged out in good order, 0 failed, in ") {
		t.Errorf("summary %q", first)
	}
}

func TestSwarmCountsFailures(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	s.SetHook(func(_ packets.Stage, user string, p packets.Packet) packets.Packet {
		if _, ok := p.(*packets.LoginReply); ok && user == "bot002" {
			return &packets.LoginReply{Result: packets.LoginRefused}
		}
		if _, ok := p.(*packets.LocalChat); ok && user == "bot004" {
			return nil // it does not hear itself
		}
		return p
	})
	cfg := swarmOf(s, 6)
	cfg.StepTimeout = impatient
	sum, err := bot.Swarm(t.Context(), cfg)
	if err == nil || err.Error() != "2 of 6 bots failed; the first: bot-3: login: result 5 (refused)" {
		t.Errorf("error %v", err)
	}
	if sum.Failed != 2 || sum.Finished != 4 || sum.Entered != 5 || len(sum.Failures) != 2 ||
		!strings.HasPrefix(sum.Failures[1], "bot-5: say: no answer within "+impatient.String()) {
		t.Errorf("%+v", sum)
	}
}

func TestSwarmStopsEarlyAndPolitely(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	cfg := swarmOf(s, 500)
	cfg.Rate, cfg.Duration = 50, time.Hour
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cfg.Report = func(line string) {
		if !strings.Contains(line, " 0 of 500 in a zone") {
			cancel(enough)
		}
	}
	sum, err := bot.Swarm(ctx, cfg)
	if !errors.Is(err, enough) || sum.Failed != 0 || sum.Finished == 0 || sum.Finished == 500 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestSwarmRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, cfg := range []bot.SwarmConfig{
		{Bots: 0}, {Bots: -1}, {Bots: bot.MaxSwarm + 1}, {Bots: 1, Rate: -1}, {Bots: 1, Duration: -1}, {Bots: 1, Pause: -1}, {Bots: 1, Progress: -1},
	} {
		if _, err := bot.Swarm(t.Context(), cfg); err == nil || !strings.HasPrefix(err.Error(), "a swarm") {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
