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

// endingWait is how long a client that signs in again by itself is waited for: it
// may be faster than the end of the play that it has left, which the world saves.
const endingWait = 3 * time.Second

// endedPlay is the store's EndedPlay, once the record has ended:
// store.ErrPlayLives when it has not within the wait.
func (s *Server) endedPlay(ctx context.Context, d store.Digest, address string) (play *store.Play, err error) {
	err = s.tryUntil(ctx, s.endingWait, store.ErrPlayLives, func() error {
		play, err = s.store.EndedPlay(ctx, d, address)
		return err
	})
	return play, err
}

// beginPlay opens a play record once the user's earlier one has ended:
// store.ErrPlayClosing when it has not within the wait, or when ctx ends first.
func (s *Server) beginPlay(ctx context.Context, n store.NewPlay) (play *store.Play, err error) {
	err = s.tryUntil(ctx, s.closingWait, store.ErrPlayClosing, func() error {
		play, err = s.store.BeginPlay(ctx, n)
		return err
	})
	return play, err
}

// tryUntil calls again for as long as a call fails with an error that passes by,
// within a time and until ctx ends, and returns how the last one ended.
func (s *Server) tryUntil(ctx context.Context, wait time.Duration, passing error, call func() error) error {
	over := time.NewTimer(wait)
	defer over.Stop()
	for step := closingStepMin; ; step = min(2*step, closingStepMax) {
		err := call()
		if !errors.Is(err, passing) {
			return err
		}
		next := time.NewTimer(step)
		select {
		case <-next.C:
			continue
		case <-over.C:
		case <-ctx.Done():
		}
		next.Stop()
		return err
	}
}
