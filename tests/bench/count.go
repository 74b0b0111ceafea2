package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"
)

// queriesOf returns how many statements on the website's users PostgreSQL
// executed while do ran.
func (b *bench) queriesOf(ctx context.Context, do func() error) (int64, error) {
	conn, err := pgx.Connect(ctx, b.env.postgres.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	var n int64
	err = conn.QueryRow(ctx, `SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query LIKE '%"user"%' AND query NOT LIKE '%pg_stat_statements%'`).Scan(&n)
	return n, err
}

// emptyRedis makes every key of the shared cache a cold one.
func (e *environment) emptyRedis(ctx context.Context) error {
	option, err := rueidis.ParseURL(e.redis.URL())
	if err != nil {
		return err
	}
	option.DisableCache = true
	client, err := rueidis.NewClient(option)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Do(ctx, client.B().Flushall().Build()).Error()
}
