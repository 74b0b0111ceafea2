package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"github.com/waystone-mmo/waystone/internal/packetdump"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

var version = "" // set by the linker

// Version returns the version that the binary was built as.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// Process is what a command takes from the operating system, so that tests run
// commands as functions.
type Process struct {
	Args   []string // without the program's name
	Env    func(string) (string, bool)
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Exit   func(int) // ends the process at once, after a second signal
}

// command is a row of the table of commands.
type command struct {
	name, args, help string
	run              func(ctx context.Context, p Process) error
}

func commands() []command {
	return []command{
		{"serve", "[PART…] [--check [--exit]]", "Run all parts, or only those named: auth character database packet world. With --check two bots play after the start and report; with --exit the server stops then.", runServe},
		{"account", "COMMAND", "Manage accounts: create, list, ban, unban, set-password, ticket.", runAccount},
		{"db", "COMMAND", "Look after the database: migrate, check, backup.", runDB},
		{"bot", "[--users A,B] [-n N]", "Play without a screen, as one player or as thousands, and check what comes back.", runBot},
		{"packet", "decode …", "Print the packets of the client's protocol as JSON.", nil},
		{"health", "[TARGET]", "Ask a running server whether it can serve; for container health checks.", runHealth},
		{"config", "[PART…]", "Print every setting, its value and where it comes from.", runConfig},
		{"version", "", "Print the version.", runVersion},
		{"help", "", "Print this.", runHelp},
	}
}

// usageError is a wrong call: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Main runs the command named by the first argument and returns the exit
// status: 0, 1 when it could not be done, 2 when it was called wrongly.
func Main(ctx context.Context, p Process) int {
	name := "help"
	if len(p.Args) > 0 {
		name, p.Args = p.Args[0], p.Args[1:]
	}
	switch name {
	case "-h", "--help":
		name = "help"
	case "packet": // has exit statuses of its own
		return packetdump.Run(ctx, p.Args, p.Stdin, p.Stdout, p.Stderr)
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == name })
	if i < 0 {
		fmt.Fprintf(p.Stderr, "waystone: there is no command %q; see waystone help\n", name)
		return 2
	}
	err := commands()[i].run(ctx, p)
	var usage usageError
	switch {
	case err == nil, errors.Is(err, config.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(p.Stderr, "waystone:", err)
		return 2
	}
	fmt.Fprintln(p.Stderr, "waystone:", err)
	return 1
}

func runHelp(_ context.Context, p Process) error {
	fmt.Fprint(p.Stdout, "waystone is a game server for clients that speak the ROSE Online \"irose\" protocol.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(p.Stdout, "  waystone %s %s\n      %s\n", c.name, c.args, c.help)
	}
	fmt.Fprint(p.Stdout, "\n`waystone serve --help` lists the settings.\n")
	return nil
}

func runVersion(_ context.Context, p Process) error {
	fmt.Fprintln(p.Stdout, Version())
	return nil
}
