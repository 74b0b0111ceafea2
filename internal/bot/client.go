package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// Exit statuses of ClientMain.
const (
	ExitOK     = 0
	ExitFailed = 1 // a step of the play failed
	ExitUsage  = 2 // the arguments make no sense
)

// clientTimeout bounds the play of ClientMain.
const clientTimeout = 60 * time.Second

const clientUsage = "usage: _server IPV4 _port PORT _direct _userid USER _pw SECRET"

// ClientMain takes the command line of the classic game client in place of it,
//
//	_server 127.0.0.1 _port 29000 _direct _userid ada _pw <32 characters>
//
// and plays: it signs in, creates a character if there is none, enters, walks
// a few steps and back, says hello and logs out. Each step is a line on
// stdout; what failed is one sentence on stderr. It returns an exit status.
// The secret is never printed.
func ClientMain(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parseClient(args)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%v\n%s\n", err, clientUsage) // nobody to tell
		return ExitUsage
	}
	ctx, cancel := context.WithTimeoutCause(ctx, clientTimeout,
		fmt.Errorf("the play took longer than %v: %w", clientTimeout, context.DeadlineExceeded))
	defer cancel()
	var lost error // the report is what the caller asked for
	report := reporter{line: func(line string) {
		if _, err := fmt.Fprintln(stdout, line); err != nil && lost == nil {
			lost = fmt.Errorf("write the report: %w", err)
		}
	}}
	if err := errors.Join(clientPlay(ctx, cfg, report), lost); err != nil {
		_, _ = fmt.Fprintln(stderr, err) // nobody to tell
		return ExitFailed
	}
	return ExitOK
}

func clientPlay(ctx context.Context, cfg Config, report reporter) error {
	var b *Bot
	if err := report.step(ctx, "signs in", func(ctx context.Context) error {
		var err error
		if b, err = Dial(ctx, cfg); err != nil {
			return err
		}
		return b.SignIn(ctx)
	}); err != nil {
		if b != nil {
			b.Close()
		}
		return err
	}
	defer b.Close()
	var name string
	var home Entity
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"has a character", func(ctx context.Context) (err error) { name, _, err = b.EnsureCharacter(ctx); return err }},
		{"enters", func(ctx context.Context) error { return b.Enter(ctx, name) }},
		{"walks", func(ctx context.Context) error {
			home, _ = b.Self() // Enter has put it there
			return b.WalkTo(ctx, home.X+checkWalk, home.Y)
		}},
		{"walks back", func(ctx context.Context) error { return b.WalkTo(ctx, home.X, home.Y) }},
		{"says hello", func(ctx context.Context) error { return b.Say(ctx, "hello from "+name) }},
		{"logs out", func(ctx context.Context) error { return b.Logout(ctx) }},
	} {
		if err := report.step(ctx, step.name, step.do); err != nil {
			return err
		}
	}
	return nil
}

// parseClient takes each argument exactly once, in any order. Its errors do
// not repeat values, one of which is the secret.
func parseClient(args []string) (Config, error) {
	values := map[string]string{}
	for len(args) > 0 {
		key := args[0]
		args = args[1:]
		switch key {
		case "_direct", "_server", "_port", "_userid", "_pw":
		default:
			return Config{}, errors.New("an argument is not one of _server, _port, _direct, _userid, _pw")
		}
		if _, again := values[key]; again {
			return Config{}, fmt.Errorf("%s is there twice", key)
		}
		values[key] = ""
		if key == "_direct" {
			continue
		}
		if len(args) == 0 {
			return Config{}, fmt.Errorf("%s has no value", key)
		}
		values[key], args = args[0], args[1:]
	}
	for _, key := range []string{"_server", "_port", "_direct", "_userid", "_pw"} {
		if _, ok := values[key]; !ok {
			return Config{}, fmt.Errorf("%s is missing", key)
		}
	}
	ip, err := netip.ParseAddr(values["_server"])
	if err != nil || !ip.Is4() {
		return Config{}, errors.New("_server is not a numeric IPv4 address")
	}
	port, err := strconv.ParseUint(values["_port"], 10, 16)
	if err != nil || port == 0 {
		return Config{}, errors.New("_port is not a number from 1 to 65535")
	}
	if n := len(values["_userid"]); n == 0 || n > packets.MaxUserName {
		return Config{}, fmt.Errorf("_userid is not 1 to %d bytes long", packets.MaxUserName)
	}
	if len(values["_pw"]) != packets.SecretSize {
		return Config{}, fmt.Errorf("_pw is not %d characters long", packets.SecretSize)
	}
	return Config{
		Addr:   net.JoinHostPort(ip.String(), strconv.FormatUint(port, 10)),
		User:   values["_userid"],
		Secret: packets.Secret(values["_pw"]),
	}, nil
}
