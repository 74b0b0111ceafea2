package store

import (
	"context"
	"errors"
)

// GoneUsers returns those of up to MaxBatch users whom the website does not
// have any more, in the order given.
func GoneUsers(ctx context.Context, s Sessions, userIDs []string) ([]string, error) {
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
	return gone, nil
}
