package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/service/launcher"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// emailDomain ends the addresses of accounts that were made without one. The
// top-level domain is reserved: no mail can ever go there.
const emailDomain = "waystone.invalid"

const accountUsage = `waystone account manages accounts. It may run beside a server.

  waystone account create NAME [--email ADDRESS] [--no-password] [--loopback-only]
  waystone account list
  waystone account ban NAME [--reason TEXT] [--for DURATION]
  waystone account unban NAME
  waystone account set-password NAME        the password is read from the terminal or standard input; an empty one takes it away
  waystone account ticket NAME [--host HOST] [--port PORT]

NAME is a user name, an e-mail address or a user id, or id: and a user id; one
that could be several accounts' is refused, with their names and ids. On PostgreSQL the website
owns the accounts: create, ban and unban need --as-website there, and a role
that may write the website's tables. Settings such as DATABASE_URL and
WAYSTONE_DATA choose the database.
`

// accountOptions are the flags of the account commands.
type accountOptions struct {
	email, reason, host  string
	noPassword, loopback bool
	asWebsite            bool
	ban                  time.Duration
	port                 int
}

func (o *accountOptions) register(s *config.Section) {
	s.String(&o.email, "email", "", "E-mail address of a new account.", config.Env("WAYSTONE_ACCOUNT_EMAIL"))
	s.String(&o.reason, "reason", "", "Reason of a ban.", config.Env("WAYSTONE_ACCOUNT_REASON"))
	s.Duration(&o.ban, "for", 0, "Length of a ban; 0 for one without end.", config.Env("WAYSTONE_ACCOUNT_FOR"), config.Min(time.Duration(0)))
	s.Bool(&o.noPassword, "no-password", false, "Make the account without a game password.", config.Env("WAYSTONE_ACCOUNT_NO_PASSWORD"))
	s.Bool(&o.loopback, "loopback-only", false, "Let the account sign in from the server's machine only.", config.Env("WAYSTONE_ACCOUNT_LOOPBACK_ONLY"))
	s.Bool(&o.asWebsite, "as-website", false, "Write the website's tables on PostgreSQL.", config.Env("WAYSTONE_ACCOUNT_AS_WEBSITE"))
	s.String(&o.host, "host", "127.0.0.1", "Host that the link of a ticket names.", config.Env("WAYSTONE_ACCOUNT_HOST"))
	s.Int(&o.port, "port", 29000, "Port that the link of a ticket names.", config.Env("WAYSTONE_ACCOUNT_PORT"), config.Port())
}

func runAccount(ctx context.Context, p Process) error {
	if len(p.Args) == 0 || p.Args[0] == "help" || p.Args[0] == "-h" || p.Args[0] == "--help" {
		fmt.Fprint(p.Stdout, accountUsage)
		return nil
	}
	cmd, args := p.Args[0], p.Args[1:]
	run, ok := map[string]func(*accounts, context.Context, string) error{
		"create": (*accounts).create, "ban": (*accounts).ban, "unban": (*accounts).unban,
		"set-password": (*accounts).setPassword, "ticket": (*accounts).ticket, "list": nil,
	}[cmd]
	if !ok {
		return usagef("there is no command account %q; see waystone account help", cmd)
	}
	var name string
	if cmd != "list" {
		if len(args) == 0 || strings.HasPrefix(args[0], "-") {
			return usagef("account %s needs the NAME of an account", cmd)
		}
		name, args = args[0], args[1:]
	}
	r := config.New("waystone")
	var o accountOptions
	o.register(r.Section("Account", "What an account command is to do."))
	s := register(r, parts())
	if err := load(p, r, args); err != nil {
		return err
	}
	if _, embedded := s.sqlitePath(); !embedded && !o.asWebsite && (cmd == "create" || cmd == "ban" || cmd == "unban") {
		return errors.New("the website owns these rows: make and ban accounts there, or add --as-website with a role that may write them")
	}
	if path, embedded := s.sqlitePath(); embedded && cmd != "create" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no embedded database %s yet; WAYSTONE_DATA names another folder", path)
		}
	}
	eng, err := openEngine(ctx, s, slog.New(slog.DiscardHandler), false, nil)
	if err != nil {
		return err
	}
	defer eng.Close()
	a := &accounts{Process: p, store: eng, options: o, settings: s}
	if cmd == "list" {
		return a.list(ctx)
	}
	return run(a, ctx, name)
}

