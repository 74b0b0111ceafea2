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

const accountLong = `Manage accounts, while a server runs or not. NAME is a user name, an e-mail address,
a user id, or id: and a user id; one that could be several accounts' is refused, with
their names and ids. Each command says first which database it acts on.

On PostgreSQL the website owns the accounts: create, ban and unban need --as-website
there, and a role that may write the website's tables.`

// accountAction is a command on the opened database; name is its argument, "" for
// list.
type accountAction struct {
	run func(a *accounts, ctx context.Context, name string) error
	// owned is whether it writes what the website owns, makes whether it may make
	// the embedded database, writes whether it changes anything.
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
		// The others take it, too, so that a script can give it to all of them.
		c.Flags().Lookup("as-website").Hidden = !action.owned
		if action.writes {
			c.Flags().BoolVar(&o.otherDatabase, "other-database", false, "act on this embedded database although a server on this machine runs on PostgreSQL")
		}
		takeSettings(c, true)
		account.AddCommand(c)
	}

	o := &accountOptions{}
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Make an account",
		Long: `Make an account that can sign in at the website and in the game. Two passwords are
asked for: the one for the website, then, if wanted, another for the game client.
The client sends its password readably: the two must differ.

At a terminal each is asked for twice. Otherwise they are read from standard input,
a line each, in that order; an empty or missing second line is no game password.
On PostgreSQL the website sets its own passwords, and only the second is read.`,
		Example: "  waystone account create alice\n  printf '%s\\n' \"$WEBSITE\" \"$GAME\" | waystone account create bob --email bob@example.com",
	}
	c.Flags().StringVar(&o.email, "email", "", "e-mail `ADDRESS` of the account; one that cannot get mail if none is given")
	c.Flags().BoolVar(&o.noPassword, "no-password", false, "set no password; the account can play by ticket")
	c.Flags().BoolVar(&o.noWebsite, "no-website-password", false, "set no password for the website; the only line read is the game's")
	c.Flags().BoolVar(&o.noGame, "no-game-password", false, "set no password for the game client")
	c.Flags().BoolVar(&o.loopback, "loopback-only", false, "let the account sign in from the server's machine only")
	command(c, o, accountAction{run: (*accounts).create, owned: true, makes: true, writes: true})

	command(&cobra.Command{
		Use: "list", Short: "List all accounts and their bans", Long: "List all accounts and their bans.", Args: cli.NoArguments,
	}, &accountOptions{}, accountAction{run: func(a *accounts, ctx context.Context, _ string) error { return a.list(ctx) }})

	o = &accountOptions{}
	c = &cobra.Command{
		Use:   "ban NAME",
		Short: "Ban an account; who plays is put out within seconds",
		Long: `Ban an account. Its sessions end, and who plays is put out within seconds.

A ban of somebody who is banned already changes the end: to that of --for, or to
none. The reason stays unless another is given.`,
		Example: "  waystone account ban alice --reason 'gold selling'\n  waystone account ban alice --for 7d",
	}
	c.Flags().StringVar(&o.reason, "reason", "", "`TEXT` that the website keeps and shows")
	c.Flags().Var(&o.ban, "for", "length of the ban: 90m, 12h, 7d, 2w; 0 for one without end")
	command(c, o, accountAction{run: (*accounts).ban, owned: true, writes: true})

	command(&cobra.Command{
		Use:   "unban NAME",
		Short: "Lift a ban",
		Long:  "Lift a ban. If there is none, say so; the exit status is 0 all the same.",
	}, &accountOptions{}, accountAction{run: (*accounts).unban, owned: true, writes: true})

	o = &accountOptions{}
	c = &cobra.Command{
		Use:   "set-password NAME",
		Short: "Set or take away the game password, or set the website's",
		Long: `Set the password of the game client; an empty one takes it away. With --website, set
the password of the website instead, on the embedded database only.

The password is asked for twice at a terminal, and otherwise read from standard
input, one line.`,
		Example: "  waystone account set-password alice\n  waystone account set-password alice --website",
	}
	c.Flags().BoolVar(&o.website, "website", false, "set the password of the website")
	command(c, o, accountAction{run: (*accounts).setPassword, writes: true})

	o = &accountOptions{}
	c = &cobra.Command{
		Use:     "ticket NAME",
		Short:   "Print a play link, good for one sign-in",
		Long:    "Print a play link for waystone-launcher, good for one sign-in within TICKET_LIFETIME.",
		Example: "  waystone account ticket alice --host play.example.com",
	}
	c.Flags().StringVar(&o.host, "host", "127.0.0.1", "`HOST` that the link names")
	c.Flags().Uint16Var(&o.port, "port", 29000, "`PORT` that the link names")
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
		return errors.New("the website owns these rows: make and ban accounts there, or add --as-website with a role that may write them")
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
	in       *bufio.Reader // of standard input, when that is no terminal
}

// find returns the user with a user name, an address or an id.
func (a *accounts) find(ctx context.Context, name string) (*store.User, error) {
	u, err := store.FindUser(ctx, a.store, name)
	if errors.Is(err, store.ErrUserNotFound) {
		return nil, fmt.Errorf("no account has the user name, e-mail address or id %q", name)
	}
	return u, err
}

// whom names the user who was found, which need not be spelled as it was asked.
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
