package store

import (
	"context"
	"log/slog"
	"time"
)

// Admin has the calls that an operator's commands need in addition to the
// contract. Engines have it. It is not available over gRPC.
type Admin interface {
	// CreateUser writes a user as the website would. ErrUserExists when the
	// user name or the address is taken.
	CreateUser(ctx context.Context, n NewUser) (*User, error)
	// ListUsers returns up to limit users by creation time, after a user id
	// ("" for the first page).
	ListUsers(ctx context.Context, after string, limit int) ([]*User, error)
	// SetBan bans a user (zero until: without end) and deletes the user's
	// sessions, as the website does, or lifts the ban. ErrUserNotFound.
	SetBan(ctx context.Context, userID string, b Ban) error
}

// NewUser describes a user to be created in a store without a website.
type NewUser struct {
	Username string // 3 to 30 of [a-zA-Z0-9_.]
	Name     string
	Email    string
	// PasswordHash is the website's own hash of a password for the website, ""
	// for none. Only the embedded engine accepts one: otherwise the website
	// sets its passwords itself.
	PasswordHash string
}

// LogValue keeps the hash out of logs.
func (n NewUser) LogValue() slog.Value {
	return slog.GroupValue(slog.String("username", n.Username), slog.String("email", n.Email))
}

// Ban is a verdict on a user.
type Ban struct {
	Banned bool
	Reason string
	Until  time.Time
}
