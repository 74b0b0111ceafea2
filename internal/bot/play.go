package bot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// JoinGame connects to the game stage, presents token and secret and waits for
// the character, its inventory and its quests.
func (b *Bot) JoinGame(ctx context.Context) error {
	return b.step(ctx, "join game", func(ctx context.Context) error {
		c, join, err := b.follow(ctx, packets.Game)
		if err != nil {
			return err
		}
		b.mu.Lock()
		b.model = newModel() // nothing comes before the request below
		b.mu.Unlock()
		var follows []*Expectation
		for _, match := range []func(packets.Packet) bool{
			isA[*packets.CharacterData], isA[*packets.Inventory], isA[*packets.QuestData],
		} {
			x, err := b.expect(c, match)
			if err != nil {
				return err
			}
			defer x.Cancel()
			follows = append(follows, x)
		}
		reply, err := request[*packets.JoinReply](ctx, b, packets.Game, join)
		if err != nil {
			return err
		}
		if reply.Result != packets.JoinOK {
			return refused(reply.Result, joinMeanings())
		}
		for i, x := range follows {
			if _, err := x.Wait(ctx); err != nil {
				return fmt.Errorf("wait for %s: %w", [...]string{"the character", "the inventory", "the quests"}[i], err)
			}
		}
		return nil
	})
}

// EnterZone tells the server that the zone is loaded and waits until the
// character is in it.
func (b *Bot) EnterZone(ctx context.Context) error {
	return b.step(ctx, "enter zone", func(ctx context.Context) error {
		reply, err := request[*packets.JoinZoneReply](ctx, b, packets.Game, &packets.JoinZoneRequest{})
		if err == nil && reply.Entity == 0 {
			err = errors.New("the server gave entity id 0, which is nobody")
		}
		return err
	})
}

// Enter does Select, JoinGame and EnterZone.
func (b *Bot) Enter(ctx context.Context, name string) error {
	if err := b.Select(ctx, name); err != nil {
		return err
	}
	if err := b.JoinGame(ctx); err != nil {
		return err
	}
	return b.EnterZone(ctx)
}

// act sends a packet and waits for the answer that match knows. A server that
// puts the character right instead has refused.
func (b *Bot) act(ctx context.Context, p packets.Packet, match func(self uint16, p packets.Packet) bool) error {
	return b.ask(ctx, p, func(self uint16, p packets.Packet) bool {
		if a, ok := p.(*packets.AdjustPosition); ok && a.Entity == self {
			return true
		}
		return match(self, p)
	})
}

// ask is act for what puts nobody elsewhere: when the server puts the character
// right meanwhile, as it does after it was away, that is no answer.
func (b *Bot) ask(ctx context.Context, p packets.Packet, match func(self uint16, p packets.Packet) bool) error {
	self, ok := b.Self()
	if !ok {
		return fmt.Errorf("%w: the bot is in no zone", ErrState)
	}
	x, err := b.Expect(packets.Game, func(p packets.Packet) bool { return match(self.ID, p) })
	if err != nil {
		return err
	}
	defer x.Cancel()
	if err := b.send(ctx, x.conn, p); err != nil {
		return err
	}
	got, err := x.Wait(ctx)
	if a, ok := got.(*packets.AdjustPosition); ok {
		return &RefusedError{Meaning: fmt.Sprintf("the server put the character back to %.0f, %.0f", a.X, a.Y)}
	}
	return err
}

// MoveTo begins a walk to a point, centimetres, and waits until the server has
// told that the character walks there.
func (b *Bot) MoveTo(ctx context.Context, x, y float32) error {
	return b.step(ctx, "move", func(ctx context.Context) error {
		return b.act(ctx, &packets.MoveRequest{X: x, Y: y}, func(self uint16, p packets.Packet) bool {
			m := asMove(p)
			return m != nil && m.Entity == self && m.X == x && m.Y == y
		})
	})
}

// WalkTo does MoveTo, waits until the way is walked and stops there, which the
// server must believe.
func (b *Bot) WalkTo(ctx context.Context, x, y float32) error {
	if err := b.MoveTo(ctx, x, y); err != nil {
		return err
	}
	self, _ := b.Self()
	more := self.TimeLeft()
	if err := b.WaitUntil(ctx, "walk", more, func(v View) bool {
		e, ok := v.Self()
		return ok && !e.Walking
	}); err != nil {
		return err
	}
	if err := b.Stop(ctx); err != nil {
		return err
	}
	if self, ok := b.Self(); !ok || math.Hypot(float64(self.X-x), float64(self.Y-y)) > 1 {
		return &StepError{Step: "walk", Err: fmt.Errorf("the character ended at %.0f, %.0f instead of %.0f, %.0f", self.X, self.Y, x, y)}
	}
	return nil
}

// Stop ends a walk where the bot believes it is, and waits until the server
// agrees.
func (b *Bot) Stop(ctx context.Context) error {
	return b.step(ctx, "stop", func(ctx context.Context) error {
		me, _ := b.Self() // act refuses when there is none
		return b.act(ctx, &packets.StopRequest{X: me.X, Y: me.Y, Z: me.Z}, func(self uint16, p packets.Packet) bool {
			s, ok := p.(*packets.Stop)
			return ok && s.Entity == self
		})
	})
}

