package launcher

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
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

const usage = `waystone-launcher starts the game client, from the website's Play button or
by itself.

  waystone-launcher login [SITE]  sign in at the game's website, then play
  waystone-launcher play          play with the sign-in that is kept
  waystone-launcher logout        sign out and forget the sign-in
  waystone-launcher run LINK      start the client (LINK alone does the same)
  waystone-launcher client PATH   say which program is the game client
  waystone-launcher register      open waystone:// links with this program
  waystone-launcher allow HOST    let links lead to a server
  waystone-launcher forbid HOST   stop links from leading there
  waystone-launcher list          print the settings
  waystone-launcher version       print the version
`

// Run runs one command and returns the exit status: 0, 1 when it could not be
// done, 2 when it was called wrongly. Messages never carry the link, the ticket
// or the session's token.
func (m *Launcher) Run(ctx context.Context) int {
	cmd, args := "help", m.Args
	if len(args) > 0 {
		cmd, args = args[0], args[1:]
	}
	if strings.HasPrefix(cmd, "waystone:") {
		cmd, args = "run", m.Args
	}
	want := map[string]int{
		"run": 1, "login": 1, "play": 0, "logout": 0, "client": 1, "register": 0, "allow": 1, "forbid": 1,
		"list": 0, "version": 0, "help": 0, "-h": 0, "--help": 0,
	}
	n, known := want[cmd]
	if cmd == "login" && len(args) == 0 {
		n = 0 // the site of the last time
	}
	if !known || len(args) != n {
		fmt.Fprint(m.Stderr, usage)
		return 2
	}
	if err := m.run(ctx, cmd, args); err != nil {
		fmt.Fprintln(m.Stderr, "waystone-launcher:", err)
		return 1
	}
	return 0
}

func (m *Launcher) run(ctx context.Context, cmd string, args []string) error {
	switch cmd {
	case "version":
		fmt.Fprintln(m.Stdout, m.Version)
		return nil
	case "help", "-h", "--help":
		fmt.Fprint(m.Stdout, usage)
		return nil
	case "register":
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
	path, err := ConfigPath(m.Env)
	if err != nil {
		return err
	}
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	switch cmd {
	case "run":
		return m.startLink(ctx, c, args[0], "press Play")
	case "login":
		return m.login(ctx, c, args)
	case "play":
		return m.resume(ctx, c)
	case "logout":
		return m.logout(ctx, c)
	case "client":
		abs, err := filepath.Abs(args[0])
		if err != nil {
			return fmt.Errorf("find %s: %w", args[0], err)
		}
		if st, err := os.Stat(abs); err != nil || st.IsDir() {
			return fmt.Errorf("%s is not a program", abs)
		}
		c.Client = abs
		return c.Save()
	case "allow":
		if err := ValidateHost(args[0]); err != nil {
			return fmt.Errorf("host %q %w", args[0], err)
		}
		c.Allow(args[0])
		return c.Save()
	case "forbid":
		if !c.Forbid(args[0]) {
			return fmt.Errorf("%q was not allowed; allowed are: %s", args[0], strings.Join(c.Allowed, ", "))
		}
		return c.Save()
	}
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
