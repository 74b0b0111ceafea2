// Package cli runs a tree of cobra commands the same way in every program: the
// exit status tells a wrong call from a failure, and a wrong call is answered
// with one sentence that names what was wrong and what is near it.
package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit statuses of Run.
const (
	OK     = 0
	Failed = 1 // it could not be done
	Wrong  = 2 // the command was called wrongly
)

// usageError is a wrong call that the command itself finds.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usagef returns an error about the call of a command, for exit status Wrong.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Run runs the command of root that args name, and returns the exit status.
// Everything that fails before the command itself has begun is a wrong call.
func Run(ctx context.Context, root *cobra.Command, args []string) int {
	Complete(root)
	began := false
	each(root, func(c *cobra.Command) {
		if check := c.Args; check != nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if err := swallowed(c.Flags()); err != nil {
					return err
				}
				return check(c, args)
			}
		}
		if run := c.RunE; run != nil {
			c.RunE = func(c *cobra.Command, args []string) error {
				began = true
				return run(c, args)
			}
		}
	})
	root.SetArgs(append([]string{}, args...)) // nil would stand for os.Args
	err := root.ExecuteContext(ctx)
	if err == nil {
		return OK
	}
	fmt.Fprintf(root.ErrOrStderr(), "%s: %v\n", root.Name(), err)
	var usage usageError
	if !began || errors.As(err, &usage) {
		return Wrong
	}
	return Failed
}

// Complete adds to a tree what every program has: help, completion, --version,
// -v, and the answers to wrong calls. Run does it; documents need it without
// running anything.
func Complete(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	each(root, func(c *cobra.Command) {
		c.SuggestionsMinimumDistance = 2
		c.InitDefaultHelpFlag()
		c.Flags().SortFlags = false
		if c.Args == nil {
			c.Args = cobra.ArbitraryArgs
		}
		if c.HasSubCommands() && c.RunE == nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if len(args) > 0 && args[0] == "help" {
					return nil // account help ban, for help account ban
				}
				return NoSuchCommand(c, args)
			}
			c.RunE = func(c *cobra.Command, args []string) error {
				if len(args) == 0 {
					return c.Help()
				}
				return explain(c, args[1:])
			}
		}
	})
	root.InitDefaultVersionFlag()
}

// each visits a command and all below it.
func each(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		each(sub, visit)
	}
}

// helpCommand replaces cobra's own, which answers an unknown command with
// status 0.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if cmd, rest, err := c.Root().Find(args); err == nil && len(rest) == 0 {
				for _, sub := range cmd.Commands() {
					if sub.IsAvailableCommand() {
						names = append(names, sub.Name()+"\t"+sub.Short)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			return explain(c.Root(), args)
		},
	}
}

// explain prints the help of the command below c that args name.
func explain(c *cobra.Command, args []string) error {
	cmd, rest, err := c.Find(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 && cmd.HasSubCommands() {
		return NoSuchCommand(cmd, rest)
	}
	return cmd.Help()
}

// swallowed finds a flag that was given without its value and so took the next
// flag for it: --reason --for 3d.
func swallowed(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if name, ok := longFlag(f.Value.String()); ok && flags.Lookup(name) != nil {
			err = errNoValue(f.Name)
		}
	})
	return err
}
