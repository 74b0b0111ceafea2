package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// DefaultStepTimeout is how long a step may take unless Config says otherwise.
const DefaultStepTimeout = 15 * time.Second

const stages = int(packets.Game) + 1

// Config says who a bot is and where it goes.
type Config struct {
	// Addr is host:port of the login stage.
	Addr string
	// User is the name to sign in with, 1 to packets.MaxUserName bytes.
	User string
	// Secret is a ticket or the MD5 hex of a game password: 32 characters,
	// never logged.
	Secret packets.Secret
	// Name is the character that EnsureCharacter looks for or creates; empty
	// for any, or one named after User.
	Name string
	// StepTimeout bounds each step; 0 means DefaultStepTimeout.
	StepTimeout time.Duration
	// Codecs may be shared by many bots; nil gives the bot its own.
	Codecs *Codecs
	// Log gets every received packet's name at debug level; nil for none.
	Log *slog.Logger
}

// Bot is one headless client. Dial makes it, Close ends it.
type Bot struct {
	cfg     Config
	log     *slog.Logger
	readers sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	conns   [stages]*conn
	next    passage
	listed  []packets.ListedCharacter
	model   model
	waiting map[*Expectation]struct{}
	changed chan struct{} // closed and replaced whenever anything is received
}

// passage is where the server sends the client next.
type passage struct {
	stage       packets.Stage // packets.Login: nowhere
	addr        string
	token, seed uint32
}

// Dial connects to the login stage and waits until the server accepts the
// connection.
func Dial(ctx context.Context, cfg Config) (*Bot, error) {
	if cfg.StepTimeout <= 0 {
		cfg.StepTimeout = DefaultStepTimeout
	}
	if cfg.Codecs == nil {
		cfg.Codecs = new(Codecs)
	}
	b := &Bot{
		cfg: cfg, log: cfg.Log, waiting: map[*Expectation]struct{}{}, changed: make(chan struct{}),
		model: newModel(),
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	err := b.step(ctx, "connect", func(ctx context.Context) error {
		if n := len(cfg.Secret); n != packets.SecretSize {
			return fmt.Errorf("the secret has %d characters, want %d", n, packets.SecretSize)
		}
		if _, err := b.open(ctx, packets.Login, cfg.Addr, cfg.Codecs.login()); err != nil {
			return err
		}
		reply, err := request[*packets.NetworkStatus](ctx, b, packets.Login, &packets.AcceptRequest{})
		if err != nil {
			return err
		}
		if reply.Status != packets.StatusAccepted {
			return &RefusedError{Result: reply.Status, Meaning: "not accepted"}
		}
		return nil
	})
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close ends every connection and waits for the readers. It may be called more
// than once. A character in play is left to the server, as when a player's
// network fails; Logout before it says goodbye.
func (b *Bot) Close() {
	b.mu.Lock()
	b.closed = true
	conns := b.conns
	b.mu.Unlock()
	for _, c := range conns {
		if c != nil {
			_ = c.nc.Close() // its reader reports how it ended
		}
	}
	b.readers.Wait()
}

// User returns the name that the bot signs in with.
func (b *Bot) User() string { return b.cfg.User }

// Addr returns the address of the bot's last connection of a stage, host:port;
// empty when there was none.
func (b *Bot) Addr(stage packets.Stage) string {
	if c := b.conn(stage); c != nil {
		return c.addr
	}
	return ""
}

// WriteRaw writes bytes to a stage's connection as they are, to try how a
// server takes what no client sends.
func (b *Bot) WriteRaw(ctx context.Context, stage packets.Stage, raw []byte) error {
	return b.step(ctx, "write raw bytes", func(ctx context.Context) error {
		c, err := b.need(stage)
		if err != nil {
			return err
		}
		c.sending.Lock()
		defer c.sending.Unlock()
		return b.write(ctx, c, raw)
	})
}

// WaitClosed waits until the connection of a stage has ended and returns how,
// or nil and an error when it does not end within the step's time.
func (b *Bot) WaitClosed(ctx context.Context, stage packets.Stage) (*ClosedError, error) {
	var how *ClosedError
	err := b.step(ctx, "wait for the end of the "+stage.String()+" connection", func(ctx context.Context) error {
		c := b.conn(stage)
		if c == nil {
			return fmt.Errorf("%w: there was no such connection", ErrState)
		}
		select {
		case <-c.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		errors.As(c.ended, &how)
		return nil
	})
	return how, err
}

// step runs f within the step's time and names it in its error.
func (b *Bot) step(ctx context.Context, name string, f func(ctx context.Context) error) error {
	return b.longStep(ctx, name, 0, f)
}

// longStep is step for what takes its time by nature.
func (b *Bot) longStep(ctx context.Context, name string, more time.Duration, f func(ctx context.Context) error) error {
	limit := b.cfg.StepTimeout + more
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("no answer within %v: %w", limit, context.DeadlineExceeded))
	defer cancel()
	if err := f(ctx); err != nil {
		return &StepError{Step: name, Err: err}
	}
	return nil
}

// conn returns the latest connection of a stage, or nil.
func (b *Bot) conn(stage packets.Stage) *conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	if int(stage) >= len(b.conns) {
		return nil
	}
	return b.conns[stage]
}

// need returns the open connection of a stage.
func (b *Bot) need(stage packets.Stage) (*conn, error) {
	c := b.conn(stage)
	if c == nil {
		return nil, fmt.Errorf("%w: there is no %s connection", ErrState, stage)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return c, c.ended
}

// pass keeps where the server sends the client next, after a look at it: a
// client takes numeric IPv4 addresses alone.
func (b *Bot) pass(stage packets.Stage, address string, port uint16, token, seed uint32) error {
	ip, err := netip.ParseAddr(address)
	if err != nil || !ip.Is4() {
		return fmt.Errorf("the server hands over to %q, which is not a numeric IPv4 address", address)
	}
	if port == 0 || seed == 0 {
		return fmt.Errorf("the server hands over to port %d with codec seed %d, neither may be 0", port, seed)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = passage{
		stage: stage, token: token, seed: seed,
		addr: net.JoinHostPort(address, strconv.Itoa(int(port))),
	}
	return nil
}

// follow connects to where the server sent the client and presents itself.
func (b *Bot) follow(ctx context.Context, stage packets.Stage) (*conn, *packets.JoinRequest, error) {
	b.mu.Lock()
	next := b.next
	if next.stage == stage {
		b.next = passage{}
	}
	b.mu.Unlock()
	if next.stage != stage {
		return nil, nil, fmt.Errorf("%w: the server has not handed over to the %s stage", ErrState, stage)
	}
	tables, err := b.cfg.Codecs.seeded(next.seed)
	if err != nil {
		return nil, nil, err
	}
	c, err := b.open(ctx, stage, next.addr, tables)
	return c, &packets.JoinRequest{Token: next.token, Secret: b.cfg.Secret}, err
}
