package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// DefaultCheckTimeout bounds a whole Check unless its config says otherwise.
const DefaultCheckTimeout = 60 * time.Second

// Distances of a Check, centimetres.
const (
	checkWalk  = 300  // how far each bot walks, and back
	checkNear  = 1000 // further apart, they walk to each other first
	checkExact = 1    // how far a place may be off after a stop
)

// Account is who signs in, and the ticket or password for it, asked for when
// it is needed because tickets are short-lived.
type Account struct {
	User   string
	Secret func(ctx context.Context) (string, error) // 32 characters
}

// CheckConfig says where two bots meet.
type CheckConfig struct {
	Login       string             // host:port of the login stage
	Accounts    [2]Account         // two different ones
	Report      func(line string)  // gets a line for each step; nil for none
	Timeout     time.Duration      // of the whole; 0 means DefaultCheckTimeout
	StepTimeout time.Duration      // of each step; 0 means DefaultStepTimeout
	Log         *slog.Logger       // nil for none
	OnPlaying   func(bots [2]*Bot) // called while both are in the zone; nil for nothing
}

// Check lets two bots sign in, create a character where an account has none,
// meet in a zone, walk, talk and log out, and judges that each sees and hears
// what the other does. Each step is one line, "ok  bot-1 sees bot-2 (0.21 s)"
// or "FAILED …: why". The error names the first step that failed; nothing
// runs after it. A Check may be run again with the same accounts: it plays the
// same characters, which end where they met.
func Check(ctx context.Context, cfg CheckConfig) error {
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultCheckTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout,
		fmt.Errorf("the check took longer than %v: %w", cfg.Timeout, context.DeadlineExceeded))
	defer cancel()
	k := &check{cfg: cfg, report: reporter{line: cfg.Report}, codecs: new(Codecs)}
	defer k.close()
	return k.run(ctx)
}

// check is one run of Check.
type check struct {
	cfg    CheckConfig
	report reporter
	codecs *Codecs
	bots   [2]*Bot
	names  [2]string // of the characters
}

func (k *check) close() {
	for _, b := range k.bots {
		if b != nil {
			b.Close()
		}
	}
}

// who names a bot in the report.
func who(i int) string { return fmt.Sprintf("bot-%d", i+1) }

