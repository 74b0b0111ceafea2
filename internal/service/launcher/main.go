package launcher

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/utils/cli"
)

// Launcher is the program, with what it takes from outside in fields, so that
// a test runs it as the player does.
type Launcher struct {
	Args    []string // without the program's name
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Env     func(string) string
	AskUser bool // whether a person can be asked on Stdin
	Version string

	// Wait waits between two questions to the website; nil waits by the clock.
	Wait func(context.Context, time.Duration) error
}

// Run runs one command and returns the exit status: 0, 1 when it could not be
// done, 2 when it was called wrongly. Messages never carry the link, the ticket
// or the session's token.
func (m *Launcher) Run(ctx context.Context) int {
	return cli.Run(ctx, m.commands(), m.Args)
}

// commands returns the tree of commands. A link alone, as the website's Play
// button gives it, is the command run.
func (m *Launcher) commands() *cobra.Command {
	run := func(ctx context.Context, c *Config, args []string) error {
		return m.startLink(ctx, c, args[0], "press Play")
	}
	root := &cobra.Command{
		Use:     "waystone-launcher",
		Short:   "Start the game client, from the website's Play button or by itself",
		Long:    "waystone-launcher starts the game client, from the website's Play button or by itself.\nA link alone, as the button gives it, is the same as `waystone-launcher run LINK`.",
		Version: m.Version,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && strings.HasPrefix(args[0], "waystone:") {
				return cli.Arguments(1, 1, "a LINK")(c, args)
			}
			return cli.NoSuchCommand(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return m.withConfig(run)(c, args)
		},
	}
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	add := func(use, short string, args cobra.PositionalArgs, run func(*cobra.Command, []string) error) {
		root.AddCommand(&cobra.Command{Use: use, Short: short, Args: args, RunE: run})
	}
	add("login [SITE]", "Sign in at the game's website, then play", cli.Arguments(0, 1, ""), m.withConfig(func(ctx context.Context, c *Config, args []string) error {
		return m.login(ctx, c, args)
	}))
	add("play", "Play with the sign-in that is kept", cli.NoArguments, m.withConfig(func(ctx context.Context, c *Config, _ []string) error {
		return m.resume(ctx, c)
	}))
	add("logout", "Sign out and forget the sign-in", cli.NoArguments, m.withConfig(func(ctx context.Context, c *Config, _ []string) error {
		return m.logout(ctx, c)
	}))
	add("run LINK", "Start the client from a play link", cli.Arguments(1, 1, "a LINK"), m.withConfig(run))
	add("client PATH", "Say which program is the game client", cli.Arguments(1, 1, "the PATH of the game client"), m.withConfig(setClient))
	add("register", "Open waystone:// links with this program", cli.NoArguments, m.register)
	add("allow HOST", "Let links lead to a server", cli.Arguments(1, 1, "a HOST"), m.withConfig(allow))
	add("forbid HOST", "Stop links from leading to a server", cli.Arguments(1, 1, "a HOST"), m.withConfig(forbid))
	add("list", "Print the settings", cli.NoArguments, m.withConfig(m.list))
	add("version", "Print the version", cli.NoArguments, func(*cobra.Command, []string) error {
		fmt.Fprintln(m.Stdout, m.Version)
		return nil
	})
	return root
}

// withConfig returns a command that works on the launcher's settings.
func (m *Launcher) withConfig(run func(context.Context, *Config, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		path, err := ConfigPath(m.Env)
		if err != nil {
			return err
		}
		c, err := LoadConfig(path)
		if err != nil {
			return err
		}
		return run(cmd.Context(), c, args)
	}
}

func (m *Launcher) register(*cobra.Command, []string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's place: %w", err)
	}
	done, err := Register(runtime.GOOS, exe, m.Env)
	if err == nil {
		fmt.Fprintln(m.Stdout, done)
	}
	return err
}

func setClient(_ context.Context, c *Config, args []string) error {
	path, err := filepath.Abs(args[0])
	if err != nil {
		return fmt.Errorf("find %s: %w", args[0], err)
	}
	switch st, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the file %s does not exist", path)
	case err != nil:
		return fmt.Errorf("look at the game client: %w", err)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s is not a program", path)
	}
	c.Client = path
	return c.Save()
}

func allow(_ context.Context, c *Config, args []string) error {
	if err := ValidateHost(args[0]); err != nil {
		return fmt.Errorf("host %q %w", args[0], err)
	}
	c.Allow(args[0])
	return c.Save()
}

func forbid(_ context.Context, c *Config, args []string) error {
	if !c.Forbid(args[0]) {
		return fmt.Errorf("%q was not allowed; allowed are: %s", args[0], strings.Join(c.Allowed, ", "))
	}
	return c.Save()
}

func (m *Launcher) list(_ context.Context, c *Config, _ []string) error {
	fmt.Fprintf(m.Stdout, "settings  %s\nclient    %s\nrunner    %s\ndirectory %s\nsite      %s\nallowed   %s\n",
		c.Path, c.Client, c.Runner, c.Directory, c.Site, strings.Join(c.Allowed, ", "))
	return nil
}

// startLink starts the client from a link. A host that was not allowed is an
// error that says what to do before the player does the rest again.
func (m *Launcher) startLink(ctx context.Context, c *Config, text, again string) error {
	link, err := ParseLink(text)
	if err != nil {
		return err
	}
	if !c.Allows(link.Host) {
		if !m.ask(link.Host) {
			return fmt.Errorf("the server %s has not been allowed; if you trust it, run `waystone-launcher allow %s` and %s again", link.Host, link.Host, again)
		}
		c.Allow(link.Host)
		if err := c.Save(); err != nil {
			return err
		}
	}
	p, err := Start(ctx, c, link)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, "started the game client for %s (process %d)\n", link.Host, p.Pid)
	return p.Release()
}

// ask asks once whether a server may be played on.
func (m *Launcher) ask(host string) bool {
	if !m.AskUser {
		return false
	}
	fmt.Fprintf(m.Stdout, "A link wants to start the game on the server %s for the first time. Allow it? [y/N] ", host)
	line, err := bufio.NewReader(m.Stdin).ReadString('\n')
	if err != nil {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	return false
}
