package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// emailDomain is the domain of the e-mail addresses of accounts that were created
// without one. The top-level domain is reserved, so no mail can ever go there.
const emailDomain = "waystone.invalid"

// passwordSetter is an engine that may set passwords of the website, because it is
// the website's own database.
type passwordSetter interface {
	SetWebsitePassword(ctx context.Context, userID, hash string) error
}

var (
	errSamePassword = errors.New("the game password must differ from the password of the website: others on the network can read what the game client sends")
	errTwice        = errors.New("the two passwords differ; nothing was changed")
)

// create checks the name before it asks for a password.
func (a *accounts) create(ctx context.Context, name string) error {
	n := store.NewUser{Username: name, Name: name, Email: a.options.email}
	if n.Email == "" {
		n.Email = name + "@" + emailDomain
	}
	if err := n.Validate(); err != nil {
		return err
	}
	if err := a.free(ctx, n); err != nil {
		return err
	}
	account := store.GameAccount{LoopbackOnly: a.options.loopback}
	website, err := a.newPasswords(&n, &account)
	if err != nil {
		return err
	}
	u, err := a.store.CreateUser(ctx, n)
	if err != nil {
		return err
	}
	account.UserID = u.ID
	if err := a.store.SetGameAccount(ctx, account); err != nil {
		return fmt.Errorf("the account was created, but its game password was not set: %w", err)
	}
	fmt.Fprintf(a.Stdout, "created the account %s (id %s)\n", u.DisplayUsername, u.ID)
	switch {
	case account.PasswordHash == "" && website:
		fmt.Fprintf(a.Stderr, "it can sign in at the website and play from there; for a sign-in in the game client, set a game password with `waystone account set-password %s`\n", name)
	case account.PasswordHash == "":
		fmt.Fprintf(a.Stderr, "it has no password; it can play with `waystone account ticket %s`\n", name)
	}
	return nil
}

// free returns an error if another account has the name or the address.
func (a *accounts) free(ctx context.Context, n store.NewUser) error {
	for _, taken := range []struct {
		get         func(context.Context, string, store.Consistency) (*store.User, error)
		what, value string
	}{
		{a.store.GetUserByUsername, "user name", n.Username},
		{a.store.GetUserByEmail, "e-mail address", n.Email},
	} {
		switch _, err := taken.get(ctx, taken.value, store.Fresh); {
		case err == nil:
			return fmt.Errorf("another account has the %s %s", taken.what, taken.value)
		case !errors.Is(err, store.ErrUserNotFound):
			return err
		}
	}
	return nil
}

// newPasswords reads the passwords of a new account and sets their hashes. It
// reports whether there is one for the website.
func (a *accounts) newPasswords(n *store.NewUser, account *store.GameAccount) (website bool, err error) {
	o := &a.options
	_, embedded := a.settings.sqlitePath()
	website = embedded && !o.noPassword && !o.noWebsite
	game := !o.noPassword && !o.noGame
	var first string
	if website {
		if first, err = a.readPassword("Password for the website"); err != nil {
			return false, err
		}
		if n.PasswordHash, err = auth.HashSitePassword(first); err != nil {
			return false, fmt.Errorf("website %w; --no-website-password creates an account without one", err)
		}
	}
	if !game {
		return website, nil
	}
	prompt := "Password for the game client"
	if website {
		prompt = "Another password for the game client (empty: none)"
	}
	second, err := a.readPassword(prompt)
	switch {
	case err != nil:
		return false, err
	case second == "" && website:
		return website, nil
	case second == first:
		return false, errSamePassword
	}
	if account.PasswordHash, err = auth.HashGamePassword(second); err != nil {
		return false, fmt.Errorf("game %w; --no-game-password creates an account without one", err)
	}
	return website, nil
}

func (a *accounts) setPassword(ctx context.Context, name string) error {
	u, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	if a.options.website {
		return a.setWebsitePassword(ctx, u)
	}
	password, err := a.readPassword("New password for the game client (empty: none)")
	if err != nil {
		return err
	}
	hash, done := "", "removed the game password of %s\n"
	if password != "" {
		if hash, err = auth.HashGamePassword(password); err != nil {
			return err
		}
		done = "set the game password of %s\n"
		// This needs a role that may read the website's hashes.
		if c, err := a.store.GetCredential(ctx, store.ByID, u.ID); err == nil && auth.VerifySitePassword(c.PasswordHash, password) {
			return errSamePassword
		}
	}
	// Read the account only now, after the password was typed: a change by another
	// writer in between would be lost.
	account := store.GameAccount{UserID: u.ID}
	switch old, err := a.store.GetGameAccount(ctx, u.ID); {
	case err == nil:
		account = *old
	case !errors.Is(err, store.ErrGameAccountNotFound):
		return err
	}
	account.PasswordHash = hash
	if err := a.store.SetGameAccount(ctx, account); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, done, whom(u))
	return nil
}

func (a *accounts) setWebsitePassword(ctx context.Context, u *store.User) error {
	setter, ok := a.store.(passwordSetter)
	if !ok {
		return errors.New("the website sets its own passwords: change this one there")
	}
	password, err := a.readPassword("New password for the website")
	if err != nil {
		return err
	}
	hash, err := auth.HashSitePassword(password)
	if err != nil {
		return err
	}
	if g, err := a.store.GetGameAccount(ctx, u.ID); err == nil && auth.VerifyGamePassword(g.PasswordHash, password) {
		return errSamePassword
	}
	if err := setter.SetWebsitePassword(ctx, u.ID, hash); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "set the website password of %s\n", whom(u))
	return nil
}

// readPassword reads a password twice from the terminal, or the next line of
// standard input when that is no terminal. It never comes from an argument.
func (a *accounts) readPassword(prompt string) (string, error) {
	f, ok := a.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor fits an int
		line, err := a.in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password from standard input: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(a.Stderr, prompt, ": ")
		b, err := term.ReadPassword(int(f.Fd())) //nolint:gosec // a descriptor fits an int
		fmt.Fprintln(a.Stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(b), nil
	}
	first, err := ask(prompt)
	if err != nil || first == "" {
		return first, err
	}
	again, err := ask("The same password again")
	if err == nil && again != first {
		err = errTwice
	}
	return first, err
}
