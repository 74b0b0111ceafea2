package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// Stay signs in, creates a character if there is none, enters the world and
// stays there until the server ends the game, which is no error, or ctx is
// done, at which it logs out. report gets a line for each step; the last one
// says how it ended.
func Stay(ctx context.Context, cfg Config, report func(line string)) error {
	r := reporter{line: report}
	var b *Bot
	err := r.step(ctx, "signs in", func(ctx context.Context) (err error) {
		if b, err = Dial(ctx, cfg); err != nil {
			return err
		}
		return b.SignIn(ctx)
	})
	if b != nil {
		defer b.Close()
	}
	if err != nil {
		return err
	}
	if err := r.step(ctx, "enters the world", func(ctx context.Context) error {
		name, _, err := b.EnsureCharacter(ctx)
		if err != nil {
			return err
		}
		return b.Enter(ctx, name)
	}); err != nil {
		return err
	}
	r.say("ok  stays")
	began := time.Now()
	game := b.conn(packets.Game) // Enter has made it
	select {
	case <-game.done:
	case <-ctx.Done():
		return r.step(context.WithoutCancel(ctx), "logs out", b.Logout)
	}
	b.mu.Lock()
	ended := game.ended
	b.mu.Unlock()
	r.say(fmt.Sprintf("out (%.2f s): %v", time.Since(began).Seconds(), ended))
	return nil
}
