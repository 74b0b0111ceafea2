package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
)

// floorCommand makes this program serve a floor: it prints its address and
// serves until standard input ends.
const floorCommand = "floor"

// floorConns is the size of the floor's pool, the default of
// DATABASE_MAX_CONNS.
const floorConns = 16

// runFloor serves the least that can answer: grpc-go with nothing but health,
// or, with -database, one that answers GetUser or RedeemTicket with one query.
func runFloor(args []string, in io.Reader, out io.Writer) error {
	f := flag.NewFlagSet(floorCommand, flag.ContinueOnError)
	url := f.String("database", "", "serve users and tickets from this database, and no health")
	if err := f.Parse(args); err != nil {
		return err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	if *url == "" {
		grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	} else {
		pool, err := openPool(context.Background(), *url)
		if err != nil {
			return err
		}
		defer pool.Close()
		databasev1.RegisterUserServiceServer(s, &bareUsers{pool: pool})
		databasev1.RegisterAuthStoreServiceServer(s, &bareTickets{pool: pool})
	}
	fmt.Fprintln(out, ln.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, in) // the end of the parent ends it too
		s.Stop()
	}()
	return s.Serve(ln)
}

func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = floorConns
	return pgxpool.NewWithConfig(ctx, cfg)
}

// bareUsers answers GetUser with one query by primary key, and nothing else.
type bareUsers struct {
	databasev1.UnimplementedUserServiceServer
	pool *pgxpool.Pool
}

const bareQuery = `SELECT id, name, username, "displayUsername", email, "emailVerified", image, role, banned, "banReason", "banExpires", "createdAt", "updatedAt" FROM "user" WHERE id = $1`

// GetUser returns the user with an id.
func (s *bareUsers) GetUser(ctx context.Context, r *databasev1.GetUserRequest) (*databasev1.GetUserResponse, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, bareQuery, r.GetUserId()))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, status.Error(codes.NotFound, "no such user")
	case err != nil:
		return nil, err
	}
	return &databasev1.GetUserResponse{User: u}, nil
}
