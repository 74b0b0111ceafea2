package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// DeleteAndRestore checks this: a mark for deletion shows in the list, outlasts the
// connection, keeps the character from being played, and can be taken away
// once.
func DeleteAndRestore(ctx context.Context, target Target) error {
	const user = 2
	b, name, err := target.signIn(ctx, user)
	if err != nil {
		return err
	}
	defer b.Close()
	left, err := b.DeleteCharacter(ctx, name)
	if err != nil {
		return err
	}
	if limit := time.Duration(packets.MaxDeleteSeconds) * time.Second; left <= 0 || left > limit {
		return fmt.Errorf("delete character: %v until deletion, want more than 0 and at most %v", left, limit)
	}
	if err := marked(ctx, b, name, true); err != nil {
		return err
	}

	var refused *bot.RefusedError
	if err := b.Select(ctx, name); !errors.As(err, &refused) {
		return fmt.Errorf("playing a character that is marked for deletion: want a refusal, got %w", orNil(err))
	}
	again, err := target.dial(ctx, user)
	if err != nil {
		return err
	}
	defer again.Close()
	if err := again.SignIn(ctx); err != nil {
		return err
	}
	if err := marked(ctx, again, name, true); err != nil {
		return fmt.Errorf("on another connection: %w", err)
	}
	if err := again.RestoreCharacter(ctx, name); err != nil {
		return err
	}
	if err := marked(ctx, again, name, false); err != nil {
		return err
	}
	if _, err := result(again.RestoreCharacter(ctx, name)); err != nil {
		return fmt.Errorf("restoring what is not marked: %w", err)
	}
	if err := again.Enter(ctx, name); err != nil {
		return fmt.Errorf("after restoring: %w", err)
	}
	return again.Logout(ctx)
}

// marked lists the characters and checks the mark of one.
func marked(ctx context.Context, b *bot.Bot, name string, want bool) error {
	list, err := b.ListCharacters(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Name != name {
			continue
		}
		if got := c.DeleteSeconds > 0; got != want || c.DeleteSeconds > packets.MaxDeleteSeconds {
			return fmt.Errorf("list characters: %s has %d s until deletion, want it marked: %t", name, c.DeleteSeconds, want)
		}
		return nil
	}
	return fmt.Errorf("list characters: %s is missing", name)
}

// TicketWorksOnce checks this: a ticket signs in once, its second use is refused and does
// not disturb who came with it; nor is it good for anybody else. The refusal
// is a wrong password, or no right for an account that has no game password.
func TicketWorksOnce(ctx context.Context, target Target) error {
	ticket, err := target.Users[0].Ticket(ctx)
	if err != nil {
		return fmt.Errorf("ticket for %s: %w", target.Users[0].Name, err)
	}
	owner, err := target.dialWith(ctx, 0, ticket)
	if err != nil {
		return err
	}
	defer owner.Close()
	if _, err := owner.Login(ctx); err != nil {
		return err
	}
	for _, user := range []int{0, 1} {
		thief, err := target.dialWith(ctx, user, ticket)
		if err != nil {
			return err
		}
		_, err = thief.Login(ctx)
		thief.Close()
		got, err := result(err)
		if err != nil {
			return fmt.Errorf("the ticket's second use, as %s: %w", target.Users[user].Name, err)
		}
		if got != packets.LoginWrongPassword && got != packets.LoginNoRight {
			return fmt.Errorf("the ticket's second use, as %s: result %d, want %d or %d",
				target.Users[user].Name, got, packets.LoginWrongPassword, packets.LoginNoRight)
		}
	}
	channels, err := owner.Channels(ctx, 0)
	if err != nil {
		return fmt.Errorf("the ticket's owner after its second use: %w", err)
	}
	if err := owner.SelectServer(ctx, 0, channels[0].ID); err != nil {
		return fmt.Errorf("the ticket's owner after its second use: %w", err)
	}
	return owner.JoinWorld(ctx)
}

// SecondSignInTakesOver checks this: an account is in the game once. Who signs in again is
// let in, the earlier connection is ended, and others see the character once,
// also those who saw it before.
func SecondSignInTakesOver(ctx context.Context, target Target) error {
	watcher, _, err := target.enter(ctx, 1)
	if err != nil {
		return err
	}
	defer watcher.Close()
	first, name, err := target.enter(ctx, 0)
	if err != nil {
		return err
	}
	defer first.Close()
	if err := sees(ctx, watcher, name, true); err != nil {
		return err
	}
	second, _, err := target.enter(ctx, 0)
	if err != nil {
		return fmt.Errorf("the second sign-in: %w", err)
	}
	defer second.Close()
	for _, stage := range []packets.Stage{packets.Game, packets.World} {
		if _, err := first.WaitClosed(ctx, stage); err != nil {
			return fmt.Errorf("the first sign-in: %w", err)
		}
	}
	text := "here I am, once"
	if err := second.Say(ctx, text); err != nil {
		return fmt.Errorf("the second sign-in: %w", err)
	}
	if err := watcher.WaitUntil(ctx, "hear the second sign-in and see it once", 0, func(v bot.View) bool {
		seen := 0
		for _, e := range v.InSight() {
			if e.Name == name {
				seen++
			}
		}
		return seen == 1 && v.HeardFrom(bot.HeardLocal, name, text)
	}); err != nil {
		return err
	}
	if err := second.Logout(ctx); err != nil {
		return err
	}
	return watcher.Logout(ctx)
}
