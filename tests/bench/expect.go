package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
)

const sessionQuery = `SELECT id, "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent", "impersonatedBy" FROM session WHERE token = $1`

// rows are what the database holds of one warm user, read without the server
// under test.
type rows struct {
	user    *databasev1.User
	session *databasev1.Session
}

// expect reads the rows of all warm users.
func (e *environment) expect(ctx context.Context, conn *pgx.Conn) error {
	for i := range e.warm {
		u, err := scanUser(conn.QueryRow(ctx, bareQuery, e.warmIDs[i]))
		if err != nil {
			return err
		}
		s := &databasev1.Session{}
		var expires, created, updated time.Time
		if err := conn.QueryRow(ctx, sessionQuery, e.warmTokens[i]).Scan(&s.Id, &s.UserId, &expires, &created, &updated,
			&s.IpAddress, &s.UserAgent, &s.ImpersonatedBy); err != nil {
			return err
		}
		s.ExpiresAt, s.CreatedAt, s.UpdatedAt = timestamppb.New(expires), timestamppb.New(created), timestamppb.New(updated)
		e.rows = append(e.rows, rows{user: u, session: s})
	}
	return nil
}

// scanUser reads a row of bareQuery.
func scanUser(row pgx.Row) (*databasev1.User, error) {
	u := &databasev1.User{}
	var ban, created, updated time.Time
	err := row.Scan(&u.Id, &u.Name, &u.Username, &u.DisplayUsername, &u.Email,
		&u.EmailVerified, &u.Image, &u.Role, &u.Banned, &u.BanReason, &ban, &created, &updated)
	u.BanExpiresAt, u.CreatedAt, u.UpdatedAt = timestamppb.New(ban), timestamppb.New(created), timestamppb.New(updated)
	return u, err
}

// same compares an answer with what it has to be, field by field.
func same(got, want proto.Message) error {
	if !proto.Equal(got, want) {
		return fmt.Errorf("the answer is\n%v\nand not\n%v", got, want)
	}
	return nil
}
