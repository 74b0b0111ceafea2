package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// accountOptions are the flags of the account commands.
type accountOptions struct {
	email, reason, host                    string
	noPassword, noWebsite, noGame, website bool
	loopback, asWebsite, otherDatabase     bool
	ban                                    duration
	port                                   uint16
}

// duration is a flag that takes days and weeks too.
type duration time.Duration

func (d *duration) Type() string { return "duration" }

func (d *duration) String() string {
	if *d == 0 {
		return "" // the help shows no default
	}
	return config.FormatDuration(time.Duration(*d))
}

func (d *duration) Set(text string) error {
	v, err := config.ParseDuration(text)
	if err != nil {
		return err
	}
	if v < 0 {
		return errors.New("must not be negative")
	}
	*d = duration(v)
	return nil
}

const accountLong = `Manage accounts. The server may run or not. NAME is a user name, an e-mail address, a
user id, or id: and a user id. If NAME fits several accounts, the command fails and
prints their names and ids. Each command first prints which database it acts on.

On PostgreSQL the website owns the accounts. There, create, ban and unban need
--as-website and a role that may write the website's tables.`

// accountAction is a command on the opened database. name is its argument, empty for
// list.
type accountAction struct {
	run func(a *accounts, ctx context.Context, name string) error
	// owned: it writes what the website owns. makes: it may create the embedded
	// database. writes: it changes something.
	owned, makes, writes bool
}

func accountCommand(p Process) *cobra.Command {
	account := &cobra.Command{
		Use:   "account",
		Short: "Manage accounts: create, list, ban, unban, passwords, tickets",
		Long:  accountLong,
	}
	command := func(c *cobra.Command, o *accountOptions, action accountAction) {
		c.Long += settingsHint
		if c.Args == nil {
			c.Args = cli.Arguments(1, 1, "the NAME of an account")
		}
		c.RunE = func(c *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return runAccount(c, p, o, action, name)
		}
		c.Flags().BoolVar(&o.asWebsite, "as-website", false, "write the website's tables on PostgreSQL")
		// The other commands accept it too, so that a script can pass it to all.
		c.Flags().Lookup("as-website").Hidden = !action.owned
		if action.writes {
			c.Flags().BoolVar(&o.otherDatabase, "other-database", false, "act on this embedded database, even if a server on this machine uses PostgreSQL")
		}
		takeSettings(c, true)
		account.AddCommand(c)
	}

	o := &accountOptions{}
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Create an account",
		Long: `Create an account that can sign in at the website and in the game. The command asks for
two passwords: one for the website, and then one for the game client, which may be left
empty. They must differ, because others on the network can read the password that the
game client sends.

At a terminal the command asks for each password twice. Otherwise it reads them from
standard input in this order, one on each line. If the second line is empty or missing,
the account gets no game password. On PostgreSQL the website sets its own passwords, so
the command reads only the game password.`,
		Example: "  waystone account create alice\n  printf '%s\\n' \"$WEBSITE\" \"$GAME\" | waystone account create bob --email bob@example.com",
	}
	c.Flags().StringVar(&o.email, "email", "", "e-mail `ADDRESS` of the account; without it, an address that cannot receive mail")
	c.Flags().BoolVar(&o.noPassword, "no-password", false, "set no password; the account can play with a ticket")
	c.Flags().BoolVar(&o.noWebsite, "no-website-password", false, "set no password for the website; read only the game password")
	c.Flags().BoolVar(&o.noGame, "no-game-password", false, "set no password for the game client")
	c.Flags().BoolVar(&o.loopback, "loopback-only", false, "allow game sign-ins only from the server's own machine")
	command(c, o, accountAction{run: (*accounts).create, owned: true, makes: true, writes: true})

	command(&cobra.Command{
		Use: "list", Short: "List all accounts and their bans", Long: "List all accounts and their bans.", Args: cli.NoArguments,
	}, &accountOptions{}, accountAction{run: func(a *accounts, ctx context.Context, _ string) error { return a.list(ctx) }})

	o = &accountOptions{}
	c = &cobra.Command{
		Use:   "ban NAME",
		Short: "Ban an account; its play ends within seconds",
		Long: `Ban an account. Its sessions end. If the player is in the game, the play ends within
seconds.

If the account is already banned, the command changes the end of the ban: to the end
that --for gives, or to no end. It changes the reason only if --reason is given.`,
		Example: "  waystone account ban alice --reason 'gold selling'\n  waystone account ban alice --for 7d",
	}
	c.Flags().StringVar(&o.reason, "reason", "", "reason as a `TEXT`; the website stores and shows it")
	c.Flags().Var(&o.ban, "for", "length of the ban: 90m, 12h, 7d, 2w; 0 for a ban without end")
	command(c, o, accountAction{run: (*accounts).ban, owned: true, writes: true})

	command(&cobra.Command{
		Use:   "unban NAME",
		Short: "Lift a ban",
		Long:  "Lift a ban. If there is no ban, the command says so, and the exit status is 0.",
	}, &accountOptions{}, accountAction{run: (*accounts).unban, owned: true, writes: true})

	o = &accountOptions{}
	c = &cobra.Command{
		Use:   "set-password NAME",
		Short: "Set or remove the game password, or set the website password",
		Long: `Set the password for the game client. An empty password removes it. With --website, set
the password for the website instead; this works on the embedded database only.

At a terminal the command asks for the password twice. Otherwise it reads one line from
standard input.`,
		Example: "  waystone account set-password alice\n  waystone account set-password alice --website",
	}
	c.Flags().BoolVar(&o.website, "website", false, "set the password for the website")
	command(c, o, accountAction{run: (*accounts).setPassword, writes: true})

	o = &accountOptions{}
	c = &cobra.Command{
		Use:     "ticket NAME",
		Short:   "Print a play link for one sign-in",
		Long:    "Print a play link for waystone-launcher. It is valid for one sign-in within\nTICKET_LIFETIME.",
		Example: "  waystone account ticket alice --host play.example.com",
	}
	c.Flags().StringVar(&o.host, "host", "127.0.0.1", "`HOST` in the link")
	c.Flags().Uint16Var(&o.port, "port", 29000, "`PORT` in the link")
	command(c, o, accountAction{run: (*accounts).ticket, writes: true})
	return account
}

