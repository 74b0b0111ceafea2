package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/lifecycle"
)

// The demo accounts of the embedded database. They may sign in from this
// machine only.
var demoUsers = [2]string{"demo.one", "demo.two"} //nolint:gochecknoglobals // a constant list

// addCheck lets two bots play once everything is up. A check that fails ends
// the process with its error; one that succeeds ends it only with exit.
func (s *server) addCheck(started time.Time, exit bool) {
	s.manager.Add(lifecycle.Unit{
		Name: "check", Needs: []string{"stream to the world"},
		Run: func(ctx context.Context) error {
			err := s.check(ctx, started)
			switch {
			case ctx.Err() != nil && err != nil:
				return nil // told to stop in the middle of it
			case err != nil:
				return fmt.Errorf("the server does not work: %w", err)
			case exit:
				s.stop(errChecked)
			default:
				s.explain()
			}
			return nil
		},
	})
}

func (s *server) check(ctx context.Context, started time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, s.settings.checkTimeout)
	defer cancel()
	fmt.Fprintf(s.Stdout, "waystone %s is ready after %.2f s, on the %s.\nTwo bots try it now over TCP, as players would:\n", Version(), time.Since(started).Seconds(), storeName(s.settings))
	users, err := s.checkAccounts(ctx)
	if err != nil {
		return err
	}
	cc, err := s.conn(partPacket, partAuth)
	if err != nil {
		return err
	}
	client := authv1.NewAuthServiceClient(cc)
	cfg := bot.CheckConfig{
		Login: loopbackAddr(s.gateway.Addr(packets.Login)), Log: slog.New(slog.DiscardHandler), Timeout: s.settings.checkTimeout,
		Report: func(line string) { fmt.Fprintln(s.Stdout, "  "+line) },
	}
	for i, u := range users {
		cfg.Accounts[i] = bot.Account{User: auth.Handle(u), Secret: func(ctx context.Context) (string, error) {
			resp, err := client.IssueTicket(ctx, &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_UserId{UserId: u.ID}})
			if err != nil {
				return "", err
			}
			return resp.GetTicket(), nil
		}}
	}
	if err := bot.Check(ctx, cfg); err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "The server works (%.1f s after the start).\n", time.Since(started).Seconds())
	return nil
}

// awaitReady waits until the gateway has its stream to the world.
func (s *server) awaitReady(ctx context.Context) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := s.gateway.Ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until the server is ready: %w", err)
		case <-ticker.C:
		}
	}
}

// loopbackAddr is where this machine reaches a listener that may listen on all
// addresses.
func loopbackAddr(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok || !t.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(t.Port))
}

// checkAccounts returns the two users that play: the ones named by the
// settings, or the demo accounts.
func (s *server) checkAccounts(ctx context.Context) ([2]*store.User, error) {
	var users [2]*store.User
	names := demoUsers
	switch len(s.settings.checkUsers) {
	case 0:
		if _, embedded := s.settings.sqlitePath(); !embedded {
			return users, errors.New("the website owns the accounts on PostgreSQL, so there are no demo accounts: name two of its users, CHECK_USERS=alice,bob")
		}
	case 2:
		names = [2]string(s.settings.checkUsers)
	default:
		return users, fmt.Errorf("CHECK_USERS=%q: must be two user names", strings.Join(s.settings.checkUsers, ","))
	}
	for i, name := range names {
		u, err := s.store.Load().engine.GetUserByUsername(ctx, name, store.Fresh)
		if errors.Is(err, store.ErrUserNotFound) && len(s.settings.checkUsers) == 0 {
			u, err = s.createDemo(ctx, name)
		}
		if err != nil {
			return users, fmt.Errorf("user %s: %w", name, err)
		}
		users[i] = u
	}
	return users, nil
}

// createDemo makes a demo account with a password that nobody knows: the bots
// sign in by ticket.
func (s *server) createDemo(ctx context.Context, name string) (*store.User, error) {
	u, err := s.store.Load().engine.CreateUser(ctx, store.NewUser{Username: name, Name: "Demo", Email: name + "@" + emailDomain})
	if err != nil {
		return nil, err
	}
	hash, err := auth.HashGamePassword(rand.Text())
	if err != nil {
		return nil, err
	}
	return u, s.store.Load().engine.SetGameAccount(ctx, store.GameAccount{UserID: u.ID, PasswordHash: hash, LoopbackOnly: true})
}

// explain tells the operator how to go on.
func (s *server) explain() {
	login := s.gateway.Addr(packets.Login)
	host, port, _ := net.SplitHostPort(loopbackAddr(login))
	fmt.Fprintf(s.Stdout, `
It keeps serving. Press Ctrl-C to stop it.
  add an account     bin/waystone account create NAME
  connect a client   CLIENT _server %s _port %s     and sign in with that account
  play by a link     bin/waystone account ticket NAME     prints a link for waystone-launcher
  open it to a LAN   PACKET_LISTEN_ADDR=0.0.0.0 make run
  look inside        http://%s/status
`, host, port, s.settings.opsListen())
}
