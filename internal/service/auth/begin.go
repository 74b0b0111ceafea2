package auth

import (
	"context"
	"errors"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// While an earlier record of the user is being closed, a sign-in tries again.
// Each attempt also reminds the gateway that holds that record, through the
// replica of the database part that it reaches.
const (
	closingStepMin = 50 * time.Millisecond
	closingStepMax = 200 * time.Millisecond
	// closingWait is longer than a gateway can keep a record open while a
	// sign-in waits.
	closingWait = store.PlayClosingLimit + time.Second
)

// endingWait is how long the sign-in of a client that signs in again by itself
// waits for the end of the play that it has left. The client may be faster,
// because the world saves the character first.
const endingWait = 3 * time.Second

// endedPlay waits until the record has ended and returns the store's EndedPlay.
// It returns store.ErrPlayLives if the record has not ended within endingWait.
func (s *Server) endedPlay(ctx context.Context, d store.Digest, address string) (play *store.Play, err error) {
	err = s.tryUntil(ctx, s.endingWait, store.ErrPlayLives, func() error {
		play, err = s.store.EndedPlay(ctx, d, address)
		return err
	})
	return play, err
}

// beginPlay waits until the user's earlier play record has ended and opens a
// new one. It returns store.ErrPlayClosing if the earlier one has not ended
// within closingWait, or if ctx ends first.
func (s *Server) beginPlay(ctx context.Context, n store.NewPlay) (play *store.Play, err error) {
	err = s.tryUntil(ctx, s.closingWait, store.ErrPlayClosing, func() error {
		play, err = s.store.BeginPlay(ctx, n)
		return err
	})
	return play, err
}

// tryUntil repeats a call while it fails with the error passing, until the time
// wait is over or ctx ends. It returns the result of the last call.
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