func (k *check) run(ctx context.Context) error {
	for _, part := range []func(context.Context) error{k.arrive, k.meet, k.walk, k.compare, k.greet, k.talk, k.leave} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// arrive brings both bots into the zone.
func (k *check) arrive(ctx context.Context) error {
	for i := range k.bots {
		if err := k.report.step(ctx, who(i)+" signs in", func(ctx context.Context) error { return k.signIn(ctx, i) }); err != nil {
			return err
		}
		b := k.bots[i]
		what := " has a character"
		if err := k.report.step(ctx, who(i)+what, func(ctx context.Context) error {
			var err error
			k.names[i], _, err = b.EnsureCharacter(ctx)
			return err
		}); err != nil {
			return err
		}
		if err := k.report.step(ctx, who(i)+" enters as "+k.names[i], func(ctx context.Context) error {
			return b.Enter(ctx, k.names[i])
		}); err != nil {
			return err
		}
	}
	return nil
}

func (k *check) signIn(ctx context.Context, i int) error {
	a := k.cfg.Accounts[i]
	secret, err := a.Secret(ctx)
	if err != nil {
		return fmt.Errorf("get a ticket for %s: %w", a.User, err)
	}
	b, err := Dial(ctx, Config{
		Addr: k.cfg.Login, User: a.User, Secret: packets.Secret(secret),
		StepTimeout: k.cfg.StepTimeout, Codecs: k.codecs, Log: k.cfg.Log,
	})
	if err != nil {
		return err
	}
	k.bots[i] = b
	return b.SignIn(ctx)
}

// meet makes sure that the bots see each other.
func (k *check) meet(ctx context.Context) error {
	var zones [2]uint16
	var at [2]Entity
	for i, b := range k.bots {
		b.Look(func(v View) {
			zones[i], _ = v.Zone()
			at[i], _ = v.Self()
		})
	}
	apart := math.Hypot(float64(at[0].X-at[1].X), float64(at[0].Y-at[1].Y))
	if apart > checkNear || zones[0] != zones[1] {
		if err := k.report.step(ctx, "bot-2 goes to bot-1", func(ctx context.Context) error {
			if zones[0] != zones[1] {
				return fmt.Errorf("%s is in zone %d and %s in zone %d; use two characters of one zone",
					k.names[0], zones[0], k.names[1], zones[1])
			}
			return k.bots[1].WalkTo(ctx, at[0].X, at[0].Y)
		}); err != nil {
			return err
		}
	}
	for i, b := range k.bots {
		other := k.names[1-i]
		if err := k.report.step(ctx, who(i)+" sees "+who(1-i), func(ctx context.Context) error {
			return b.WaitUntil(ctx, "see "+other, 0, func(v View) bool {
				_, ok := v.Find(other)
				return ok
			})
		}); err != nil {
			return err
		}
	}
	if k.cfg.OnPlaying != nil {
		k.cfg.OnPlaying(k.bots)
	}
	return nil
}

// walk lets each bot walk there and back while the other watches.
func (k *check) walk(ctx context.Context) error {
	for i, b := range k.bots {
		home, ok := b.Self()
		if !ok {
			return errors.New(who(i) + " is in no zone")
		}
		way := []Entity{{X: home.X + checkWalk, Y: home.Y}, home}
		for n, to := range way {
			watched, err := k.bots[1-i].watch(k.names[i])
			if err != nil {
				return fmt.Errorf("%s watches %s: %w", who(1-i), who(i), err)
			}
			if err := k.report.step(ctx, who(i)+[...]string{" walks", " walks back"}[n], func(ctx context.Context) error {
				return b.WalkTo(ctx, to.X, to.Y)
			}); err != nil {
				return err
			}
			if err := k.report.step(ctx, who(1-i)+" sees "+who(i)+[...]string{" arrive", " back"}[n], func(ctx context.Context) error {
				return watched.walkTo(ctx, to)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare judges that both see the same after all the walking.
func (k *check) compare(ctx context.Context) error {
	return k.report.step(ctx, "each sees the other where he stands", func(context.Context) error { return k.agree() })
}

// checkMotion is the motion that the bots greet with.
const checkMotion = 11

// greet lets each bot play an emote that the other must see.
func (k *check) greet(ctx context.Context) error {
	for i, b := range k.bots {
		if err := k.report.step(ctx, fmt.Sprintf("%s plays an emote, %s sees it", who(i), who(1-i)), func(ctx context.Context) error {
			return k.bots[1-i].watchEmote(ctx, k.names[i], checkMotion, b.Emote)
		}); err != nil {
			return err
		}
	}
	return nil
}

// talk lets the bots speak to each other in every way.
func (k *check) talk(ctx context.Context) error {
	mark := fmt.Sprintf("%08x", rand.Uint32()) //nolint:gosec // tells this run's texts from others
	for i, b := range k.bots {
		other := k.bots[1-i]
		for _, way := range []struct {
			kind  HeardKind
			name  string
			speak func(ctx context.Context, text string) error
		}{
			{HeardLocal, "says something", b.Say},
			{HeardWhisper, "whispers", func(ctx context.Context, text string) error { return b.Whisper(ctx, k.names[1-i], text) }},
			{HeardShout, "shouts", b.Shout},
		} {
			text := fmt.Sprintf("hello from %s, %s", k.names[i], mark)
			if err := k.report.step(ctx, fmt.Sprintf("%s %s, %s hears it", who(i), way.name, who(1-i)), func(ctx context.Context) error {
				if err := way.speak(ctx, text); err != nil {
					return err
				}
				return other.WaitUntil(ctx, "hear the "+way.kind.String()+" text", 0, func(v View) bool {
					return v.HeardFrom(way.kind, k.names[i], text)
				})
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave logs both out; the one that stays sees the other go.
func (k *check) leave(ctx context.Context) error {
	if err := k.report.step(ctx, "bot-1 logs out", k.bots[0].Logout); err != nil {
		return err
	}
	if err := k.report.step(ctx, "bot-2 sees bot-1 go", func(ctx context.Context) error {
		return k.bots[1].WaitUntil(ctx, "see "+k.names[0]+" go", 0, func(v View) bool {
			_, ok := v.Find(k.names[0])
			return !ok
		})
	}); err != nil {
		return err
	}
	return k.report.step(ctx, "bot-2 logs out", k.bots[1].Logout)
}