func runAccount(c *cobra.Command, p Process, o *accountOptions, action accountAction, name string) error {
	ctx := c.Context()
	r := config.New("waystone")
	s := register(r, parts())
	if err := load(p, r, c.Flags()); err != nil {
		return err
	}
	fmt.Fprintln(p.Stderr, "waystone: database:", s.databaseName())
	_, embedded := s.sqlitePath()
	switch {
	case !embedded && action.owned && !o.asWebsite:
		return errors.New("the website owns these rows: create and ban accounts there, or add --as-website with a role that may write them")
	case !embedded && o.website:
		return errors.New("the website sets its own passwords on PostgreSQL: change this one there")
	}
	if !action.makes {
		if err := s.requireEmbedded(); err != nil {
			return err
		}
	}
	if action.writes {
		if err := compareServer(ctx, p, s, o.otherDatabase); err != nil {
			return err
		}
	}
	eng, err := openEngine(ctx, s, slog.New(slog.DiscardHandler), false, nil)
	if err != nil {
		return err
	}
	defer eng.Close()
	return action.run(&accounts{Process: p, store: eng, options: *o, settings: s, in: bufio.NewReader(p.Stdin)}, ctx, name)
}

// accounts runs the account commands on an open store.
type accounts struct {
	Process
	store    engine
	options  accountOptions
	settings *settings
	in       *bufio.Reader // of standard input, if that is not a terminal
}

// find returns the user with this user name, e-mail address or id.
func (a *accounts) find(ctx context.Context, name string) (*store.User, error) {
	u, err := store.FindUser(ctx, a.store, name)
	if errors.Is(err, store.ErrUserNotFound) {
		return nil, fmt.Errorf("no account has the user name, e-mail address or id %q", name)
	}
	return u, err
}

// whom returns the name of the user that was found. Its spelling may differ from the
// argument.
func whom(u *store.User) string {
	if u.Username == "" {
		return "the user with the id " + cli.Plain(u.ID, maxShown)
	}
	return cli.Plain(u.Username, maxShown)
}

// maxShown is how many characters of a text that others chose are printed.
const maxShown = 200

// shownName is the user name as its owner spells it. A spelling of another name is
// passed by: it could be somebody else's.
func shownName(u *store.User) string {
	if strings.EqualFold(u.DisplayUsername, u.Username) {
		return u.DisplayUsername
	}
	return u.Username
}

// listPage is how many accounts are read at once.
const listPage = 500

func (a *accounts) list(ctx context.Context) error {
	w := tabwriter.NewWriter(a.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "USER NAME\tID\tE-MAIL\tROLE\tCREATED\tBANNED")
	after := ""
	for {
		page, err := a.store.ListUsers(ctx, after, listPage)
		if err != nil {
			return err
		}
		for _, u := range page {
			for _, text := range []string{shownName(u), u.ID, u.Email, u.Role, u.CreatedAt.UTC().Format(time.DateOnly)} {
				fmt.Fprint(w, cli.Plain(text, maxShown), "\t")
			}
			fmt.Fprintln(w, banText(u))
			after = u.ID
		}
		if len(page) < listPage {
			return w.Flush()
		}
	}
}
