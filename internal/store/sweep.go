package store

import (
	"context"
	"errors"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// ErrNoUsers keeps the sweep from marking everybody's characters.
var ErrNoUsers = errs.New(errs.FailedPrecondition, "NO_USERS",
	"the website has no users at all, as while its table is restored: nobody's characters are marked")

// userDirectory is what GoneUsers asks.
type userDirectory interface {
	CheckSessions(ctx context.Context, subjects []SessionSubject) ([]error, error)
	ListUsers(ctx context.Context, after string, limit int) ([]*User, error)
}

// GoneUsers returns those of up to MaxBatch users whom the website does not
// have any more, in the order given. ErrNoUsers if it has none at all.
func GoneUsers(ctx context.Context, s userDirectory, userIDs []string) ([]string, error) {
	subjects := make([]SessionSubject, len(userIDs))
	for i, id := range userIDs {
		subjects[i].UserID = id
	}
	verdicts, err := s.CheckSessions(ctx, subjects)
	if err != nil {
		return nil, err
	}
	var gone []string
	for i, verdict := range verdicts {
		if errors.Is(verdict, ErrUserNotFound) {
			gone = append(gone, userIDs[i])
		}
	}
	if len(gone) == 0 || len(gone) < len(userIDs) {
		return gone, nil
	}
	anybody, err := s.ListUsers(ctx, "", 1)
	switch {
	case err != nil:
		return nil, err
	case len(anybody) == 0:
		return nil, ErrNoUsers
	}
	return gone, nil
}
