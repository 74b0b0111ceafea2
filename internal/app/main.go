package app

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/packetdump"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
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

// Process holds what a command gets from the operating system, so that tests can run
// commands as functions.
type Process struct {
	Args   []string // without the program's name
	Env    []string // NAME=value, as os.Environ returns them
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Exit   func(int) // ends the process at once, after a second signal
}

// lookup returns a variable of the environment.
func (p Process) lookup(name string) (value string, ok bool) {
	for _, pair := range p.Env {
		if v, found := strings.CutPrefix(pair, name+"="); found {
			value, ok = v, true
		}
	}
	return value, ok
}

// Main runs the command that the arguments name. It returns the exit status: 0 for
// success, 1 for a failure, 2 for wrong usage.
func Main(ctx context.Context, p Process) int {
	return cli.Run(ctx, commands(p), p.Args)
}

// commands returns the tree of commands.
func commands(p Process) *cobra.Command {
	root := &cobra.Command{
		Use:     "waystone",
		Short:   "A game server for clients that speak the ROSE Online \"irose\" protocol",
		Long:    "waystone is a game server for clients that speak the ROSE Online \"irose\" protocol.\n\nExit status: 0 success, 1 failure, 2 wrong usage.",
		Version: Version(),
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	packet := &cobra.Command{Use: "packet", Short: "Decode captured packets of the client's protocol"}
	packet.AddCommand(packetdump.Command())
	root.AddCommand(serveCommand(p), accountCommand(p), dbCommand(p), botCommand(p), packet, replayCommand(p),
		healthCommand(p), configCommand(p), versionCommand())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cli.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), Version())
			return nil
		},
	}
}
