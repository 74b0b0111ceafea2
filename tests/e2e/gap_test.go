package e2e_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// TestOnePictureAfterTheWorldWasAway: whether the world was killed, stopped in
// order or stood still while players walked, afterwards each client shows its
// own character where all others see it, and what was said meanwhile is heard
// once, or its speaker is told.
func TestOnePictureAfterTheWorldWasAway(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	bots := []*bot.Bot{d.play(ctx, "alice_01"), d.play(ctx, "bjorn.aa"), d.play(ctx, "emoji_dragon")}
	for _, b := range bots {
		if err := b.WaitUntil(ctx, "to see the others", 0, func(v bot.View) bool { return len(v.InSight()) == len(bots)-1 }); err != nil {
			t.Fatal(err)
		}
	}
	if err := bots[2].Toggle(ctx, packets.ToggleRun); err != nil { // one walks, the others run
		t.Fatal(err)
	}
	for name, away := range map[string]func(w *process, meanwhile func()){
		"killed": func(w *process, meanwhile func()) {
			_ = w.cmd.Process.Kill()
			_ = w.wait()
			meanwhile()
			d.restart["world"]()
		},
		"stopped in order": func(w *process, meanwhile func()) {
			_ = w.cmd.Process.Signal(syscall.SIGTERM)
			_ = w.wait()
			meanwhile()
			d.restart["world"]()
		},
		"stood still": func(w *process, meanwhile func()) {
			_ = w.cmd.Process.Signal(syscall.SIGSTOP)
			meanwhile()
			_ = w.cmd.Process.Signal(syscall.SIGCONT)
		},
	} {
		text := "said while the world was " + name
		for i, b := range bots {
			self, _ := b.Self()
			if err := b.MoveTo(ctx, self.X+float32(1000*(i%2*2-1)), self.Y+float32(200*i)); err != nil {
				t.Fatal(err)
			}
		}
		away(d.processes["world"], func() {
			self, _ := bots[1].Self()
			// A walk of which nothing is heard before the world is back.
			for _, act := range []func(context.Context) error{
				func(ctx context.Context) error { return bots[1].MoveTo(ctx, self.X-500, self.Y) },
				func(ctx context.Context) error { return bots[0].Say(ctx, text) },
			} {
				short, stop := context.WithTimeout(ctx, 100*time.Millisecond)
				_ = act(short) // without an answer
				stop()
			}
		})
		delivered := func(v bot.View) (heard, told int) {
			for _, h := range v.Heard() {
				switch h.Text {
				case text:
					heard++
				case "Not delivered: " + text, "Perhaps not delivered: " + text:
					told++
				}
			}
			return heard, told
		}
		if err := bots[0].WaitUntil(ctx, "to hear, or be told of, what it "+text, patience, func(v bot.View) bool {
			heard, told := delivered(v)
			return heard+told > 0
		}); err != nil {
			t.Fatal(err)
		}
		var differ []bot.Difference
		d.processes["packet"].until("shows the same to all after the world "+name, func() bool {
			differ = bot.Differences(bots, 60)
			return len(differ) == 0
		})
		// It stays so once everybody stands.
		for _, b := range bots {
			if err := b.WaitUntil(ctx, "to stand", patience, func(v bot.View) bool {
				e, ok := v.Self()
				return ok && !e.Walking
			}); err != nil {
				t.Fatal(err)
			}
			if err := b.Stop(ctx); err != nil {
				t.Errorf("%s: the world has him elsewhere: %v", name, err)
			}
		}
		d.processes["packet"].until("shows all where they stand after the world "+name, func() bool {
			differ = bot.Differences(bots, 1)
			return len(differ) == 0
		})
		for i, b := range bots {
			b.Look(func(v bot.View) {
				if heard, _ := delivered(v); heard > 1 {
					t.Errorf("%s: bot %d heard a line %d times", name, i, heard)
				}
			})
		}
		t.Logf("%s: the same for all", name)
	}
}
