package bot

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// watched is what a bot sees of another bot's next walk.
type watched struct {
	bot         *Bot
	name        string
	move, halts *Expectation
}

// watch begins to wait for a walk of somebody in sight. What is computed from
// earlier packets does not count.
func (b *Bot) watch(name string) (*watched, error) {
	var e Entity
	var ok bool
	b.Look(func(v View) { e, ok = v.Find(name) })
	if !ok {
		return nil, errors.New(name + " is not in sight")
	}
	w := &watched{bot: b, name: name}
	var err error
	if w.move, err = b.Expect(packets.Game, func(p packets.Packet) bool {
		m := asMove(p)
		return m != nil && m.Entity == e.ID
	}); err != nil {
		return nil, err
	}
	w.halts, err = b.Expect(packets.Game, func(p packets.Packet) bool {
		s, ok := p.(*packets.Stop)
		return ok && s.Entity == e.ID
	})
	return w, err
}

// asMove returns the move that a packet holds, or nil.
func asMove(p packets.Packet) *packets.Move {
	switch p := p.(type) {
	case *packets.Move:
		return p
	case *packets.MoveWithMode:
		return &p.Move
	default:
		return nil
	}
}

// walkTo waits until the bot was told that the other walks to a place and
// stops there, and sees him stand there.
func (w *watched) walkTo(ctx context.Context, to Entity) error {
	defer w.move.Cancel()
	defer w.halts.Cancel()
	if err := w.bot.step(ctx, "see "+w.name+" walk", func(ctx context.Context) error {
		p, err := w.move.Wait(ctx)
		if err != nil {
			return err
		}
		m := asMove(p) // watch has seen to it
		return exactly("walks to", m.X, m.Y, to)
	}); err != nil {
		return err
	}
	return w.bot.step(ctx, "see "+w.name+" arrive", func(ctx context.Context) error {
		if _, err := w.halts.Wait(ctx); err != nil {
			return err
		}
		var e Entity
		var ok bool
		w.bot.Look(func(v View) { e, ok = v.Find(w.name) })
		if !ok {
			return errors.New("it is out of sight")
		}
		return exactly("stands at", e.X, e.Y, to)
	})
}

func exactly(what string, x, y float32, to Entity) error {
	if math.Hypot(float64(x-to.X), float64(y-to.Y)) > checkExact {
		return fmt.Errorf("it %s %.0f, %.0f instead of %.0f, %.0f", what, x, y, to.X, to.Y)
	}
	return nil
}

// watchEmote has somebody in sight play a motion, and waits until the bot was
// told of it.
func (b *Bot) watchEmote(ctx context.Context, name string, motion uint16, play func(context.Context, uint16) error) error {
	var e Entity
	var ok bool
	b.Look(func(v View) { e, ok = v.Find(name) })
	if !ok {
		return errors.New(name + " is not in sight")
	}
	seen, err := b.Expect(packets.Game, func(p packets.Packet) bool {
		m, ok := p.(*packets.Emote)
		return ok && m.Entity == e.ID && m.Motion == motion
	})
	if err != nil {
		return err
	}
	defer seen.Cancel()
	if err := play(ctx, motion); err != nil {
		return err
	}
	return b.step(ctx, "see the emote of "+name, func(ctx context.Context) error {
		_, err := seen.Wait(ctx)
		return err
	})
}
