package bot_test

import (
	"context"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/bot/bottest"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// stay runs Stay until it is in the world, and returns its next lines and its
// result.
func stay(ctx context.Context, t *testing.T, s *bottest.Server, user string) (<-chan string, <-chan error) {
	t.Helper()
	said, result := make(chan string, 8), make(chan error, 1)
	cfg := bot.Config{Addr: s.Addr(), User: user, Secret: packets.Secret(s.Ticket(user))}
	go func() { result <- bot.Stay(ctx, cfg, func(line string) { said <- line }) }()
	for _, want := range []string{"ok  signs in", "ok  enters the world", "ok  stays"} {
		select {
		case line := <-said:
			if !strings.HasPrefix(line, want) {
				t.Fatalf("said %q, want %q", line, want)
			}
		case err := <-result:
			t.Fatalf("ended before %q: %v", want, err)
		}
	}
	return said, result
}

func TestStayEndsWhenItIsPutOut(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	said, result := stay(t.Context(), t, s, "ada")
	second := dial(t, s, "ada") // the account's second sign-in takes over
	if err := second.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
	if line := <-said; !strings.HasPrefix(line, "out (") || !strings.Contains(line, "the game connection ended") {
		t.Errorf("said %q", line)
	}
}

func TestStayLogsOutWhenItIsStopped(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	ctx, stop := context.WithCancel(t.Context())
	said, result := stay(ctx, t, s, "ada")
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}
	if line := <-said; !strings.HasPrefix(line, "ok  logs out") {
		t.Errorf("said %q", line)
	}
}

func TestStaySaysWhatFailed(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	var said lines
	cfg := bot.Config{Addr: s.Addr(), User: "ada", Secret: packets.Secret(strings.Repeat("x", packets.SecretSize))}
	err := bot.Stay(t.Context(), cfg, said.add)
	if err == nil || !strings.HasPrefix(err.Error(), "signs in: login:") {
		t.Errorf("got %v", err)
	}
	if got := said.all(); len(got) != 1 || !strings.HasPrefix(got[0], "FAILED signs in") {
		t.Errorf("said %q", got)
	}
}
