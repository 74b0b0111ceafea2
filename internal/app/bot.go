package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/launcher"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/discovery"
)

// botSettings are the flags of waystone bot.
type botSettings struct {
	login, auth, database string
	token, link           string
	users                 []string
	number                int
	duration              time.Duration
}

func (o *botSettings) register(s *config.Section) {
	s.String(&o.login, "login", "127.0.0.1:29000", "Address and port of the login stage.", config.Env("WAYSTONE_BOT_LOGIN"))
	s.String(&o.auth, "auth", "127.0.0.1:50051", "Address of the auth part, which gives the bots their tickets.", config.Env("WAYSTONE_BOT_AUTH"))
	s.String(&o.database, "database", "127.0.0.1:50052", "Address of the database part, which knows the ids of the users.", config.Env("WAYSTONE_BOT_DATABASE"))
	s.String(&o.token, "token", "", "The token of operator in SERVICE_TOKENS, if the parts need one.", config.Env("WAYSTONE_BOT_TOKEN"), config.Secret())
	s.String(&o.link, "link", "", "A play link, instead of --users: one bot enters the game with it and stays until the server or Ctrl-C ends its play.", config.Env("WAYSTONE_BOT_LINK"), config.Secret())
	s.Strings(&o.users, "users", nil, "User names of the bots, two or more.", config.Env("WAYSTONE_BOT_USERS"))
	s.Int(&o.number, "number", 2, "Number of bots that play at the same time. Two bots check each other step by step.", config.Env("WAYSTONE_BOT_NUMBER"), config.Short("n"), config.Range(1, 100000))
	s.Duration(&o.duration, "duration", 30*time.Second, "How long the bots play if there are more than two.", config.Env("WAYSTONE_BOT_DURATION"), config.Range(time.Second, 24*time.Hour))
}

func botCommand(p Process) *cobra.Command {
	r := config.New("waystone")
	o := &botSettings{}
	o.register(r.Section("Bot", "Bots that play without a screen."))
	c := &cobra.Command{
		Use:   "bot",
		Short: "Let bots play on a running server and check the answers",
		Long: "Let bots play on a running server and check the answers. Two bots check each other\nstep by step. More bots walk around for a while.\n\n" +
			"With the arguments of a game client (_server …) it plays like the client that the\nlauncher starts.",
		Example: "  waystone bot --users alice,bob\n  waystone bot --users a,b,c,d -n 4 --duration 1m\n  waystone bot --link 'waystone://play?…'",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && strings.HasPrefix(args[0], "_") {
				if bot.ClientMain(c.Context(), args, p.Stdout, p.Stderr) != bot.ExitOK {
					return errors.New("the bot could not play")
				}
				return nil
			}
			if err := cli.NoArguments(c, args); err != nil {
				return err
			}
			if err := load(p, r, c.Flags()); err != nil {
				return err
			}
			return runBot(c.Context(), p, o)
		},
	}
	// All arguments after the client's first one belong to the client.
	c.Flags().SetInterspersed(false)
	r.AddFlags(c.Flags(), false)
	return c
}

func runBot(ctx context.Context, p Process, o *botSettings) error {
	report := func(line string) { fmt.Fprintln(p.Stdout, line) }
	if o.link != "" {
		return stay(ctx, o.link, report)
	}
	if len(o.users) < 2 {
		return cli.Usagef("--users needs two user names or more: --users alice,bob")
	}
	accounts, done, err := o.accounts(ctx)
	if err != nil {
		return err
	}
	defer done()
	if o.number == 2 {
		return bot.Check(ctx, bot.CheckConfig{Login: o.login, Accounts: [2]bot.Account(accounts[:2]), Report: report, Log: slog.New(slog.DiscardHandler)})
	}
	if o.number > len(accounts) {
		return fmt.Errorf("%d bots need %[1]d users, because an account plays once at a time; --users names %[2]d", o.number, len(accounts))
	}
	_, err = bot.Swarm(ctx, bot.SwarmConfig{
		Login: o.login, Bots: o.number, Duration: o.duration, Report: report,
		Account: func(i int) bot.Account { return accounts[i] },
	})
	return err
}

// stay lets one bot enter the world with a play link.
func stay(ctx context.Context, link string, report func(string)) error {
	l, err := launcher.ParseLink(link)
	if err != nil {
		return fmt.Errorf("--link: %w", err)
	}
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	return bot.Stay(ctx, bot.Config{
		Addr: net.JoinHostPort(l.Host, strconv.Itoa(int(l.Port))), User: l.User, Secret: packets.Secret(l.Ticket),
	}, report)
}

// accounts finds the users, and returns how to get a ticket for each.
func (o *botSettings) accounts(ctx context.Context) (list []bot.Account, done func(), err error) {
	dial := func(setting, target string) (*grpc.ClientConn, error) {
		t, err := discovery.Parse(target)
		if err != nil {
			return nil, fmt.Errorf("--%s %w", setting, err)
		}
		return rpc.Dial(t.String(), rpc.ClientConfig{Token: o.token, Options: t.DialOptions()})
	}
	authConn, err := dial("auth", o.auth)
	if err != nil {
		return nil, nil, err
	}
	dbConn, err := dial("database", o.database)
	if err != nil {
		_ = authConn.Close()
		return nil, nil, err
	}
	done = func() { _, _ = authConn.Close(), dbConn.Close() }
	users, tickets := databasev1.NewUserServiceClient(dbConn), authv1.NewAuthServiceClient(authConn)
	for _, name := range o.users {
		resp, err := users.GetUserByUsername(ctx, &databasev1.GetUserByUsernameRequest{Username: name})
		if err != nil {
			done()
			return nil, nil, fmt.Errorf("find the user %s: %w", name, err)
		}
		id := resp.GetUser().GetId()
		list = append(list, bot.Account{User: name, Secret: func(ctx context.Context) (string, error) {
			t, err := tickets.IssueTicket(ctx, &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_UserId{UserId: id}})
			if err != nil {
				return "", err
			}
			return t.GetTicket(), nil
		}})
	}
	return list, done, nil
}
