package scenario

import (
	"context"
	"fmt"
	"math"

	"github.com/waystone-mmo/waystone/internal/bot"
)

// walk is how far the bots go, centimetres: less than a second at a run.
const walk = 300

// exact is how far a place may be off that was walked to, centimetres.
const exact = 1

// MeetWalkTalk is the bots' own check with the first two users.
func MeetWalkTalk(ctx context.Context, target Target) error {
	return bot.Check(ctx, bot.CheckConfig{
		Login: target.LoginAddr,
		Accounts: [2]bot.Account{
			{User: target.Users[0].Name, Secret: target.Users[0].Ticket},
			{User: target.Users[1].Name, Secret: target.Users[1].Ticket},
		},
		Timeout: Timeout, StepTimeout: target.StepTimeout, Log: target.Log,
	})
}

// away walks a bot a little way from where it is and returns the place.
func away(ctx context.Context, b *bot.Bot) (bot.Entity, error) {
	self, _ := b.Self() // WalkTo refuses when it is in no zone
	if err := b.WalkTo(ctx, self.X+walk, self.Y+walk/3); err != nil {
		return bot.Entity{}, err
	}
	self, _ = b.Self()
	return self, nil
}

// back walks a bot to where it came from.
func back(ctx context.Context, b *bot.Bot) error {
	self, _ := b.Self()
	return b.WalkTo(ctx, self.X-walk, self.Y-walk/3)
}

// startedAt checks where the server put a bot when it joined.
func startedAt(b *bot.Bot, want bot.Entity) error {
	var x, y float32
	b.Look(func(v bot.View) { x, y = v.Start() })
	if math.Hypot(float64(x-want.X), float64(y-want.Y)) > exact {
		return fmt.Errorf("started at %.0f, %.0f after leaving at %.0f, %.0f", x, y, want.X, want.Y)
	}
	return nil
}

// PositionIsKept checks this: who logs out and comes back with another ticket is where he
// was, as the same character.
func PositionIsKept(ctx context.Context, target Target) error {
	first, name, err := target.enter(ctx, 0)
	if err != nil {
		return err
	}
	defer first.Close()
	left, err := away(ctx, first)
	if err != nil {
		return err
	}
	if err := first.Logout(ctx); err != nil {
		return err
	}
	second, again, err := target.enter(ctx, 0)
	if err != nil {
		return fmt.Errorf("coming back: %w", err)
	}
	defer second.Close()
	if again != name {
		return fmt.Errorf("played %s, and %s after coming back", name, again)
	}
	if err := startedAt(second, left); err != nil {
		return err
	}
	if err := back(ctx, second); err != nil {
		return err
	}
	return second.Logout(ctx)
}

// BackToSelect checks this: a player returns to the choice of a character on the same
// world connection and enters again where he was; those around see him go and
// come.
func BackToSelect(ctx context.Context, target Target) error {
	watcher, _, err := target.enter(ctx, 1)
	if err != nil {
		return err
	}
	defer watcher.Close()
	b, name, err := target.enter(ctx, 0)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := sees(ctx, watcher, name, true); err != nil {
		return err
	}
	left, err := away(ctx, b)
	if err != nil {
		return err
	}
	if err := b.ReturnToSelect(ctx); err != nil {
		return err
	}
	if err := sees(ctx, watcher, name, false); err != nil {
		return err
	}
	if _, err := b.ListCharacters(ctx); err != nil {
		return fmt.Errorf("after returning: %w", err)
	}
	if err := b.Enter(ctx, name); err != nil {
		return fmt.Errorf("after returning: %w", err)
	}
	if err := startedAt(b, left); err != nil {
		return err
	}
	if err := sees(ctx, watcher, name, true); err != nil {
		return err
	}
	if err := back(ctx, b); err != nil {
		return err
	}
	if err := b.Logout(ctx); err != nil {
		return err
	}
	return watcher.Logout(ctx)
}

// sees waits until a character is in a bot's sight, or out of it.
func sees(ctx context.Context, b *bot.Bot, name string, there bool) error {
	what := "see " + name
	if !there {
		what += " go"
	}
	return b.WaitUntil(ctx, what, 0, func(v bot.View) bool {
		_, ok := v.Find(name)
		return ok == there
	})
}
