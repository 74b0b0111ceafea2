package bot_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/bot/bottest"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// stepTimeout is long for what works; tests of what never comes use impatient.
const (
	stepTimeout = 10 * time.Second
	impatient   = 5 * time.Second
)

func account(s *bottest.Server, user string) bot.Account {
	return bot.Account{User: user, Secret: func(context.Context) (string, error) { return s.Ticket(user), nil }}
}

// dial connects a bot that is closed with the test.
func dial(t *testing.T, s *bottest.Server, user string) *bot.Bot {
	t.Helper()
	return dialConfig(t, bot.Config{
		Addr: s.Addr(), User: user, Secret: packets.Secret(s.Ticket(user)), StepTimeout: stepTimeout,
	})
}

func dialConfig(t *testing.T, cfg bot.Config) *bot.Bot {
	t.Helper()
	b, err := bot.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// play brings a bot into the zone and returns its character's name.
func play(t *testing.T, b *bot.Bot) string {
	t.Helper()
	if err := b.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	name, _, err := b.EnsureCharacter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Enter(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	return name
}

// lines collects report lines from any goroutine.
type lines struct {
	mu   sync.Mutex
	list []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, line)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.list...)
}