// accounts runs the account commands on an open store.
type accounts struct {
	Process
	store    engine
	options  accountOptions
	settings *settings
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
		return "the user with the id " + u.ID
	}
	return u.Username
}

func (a *accounts) create(ctx context.Context, name string) error {
	account := store.GameAccount{LoopbackOnly: a.options.loopback}
	if !a.options.noPassword {
		password, err := a.readPassword("Password for the game client: ")
		if err != nil {
			return err
		}
		if account.PasswordHash, err = auth.HashGamePassword(password); err != nil {
			return err
		}
	}
	email := a.options.email
	if email == "" {
		email = name + "@" + emailDomain
	}
	u, err := a.store.CreateUser(ctx, store.NewUser{Username: name, Name: name, Email: email})
	if err != nil {
		return err
	}
	account.UserID = u.ID
	if err := a.store.SetGameAccount(ctx, account); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "created the account %s (id %s)\n", u.DisplayUsername, u.ID)
	return nil
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
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.DisplayUsername, u.ID, u.Email, u.Role,
				u.CreatedAt.UTC().Format(time.DateOnly), banText(u))
			after = u.ID
		}
		if len(page) < listPage {
			return w.Flush()
		}
	}
}

func banText(u *store.User) string {
	switch {
	case !u.BannedAt(time.Now()):
		return ""
	case u.BanExpiresAt.IsZero():
		return "yes: " + u.BanReason
	}
	return "until " + u.BanExpiresAt.UTC().Format(time.DateTime) + ": " + u.BanReason
}

func (a *accounts) ban(ctx context.Context, name string) error {
	u, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	b := store.Ban{Banned: true, Reason: a.options.reason}
	if b.Reason == "" {
		b.Reason = "No reason"
	}
	if a.options.ban > 0 {
		b.Until = time.Now().Add(a.options.ban)
	}
	if err := a.store.SetBan(ctx, u.ID, b); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "banned %s; a player who is in the game is put out within seconds\n", whom(u))
	return nil
}

func (a *accounts) unban(ctx context.Context, name string) error {
	u, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	if err := a.store.SetBan(ctx, u.ID, store.Ban{}); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "lifted the ban of %s\n", whom(u))
	return nil
}

func (a *accounts) setPassword(ctx context.Context, name string) error {
	u, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	account := store.GameAccount{UserID: u.ID}
	switch old, err := a.store.GetGameAccount(ctx, u.ID); {
	case err == nil:
		account = *old
	case !errors.Is(err, store.ErrGameAccountNotFound):
		return err
	}
	password, err := a.readPassword("New password for the game client (empty: none): ")
	if err != nil {
		return err
	}
	account.PasswordHash = ""
	done := "took the game password of %s away\n"
	if password != "" {
		if account.PasswordHash, err = auth.HashGamePassword(password); err != nil {
			return err
		}
		done = "set the game password of %s\n"
	}
	if err := a.store.SetGameAccount(ctx, account); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, done, whom(u))
	return nil
}

func (a *accounts) ticket(ctx context.Context, name string) error {
	u, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	if err := store.Judge(nil, u, time.Now()); err != nil {
		return err
	}
	link := launcher.Link{Host: a.options.host, Port: uint16(a.options.port), User: auth.Handle(u), Ticket: auth.NewTicket()} //nolint:gosec // checked by the settings
	if err := link.Validate(); err != nil {
		return err
	}
	expires, err := a.store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf(link.Ticket), UserID: u.ID}, a.settings.auth.TicketLifetime)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Stdout, link)
	fmt.Fprintf(a.Stderr, "good for one sign-in until %s\n", expires.Local().Format(time.TimeOnly))
	if ip, err := netip.ParseAddr(link.Host); err == nil && ip.IsLoopback() {
		fmt.Fprintln(a.Stderr, "it leads to this machine; --host names another")
	}
	return nil
}

// readPassword reads a password from the terminal, or one line of standard
// input when that is no terminal. It never comes from an argument.
func (a *accounts) readPassword(prompt string) (string, error) {
	if f, ok := a.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor fits an int
		fmt.Fprint(a.Stderr, prompt)
		b, err := term.ReadPassword(int(f.Fd())) //nolint:gosec // a descriptor fits an int
		fmt.Fprintln(a.Stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(b), nil
	}
	line, err := bufio.NewReader(a.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password from standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
