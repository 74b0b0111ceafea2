package app

import (
	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// Registry returns the settings of a process that runs all parts, for the
// reference of settings.
func Registry() *config.Registry {
	r := config.New("waystone")
	register(r, parts())
	return r
}

// Commands returns the tree of commands, for the reference of commands.
func Commands() *cobra.Command {
	root := commands(Process{})
	cli.Complete(root)
	return root
}
