// Command waystone is the game server: all of its parts in one process, or the
// ones named. `waystone help` lists what it does.
package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/app"
)

func main() {
	// cobra would refuse to run where the Explorer of Windows is what starts the
	// program, as it is for a link.
	cobra.MousetrapHelpText = ""
	os.Exit(app.Main(context.Background(), app.Process{
		Args:   os.Args[1:],
		Env:    os.Environ(),
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Exit:   os.Exit,
	}))
}
