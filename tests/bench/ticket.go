package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
)

// bareTickets answers RedeemTicket with one statement on a table of its own, and
// nothing else.
type bareTickets struct {
	databasev1.UnimplementedAuthStoreServiceServer
	pool *pgxpool.Pool
}

// The floor's table has the columns, the indexes and the rows of the product's.
const (
	productTickets = "game.ticket"
	bareTable      = "bench_floor.ticket"
	bareRedeem     = "DELETE FROM " + bareTable + " WHERE digest = $1 RETURNING user_id, session_id"
)

// RedeemTicket takes a ticket out.
func (s *bareTickets) RedeemTicket(ctx context.Context, r *databasev1.RedeemTicketRequest) (*databasev1.RedeemTicketResponse, error) {
	var resp databasev1.RedeemTicketResponse
	err := s.pool.QueryRow(ctx, bareRedeem, r.GetDigest()).Scan(&resp.UserId, &resp.SessionId)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, status.Error(codes.NotFound, "no such ticket")
	case err != nil:
		return nil, err
	}
	return &resp, nil
}

// stock is how many tickets a second of redeeming may use.
const stock = 60_000

// ticketStock is the tickets in one of the tables; each is redeemed once.
type ticketStock struct {
	table string
	made  int64
	next  atomic.Int64
}

// fill makes tickets until there are enough for a slice at any speed. Tickets in
// both tables are numbered alike.
func (t *ticketStock) fill(ctx context.Context, conn *pgx.Conn, want int64) error {
	if t.made-t.next.Load() >= want {
		return nil
	}
	from, to := t.made, t.next.Load()+2*want
	if _, err := conn.Exec(ctx, fmt.Sprintf(`INSERT INTO %s (digest, user_id, session_id, address, expires_at)
		SELECT sha256(convert_to('ticket' || i, 'UTF8')), md5('user' || i), md5('session' || i), '', now() + interval '1 day'
		FROM generate_series(%d, %d) i`, t.table, from, to-1)); err != nil {
		return fmt.Errorf("make tickets: %w", err)
	}
	t.made = to
	_, err := conn.Exec(ctx, "VACUUM ANALYZE "+t.table)
	return err
}

// redeeming redeems the next ticket in each call.
func (t *ticketStock) redeeming(name string, c *clients) side {
	services := each(c, databasev1.NewAuthStoreServiceClient)
	return side{name: name, call: func(ctx context.Context, caller, _ int) error {
		n := strconv.FormatInt(t.next.Add(1)-1, 10)
		digest := sha256.Sum256([]byte("ticket" + n))
		resp, err := services[caller%connections].RedeemTicket(ctx, &databasev1.RedeemTicketRequest{Digest: digest[:], Address: "203.0.113.7"})
		if want := digestOf("user", n); err == nil && resp.GetUserId() != want {
			err = fmt.Errorf("ticket %s is for user %s, and not %s", n, resp.GetUserId(), want)
		}
		return err
	}}
}

// tickets measures the redemption of tickets against one statement behind a bare
// server.
func (b *bench) tickets(ctx context.Context) (err error) {
	const name = "auth ticket"
	if !b.wanted(name) {
		return nil
	}
	p, err := b.env.waystone(ctx, b.settings...)
	if err != nil {
		return err
	}
	ours, err := b.reached(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours.close()) }()
	conn, err := pgx.Connect(ctx, b.env.postgres.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	// The server has made its tables when it is ready.
	if _, err := conn.PgConn().Exec(ctx, "CREATE SCHEMA bench_floor; CREATE TABLE "+bareTable+" (LIKE "+productTickets+" INCLUDING ALL)").ReadAll(); err != nil {
		return err
	}
	floor, err := b.env.floor(ctx, "-database", b.env.postgres.URL())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, floor.stop()) }()
	bare, err := connect(floor.addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hangUp(bare.conns)) }()
	product, plain := &ticketStock{table: productTickets}, &ticketStock{table: bareTable}
	filled := func(ctx context.Context) error {
		want := int64(stock * max(1, b.slice.Seconds()))
		return errors.Join(product.fill(ctx, conn, want), plain.fill(ctx, conn, want))
	}
	return b.compare(ctx, ratio{name: name, target: 0.60, beforeSlice: filled},
		product.redeeming("RedeemTicket", ours.clients), plain.redeeming("bare DELETE … RETURNING", bare))
}
