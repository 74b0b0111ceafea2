package app

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/service/launcher"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
)

// noReason is what better-auth stores for a ban without a reason.
const noReason = "No reason"

func banText(u *store.User) string {
	switch {
	case !u.BannedAt(time.Now()):
		return ""
	case u.BanExpiresAt.IsZero():
		return "yes: " + cli.Plain(u.BanReason, maxShown)
	}
	return "until " + u.BanExpiresAt.UTC().Format(time.DateTime) + ": " + cli.Plain(u.BanReason, maxShown)
}

// endText says when a ban ends.
func endText(until time.Time) string {
	if until.IsZero() {
		return "without end"
	}
	return "until " + until.UTC().Format(time.DateTime) + " UTC"
}

func (a *accounts) ban(ctx context.Context, name string) error {
	u, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	now := time.Now()
	b := store.Ban{Banned: true, Reason: a.options.reason}
	already := u.BannedAt(now)
	switch {
	case b.Reason != "":
	case already && u.BanReason != "":
		b.Reason = cli.Plain(u.BanReason, maxShown) // the website may keep a longer one than we write
	default:
		b.Reason = noReason
	}
	if a.options.ban > 0 {
		b.Until = now.Add(time.Duration(a.options.ban))
	}
	if err := a.store.SetBan(ctx, u.ID, b); err != nil {
		return err
	}
	if already {
		fmt.Fprintf(a.Stdout, "%s was banned already, %s: %s\nthe ban is now %s: %s\n", whom(u),
			endText(u.BanExpiresAt), cli.Plain(u.BanReason, maxShown), endText(b.Until), cli.Plain(b.Reason, maxShown))
		return nil
	}
	fmt.Fprintf(a.Stdout, "banned %s %s; if the player is in the game, the play ends within seconds\n", whom(u), endText(b.Until))
	return nil
}

func (a *accounts) unban(ctx context.Context, name string) error {
	u, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	if !u.BannedAt(time.Now()) {
		fmt.Fprintf(a.Stdout, "%s is not banned; nothing was changed\n", whom(u))
		return nil
	}
	if err := a.store.SetBan(ctx, u.ID, store.Ban{}); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "lifted the ban of %s\n", whom(u))
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
	link := launcher.Link{Host: a.options.host, Port: a.options.port, User: auth.Handle(u), Ticket: auth.NewTicket()}
	if err := link.Validate(); err != nil {
		return err
	}
	expires, err := a.store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf(link.Ticket), UserID: u.ID}, a.settings.auth.TicketLifetime)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Stdout, link)
	fmt.Fprintf(a.Stderr, "valid for one sign-in until %s\n", expires.Local().Format(time.TimeOnly))
	if ip, err := netip.ParseAddr(link.Host); err == nil && ip.IsLoopback() {
		fmt.Fprintln(a.Stderr, "it leads to this machine; use --host for another one")
	}
	return nil
}
