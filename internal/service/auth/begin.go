package auth

import (
	"context"
	"errors"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// While an earlier record of the user is being closed, a sign-in tries again.
// Each try also reminds the holder of that record, by way of the replica of the
// database part that it reaches.
const (
	closingStepMin = 50 * time.Millisecond
	closingStepMax = 200 * time.Millisecond
	// closingWait is longer than a record can be kept open against a sign-in.
	closingWait = store.PlayClosingLimit + time.Second
)

// beginPlay opens a play record once the user's earlier one has ended:
// store.ErrPlayClosing when it has not within the wait, or when ctx ends first.
func (s *Server) beginPlay(ctx context.Context, n store.NewPlay) (*store.Play, error) {
	over := time.NewTimer(s.closingWait)
	defer over.Stop()
	for step := closingStepMin; ; step = min(2*step, closingStepMax) {
		play, err := s.store.BeginPlay(ctx, n)
		if !errors.Is(err, store.ErrPlayClosing) {
			return play, err
		}
		next := time.NewTimer(step)
		select {
		case <-next.C:
			continue
		case <-over.C:
		case <-ctx.Done():
		}
		next.Stop()
		return nil, err
	}
}
