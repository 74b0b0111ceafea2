// Command waystone is the game server: all of its parts in one process, or the
// ones named. `waystone help` lists what it does.
package main

import (
	"context"
	"os"

	"github.com/waystone-mmo/waystone/internal/app"
)

func main() {
	os.Exit(app.Main(context.Background(), app.Process{
		Args:   os.Args[1:],
		Env:    os.LookupEnv,
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Exit:   os.Exit,
	}))
}
