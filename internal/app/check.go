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

// addCheck lets two bots play when everything is up. If the check fails, the
// process ends with its error. If it succeeds, the process ends only with exit.
func (s *server) addCheck(started time.Time, exit bool) {
	s.withGuests = true
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
	fmt.Fprintf(s.Stdout, "waystone %s is ready after %.2f s, on the %s.\nTwo bots try it now over TCP, as players would. Their data is kept in memory, not in the database:\n", Version(), time.Since(started).Seconds(), storeName(s.settings))
	if err := s.readDatabase(ctx); err != nil {
		return err
	}
	users, err := s.bots(ctx)
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

// loopbackAddr is the address of a listener on this machine, also if it listens on
// all addresses.
func loopbackAddr(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok || !t.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(t.Port))
}

// readDatabase reads what a sign-in reads, for a user that does not exist, because
// the bots' own records are not in the database.
func (s *server) readDatabase(ctx context.Context) error {
	began, nobody := time.Now(), "nobody."+strings.ToLower(rand.Text()[:10])
	db := s.store.Load().engine
	_, userErr := db.GetUserByUsername(ctx, nobody, store.Fresh)
	_, accountErr := db.GetGameAccount(ctx, nobody)
	_, charactersErr := db.ListCharacters(ctx, nobody, true, store.Fresh)
	for _, err := range []error{userErr, accountErr, charactersErr} {
		if err != nil && !errors.Is(err, store.ErrUserNotFound) && !errors.Is(err, store.ErrGameAccountNotFound) {
			return fmt.Errorf("read the database: %w", err)
		}
	}
	fmt.Fprintf(s.Stdout, "  ok  the database answers (%.2f s)\n", time.Since(began).Seconds())
	return nil
}

// bots makes the two users that play. They and their data are in a store in memory,
// and end with the process. Their names are random, because a player with the same
// name may be in the world.
func (s *server) bots(ctx context.Context) ([2]*store.User, error) {
	var users [2]*store.User
	for i := range users {
		name := "check." + strings.ToLower(rand.Text()[:10])
		u, err := s.store.Load().guests.Add(ctx, store.NewUser{Username: name, Name: "Bot", Email: name + "@" + emailDomain}, store.GameAccount{LoopbackOnly: true})
		if err != nil {
			return users, fmt.Errorf("make a bot: %w", err)
		}
		users[i] = u
	}
	return users, nil
}

// explain tells the operator what to do next.
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
