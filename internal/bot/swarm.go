package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// Bounds and defaults of a swarm.
const (
	MaxSwarm             = 10_000
	DefaultSwarmRate     = 20.0             // sign-ins a second
	DefaultSwarmDuration = 30 * time.Second // of play
	DefaultSwarmPause    = 2 * time.Second  // between two acts of a bot
	DefaultSwarmProgress = 5 * time.Second  // between two lines

	swarmRadius = 1000 // centimetres around where a bot started
	sayEvery    = 5    // acts
)

// SwarmConfig says how many bots play where and for how long.
type SwarmConfig struct {
	Login       string                // host:port of the login stage
	Bots        int                   // 1 to MaxSwarm
	Account     func(bot int) Account // of the bots 0 to Bots-1, each its own
	Rate        float64               // sign-ins a second; 0 means DefaultSwarmRate
	Duration    time.Duration         // of each bot's play; 0 means DefaultSwarmDuration
	Pause       time.Duration         // between a bot's acts, varied by half; 0 means DefaultSwarmPause
	Progress    time.Duration         // between progress lines; 0 means DefaultSwarmProgress
	StepTimeout time.Duration         // of each step; 0 means DefaultStepTimeout
	Report      func(line string)     // gets the progress; nil for nobody
	Log         *slog.Logger          // nil for none
}

// check fills in defaults and refuses what makes no sense.
func (c *SwarmConfig) check() error {
	if c.Bots < 1 || c.Bots > MaxSwarm {
		return fmt.Errorf("a swarm of %d bots; choose 1 to %d", c.Bots, MaxSwarm)
	}
	if c.Rate < 0 || math.IsNaN(c.Rate) || c.Duration < 0 || c.Pause < 0 || c.Progress < 0 {
		return errors.New("a swarm's rate, duration, pause and progress must not be negative")
	}
	if c.Rate == 0 {
		c.Rate = DefaultSwarmRate
	}
	if c.Duration == 0 {
		c.Duration = DefaultSwarmDuration
	}
	if c.Pause == 0 {
		c.Pause = DefaultSwarmPause
	}
	if c.Progress == 0 {
		c.Progress = DefaultSwarmProgress
	}
	return nil
}

// Swarm lets many bots sign in at a bounded rate, walk about and talk for a
// while and log out. Every act is checked: the server must tell of each walk,
// repeat each text and end each connection in good order. The error says how
// many bots failed and how the first did; the summary holds what was done in
// any case. When ctx ends, bots log out as soon as their present step is over.
func Swarm(ctx context.Context, cfg SwarmConfig) (Summary, error) {
	if err := cfg.check(); err != nil {
		return Summary{}, err
	}
	began := time.Now()
	s := &swarm{cfg: cfg, codecs: new(Codecs), tally: newTally(cfg.Bots)}
	stop := make(chan struct{})
	var progress sync.WaitGroup
	progress.Go(func() { s.progress(began, stop) })

	limiter := rate.NewLimiter(rate.Limit(cfg.Rate), 1)
	var playing sync.WaitGroup
	started := 0
	for ; started < cfg.Bots && limiter.Wait(ctx) == nil; started++ {
		i := started
		playing.Go(func() { s.tally.ended(i, s.play(ctx, i)) })
	}
	playing.Wait()
	close(stop)
	progress.Wait()

	sum := s.tally.summary(time.Since(began))
	switch {
	case sum.Failed > 0:
		return sum, fmt.Errorf("%d of %d bots failed; the first: %s", sum.Failed, cfg.Bots, sum.Failures[0])
	case started < cfg.Bots:
		return sum, fmt.Errorf("stopped after %d of %d bots had started: %w", started, cfg.Bots, context.Cause(ctx))
	}
	return sum, nil
}

type swarm struct {
	cfg    SwarmConfig
	codecs *Codecs
	tally  *tally
}

// progress reports at intervals until stop is closed.
func (s *swarm) progress(began time.Time, stop <-chan struct{}) {
	ticker := time.NewTicker(s.cfg.Progress)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			if s.cfg.Report != nil {
				s.cfg.Report(s.tally.line(time.Since(began)))
			}
		}
	}
}

// play is the life of one bot.
func (s *swarm) play(ctx context.Context, i int) error {
	// Steps are bounded by their own time. They are not cut short when ctx
	// ends, so that what was begun is judged and the bot leaves politely.
	steps := context.WithoutCancel(ctx)
	a := s.cfg.Account(i)
	secret, err := a.Secret(steps)
	if err != nil {
		return fmt.Errorf("get a ticket for %s: %w", a.User, err)
	}
	began := time.Now()
	b, err := Dial(steps, Config{
		Addr: s.cfg.Login, User: a.User, Secret: packets.Secret(secret),
		StepTimeout: s.cfg.StepTimeout, Codecs: s.codecs, Log: s.cfg.Log,
	})
	if err != nil {
		return err
	}
	defer b.Close()
	if err := b.SignIn(steps); err != nil {
		return err
	}
	name, _, err := b.EnsureCharacter(steps)
	if err != nil {
		return err
	}
	if err := b.Enter(steps, name); err != nil {
		return err
	}
	s.tally.entered(time.Since(began))
	err = s.actUntil(ctx, steps, b)
	s.tally.left(b)
	if err != nil {
		return err
	}
	return b.Logout(steps)
}

// actUntil walks about and talks until the bot's time or ctx is over.
func (s *swarm) actUntil(ctx, steps context.Context, b *Bot) error {
	over := time.NewTimer(s.cfg.Duration)
	defer over.Stop()
	home, ok := b.Self()
	if !ok {
		return fmt.Errorf("%w: the bot is in no zone", ErrState)
	}
	for act := 1; ; act++ {
		began := time.Now()
		if act%sayEvery == 0 {
			if err := b.Say(steps, fmt.Sprintf("%s speaks, act %d", home.Name, act)); err != nil {
				return err
			}
			s.tally.said(time.Since(began))
		} else {
			angle, length := rand.Float64()*2*math.Pi, math.Sqrt(rand.Float64())*swarmRadius //nolint:gosec // where to walk is no secret
			x, y := float64(home.X)+length*math.Cos(angle), float64(home.Y)+length*math.Sin(angle)
			if err := b.MoveTo(steps, float32(x), float32(y)); err != nil {
				return err
			}
			s.tally.moved(time.Since(began))
		}
		pause := time.NewTimer(s.cfg.Pause/2 + rand.N(s.cfg.Pause)) //nolint:gosec // spreads the load
		select {
		case <-pause.C:
			continue
		case <-over.C:
		case <-ctx.Done():
		case <-b.conn(packets.Game).done: // Logout then says how it ended
		}
		pause.Stop()
		return nil
	}
}
