// Command waystone-launcher starts the game client, from a play link or after a
// sign-in of its own.
package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/waystone-mmo/waystone/internal/service/launcher"
)

var version = "development" // set by the linker

func main() {
	// cobra would refuse to run where the Explorer of Windows is what starts the
	// program, as it is for a link.
	cobra.MousetrapHelpText = ""
	attachConsole()
	l := &launcher.Launcher{
		Args:    os.Args[1:],
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Env:     os.Getenv,
		AskUser: term.IsTerminal(int(os.Stdin.Fd())), //nolint:gosec // a descriptor fits an int
		Version: version,
	}
	os.Exit(l.Run(context.Background()))
}