// Toggle switches running (packets.ToggleRun) or sitting (packets.ToggleSit)
// and waits until the server has told so.
func (b *Bot) Toggle(ctx context.Context, kind uint8) error {
	return b.step(ctx, "toggle", func(ctx context.Context) error {
		return b.act(ctx, &packets.MoveToggleRequest{Kind: kind}, func(self uint16, p packets.Packet) bool {
			t, ok := p.(*packets.MoveToggle)
			return ok && t.Entity == self
		})
	})
}

// Emote plays a motion and waits until the server has told so.
func (b *Bot) Emote(ctx context.Context, motion uint16) error {
	return b.step(ctx, "emote", func(ctx context.Context) error {
		return b.act(ctx, &packets.EmoteRequest{Motion: motion, Flags: emoteStops}, func(self uint16, p packets.Packet) bool {
			e, ok := p.(*packets.Emote)
			return ok && e.Entity == self && e.Motion == motion
		})
	})
}

// emoteStops is the flag that clients send with an emote.
const emoteStops = 1 << 15

// Say speaks to those around, at most packets.MaxChatText bytes, and waits
// until the bot hears itself.
func (b *Bot) Say(ctx context.Context, text string) error {
	return b.step(ctx, "say", func(ctx context.Context) error {
		return b.ask(ctx, &packets.ChatRequest{Text: text}, func(self uint16, p packets.Packet) bool {
			c, ok := p.(*packets.LocalChat)
			return ok && c.Entity == self && c.Text == text
		})
	})
}

// Shout speaks to the whole zone, at most packets.MaxChatText bytes, and waits
// until the bot hears itself.
func (b *Bot) Shout(ctx context.Context, text string) error {
	return b.step(ctx, "shout", func(ctx context.Context) error {
		me, _ := b.Self()
		return b.ask(ctx, &packets.ShoutRequest{Text: text}, func(_ uint16, p packets.Packet) bool {
			s, ok := p.(*packets.Shout)
			return ok && s.From == me.Name && s.Text == text
		})
	})
}

// Whisper speaks to one character. The server answers only when there is
// nobody of that name: then an empty whisper from it is heard.
func (b *Bot) Whisper(ctx context.Context, to, text string) error {
	return b.step(ctx, "whisper", func(ctx context.Context) error {
		c, err := b.need(packets.Game)
		if err != nil {
			return err
		}
		return b.send(ctx, c, &packets.WhisperRequest{To: to, Text: text})
	})
}

// Logout leaves the game and waits until the server has ended both
// connections.
func (b *Bot) Logout(ctx context.Context) error {
	return b.step(ctx, "log out", func(ctx context.Context) error {
		reply, err := request[*packets.LogoutResult](ctx, b, packets.Game, &packets.LogoutRequest{})
		if err != nil {
			return err
		}
		if reply.Seconds > 0 {
			return &RefusedError{Meaning: fmt.Sprintf("the server asks to wait %d s", reply.Seconds)}
		}
		for _, stage := range []packets.Stage{packets.Game, packets.World} {
			if err := b.awaitEnd(ctx, stage); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReturnToSelect leaves the game for the choice of a character: the world
// connection is told to go on, and the game connection says goodbye and ends.
func (b *Bot) ReturnToSelect(ctx context.Context) error {
	return b.step(ctx, "return to select", func(ctx context.Context) error {
		back, err := b.Expect(packets.World, isA[*packets.ReturnToSelect])
		if err != nil {
			return err
		}
		defer back.Cancel()
		game, err := b.need(packets.Game)
		if err != nil {
			return err
		}
		bye, err := b.expect(game, isA[*packets.LogoutResult])
		if err != nil {
			return err
		}
		defer bye.Cancel()
		if err := b.send(ctx, game, &packets.ReturnToSelectRequest{}); err != nil {
			return err
		}
		if _, err := back.Wait(ctx); err != nil {
			return err
		}
		if _, err := bye.Wait(ctx); err != nil {
			return err
		}
		return b.awaitEnd(ctx, packets.Game)
	})
}

// awaitEnd waits until the server has ended a connection, and then closes it.
func (b *Bot) awaitEnd(ctx context.Context, stage packets.Stage) error {
	c := b.conn(stage)
	if c == nil {
		return nil
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the server leaves the %s connection open: %w", stage, context.Cause(ctx))
	}
}

// Self returns the bot's own character; false before it is in a zone.
func (b *Bot) Self() (Entity, bool) {
	var e Entity
	var ok bool
	b.Look(func(v View) { e, ok = v.Self() })
	return e, ok
}

// Look calls f with what the bot knows now. f must neither wait nor call the
// bot.
func (b *Bot) Look(f func(View)) { b.lookAt(time.Now(), f) }

// lookAt is Look with the places computed for a given moment.
func (b *Bot) lookAt(now time.Time, f func(View)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(View{m: &b.model, now: now})
}
