// Package scenario plays a server from outside, as players do: the same
// end-to-end body for every way to deploy it. A scenario knows the address of
// the login stage and how to get tickets, and nothing else.
//
// Scenarios leave the accounts fit for the next one and for a further run;
// they run one after the other, because they share accounts.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// MinUsers is how many accounts a Target needs.
const MinUsers = 3

// Timeout bounds each scenario.
const Timeout = 90 * time.Second

// User is an account of the server under test.
type User struct {
	Name   string                                    // to sign in with
	Ticket func(ctx context.Context) (string, error) // a fresh one with each call
}

// Target is a running server.
type Target struct {
	LoginAddr   string        // host:port of the login stage
	Users       []User        // at least MinUsers, of which nobody else makes use
	StepTimeout time.Duration // of each step; 0 means bot.DefaultStepTimeout
	Log         *slog.Logger  // nil for none
}

// Scenario is one thing that a server must do. Its error names the step.
type Scenario struct {
	Name string
	Run  func(ctx context.Context, target Target) error
}

// All returns the scenarios in the order in which Run plays them.
func All() []Scenario {
	return []Scenario{
		{"two bots meet, walk and talk", MeetWalkTalk},
		{"position is kept over a logout", PositionIsKept},
		{"back to select and in again", BackToSelect},
		{"delete and restore", DeleteAndRestore},
		{"a ticket works once", TicketWorksOnce},
		{"a second sign-in takes over", SecondSignInTakesOver},
		{"malformed bytes harm nobody else", MalformedBytes},
	}
}

// Run plays all scenarios as subtests.
func Run(t *testing.T, target Target) {
	t.Helper()
	if len(target.Users) < MinUsers {
		t.Fatalf("scenarios need %d users, the target has %d", MinUsers, len(target.Users))
	}
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), Timeout)
			defer cancel()
			if err := s.Run(ctx, target); err != nil {
				t.Error(err)
			}
		})
	}
}

// dial connects a bot for a user with a fresh ticket. The caller closes it.
func (t Target) dial(ctx context.Context, user int) (*bot.Bot, error) {
	u := t.Users[user]
	ticket, err := u.Ticket(ctx)
	if err != nil {
		return nil, fmt.Errorf("ticket for %s: %w", u.Name, err)
	}
	return t.dialWith(ctx, user, ticket)
}

func (t Target) dialWith(ctx context.Context, user int, ticket string) (*bot.Bot, error) {
	b, err := bot.Dial(ctx, bot.Config{
		Addr: t.LoginAddr, User: t.Users[user].Name, Secret: packets.Secret(ticket),
		StepTimeout: t.StepTimeout, Log: t.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Users[user].Name, err)
	}
	return b, nil
}

// signIn brings a user to the choice of a character and says which one to
// play.
func (t Target) signIn(ctx context.Context, user int) (b *bot.Bot, character string, err error) {
	b, err = t.dial(ctx, user)
	if err != nil {
		return nil, "", err
	}
	if err = b.SignIn(ctx); err == nil {
		character, _, err = b.EnsureCharacter(ctx)
	}
	if err != nil {
		b.Close()
		return nil, "", fmt.Errorf("%s: %w", t.Users[user].Name, err)
	}
	return b, character, nil
}

// enter brings a user into the game.
func (t Target) enter(ctx context.Context, user int) (b *bot.Bot, character string, err error) {
	b, character, err = t.signIn(ctx, user)
	if err != nil {
		return nil, "", err
	}
	if err := b.Enter(ctx, character); err != nil {
		b.Close()
		return nil, "", fmt.Errorf("%s: %w", t.Users[user].Name, err)
	}
	return b, character, nil
}

// result returns the number in a refusal, or an error that says what came
// instead of one.
func result(err error) (uint8, error) {
	var no *bot.RefusedError
	if errors.As(err, &no) {
		return no.Result, nil
	}
	return 0, fmt.Errorf("want a refusal, got %w", orNil(err))
}

var errAccepted = errors.New("an acceptance")

func orNil(err error) error {
	if err == nil {
		return errAccepted
	}
	return err
}
