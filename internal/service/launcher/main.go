package launcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/utils/cli"
)

// Launcher is the program. What it gets from outside is in fields, so that a test
// can run it as the player does.
type Launcher struct {
	Args    []string // without the program's name
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Env     func(string) string
	AskUser bool // whether the player can be asked on Stdin; otherwise pages in the browser are used
	Version string

	// Open shows a page in the player's browser. If there is no browser, it calls
	// failed, at once or later. nil uses the system's way.
	Open func(page string, failed func(error))

	// PageLife is how long a page waits for a request before it ends; 0 is ten
	// minutes.
	PageLife time.Duration

	// Wait waits between two requests to the website; nil uses the clock.
	Wait func(context.Context, time.Duration) error

	log     *slog.Logger
	logPath string // empty when there is no log
}

// Run runs one command and returns the exit status: 0 for success, 1 for a failure,
// 2 for wrong usage. Messages never carry the link, the ticket or the session's
// token.
func (m *Launcher) Run(ctx context.Context) int {
	path, err := LogPath(m.Env)
	if err == nil {
		var end io.Closer
		if m.log, end, err = openLog(path); err == nil {
			m.logPath = path
		}
		defer end.Close()
	}
	if err != nil {
		fmt.Fprintf(m.Stderr, "waystone-launcher: the log cannot be written: %v\n", err)
	}
	m.logger().Info("started", "version", m.Version, "system", runtime.GOOS+"/"+runtime.GOARCH)
	status := cli.Run(ctx, m.commands(), m.Args)
	if status == cli.Wrong && m.byLink() {
		_ = m.report(ctx, nil, errors.New("the link is not one that the launcher understands"))
	}
	return status
}

// byLink reports whether a link started the program.
func (m *Launcher) byLink() bool {
	args := m.Args
	if len(args) > 0 && args[0] == "run" {
		args = args[1:]
	}
	return len(args) > 0 && strings.HasPrefix(strings.ToLower(args[0]), "waystone:")
}

// commands returns the tree of commands. If the only argument is a link, as from
// the website's Play button, the command is run.
func (m *Launcher) commands() *cobra.Command {
	run := func(ctx context.Context, c *Config, args []string) error {
		return m.runLink(ctx, c, args[0])
	}
	setup := func(ctx context.Context, c *Config, _ []string) error {
		return m.setup(ctx, c)
	}
	root := &cobra.Command{
		Use:     "waystone-launcher",
		Short:   "Start the game client, from the website's Play button or by itself",
		Long:    "waystone-launcher starts the game client, from the website's Play button or by itself.\nA link alone, as the button gives it, is the same as `waystone-launcher run LINK`.\nWithout a command it is the same as `waystone-launcher setup`.",
		Version: m.Version,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && strings.HasPrefix(args[0], "waystone:") {
				return cli.Arguments(1, 1, "a LINK")(c, args)
			}
			return cli.NoSuchCommand(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return m.visibly(setup)(c, args)
			}
			return m.visibly(run)(c, args)
		},
	}
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	add := func(use, short string, args cobra.PositionalArgs, run func(*cobra.Command, []string) error) {
		root.AddCommand(&cobra.Command{Use: use, Short: short, Args: args, RunE: run})
	}
	add("setup", "Let the browser open the launcher, and ask there which program is the game", cli.NoArguments, m.visibly(setup))
	add("login [SITE]", "Sign in at the game's website, then play", cli.Arguments(0, 1, ""), m.withConfig(func(ctx context.Context, c *Config, args []string) error {
		return m.login(ctx, c, args)
	}))
	add("play", "Play with the sign-in that is kept", cli.NoArguments, m.visibly(func(ctx context.Context, c *Config, _ []string) error {
		return m.resume(ctx, c)
	}))
	add("logout", "Sign out and forget the sign-in", cli.NoArguments, m.withConfig(func(ctx context.Context, c *Config, _ []string) error {
		return m.logout(ctx, c)
	}))
	add("run LINK", "Start the client from a play link", cli.Arguments(1, 1, "a LINK"), m.visibly(run))
	add("client PATH", "Say which program is the game client", cli.Arguments(1, 1, "the PATH of the game client"), m.withConfig(m.setClient))
	add("register", "Open waystone:// links with this program", cli.NoArguments, m.register)
	add("allow HOST", "Let links lead to a server without a question", cli.Arguments(1, 1, "a HOST"), m.withConfig(allow))
	add("forbid HOST", "Be asked again before a link leads to a server", cli.Arguments(1, 1, "a HOST"), m.withConfig(forbid))
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

// visibly is withConfig for commands that a player starts with a click: without a
// terminal, it shows an error on a page.
func (m *Launcher) visibly(run func(context.Context, *Config, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		var settings *Config
		err := m.withConfig(func(ctx context.Context, c *Config, args []string) error {
			settings = c
			return run(ctx, c, args)
		})(cmd, args)
		if err != nil {
			return m.report(cmd.Context(), settings, err)
		}
		return nil
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

func (m *Launcher) setClient(_ context.Context, c *Config, args []string) error {
	path, err := filepath.Abs(args[0])
	if err != nil {
		return fmt.Errorf("find %s: %w", args[0], err)
	}
	if err := checkProgram(path); err != nil {
		return err
	}
	if c.use(path) {
		fmt.Fprintf(m.Stderr, "waystone-launcher: the game is a program for Windows, and Wine is not installed; install it, then write a line `runner = wine` into %s\n", c.Path)
	}
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
	fmt.Fprintf(m.Stdout, "settings  %s\nlog       %s\nclient    %s\nrunner    %s\ndirectory %s\nsite      %s\nallowed   %s\n",
		c.Path, m.logPath, c.Client, c.Runner, c.Directory, c.Site, strings.Join(c.Allowed, ", "))
	return nil
}
