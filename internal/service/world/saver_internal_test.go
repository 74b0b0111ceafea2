package world

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// saves is a store whose answer to each call of SaveCharacters a test gives.
type saves struct {
	Characters
	calls  [][]store.CharacterSave
	at     []time.Time
	answer func(call int, saves []store.CharacterSave) ([]store.SaveResult, error)
}

func (s *saves) SaveCharacters(_ context.Context, request []store.CharacterSave) ([]store.SaveResult, error) {
	s.calls, s.at = append(s.calls, request), append(s.at, time.Now())
	return s.answer(len(s.calls), request)
}

// accepted is the answer to a request that the store has carried out.
func accepted(request []store.CharacterSave) []store.SaveResult {
	results := make([]store.SaveResult, len(request))
	for i, save := range request {
		results[i].Version = save.Version + 1
	}
	return results
}

// newTestSaver returns a saver that keeps two characters of the generation 5.
func newTestSaver(s *saves) *saver {
	w := newSaver(DefaultConfig(), Deps{Log: slog.New(slog.DiscardHandler), Characters: s}, "run", newMetrics())
	for id := range store.CharacterID(2) {
		w.track(&store.Character{ID: id + 1, Version: 1}, 5, nil)
	}
	return w
}

// TestAFailedSaveIsTriedAgainSoon, though nobody hands anything in or asks.
func TestAFailedSaveIsTriedAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := &saves{answer: func(call int, request []store.CharacterSave) ([]store.SaveResult, error) {
			if call == 1 {
				return nil, store.ErrUnavailable
			}
			return accepted(request), nil
		}}
		s := newTestSaver(calls)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.loop(ctx)
		}()
		s.put(1, store.CharacterState{Level: 2}, nil)
		written := make(chan error, 1)
		s.whenSettled(1, func(err error) { written <- err })
		if err := <-written; err != nil {
			t.Error(err)
		}
		if len(calls.at) != 2 || calls.at[1].Sub(calls.at[0]) != s.retry {
			t.Errorf("calls at %v, want two, %v apart", calls.at, s.retry)
		}
		cancel()
		<-ended
	})
}

// TestAnAnswerThatLeavesSavesOutIsNone: all of them are repeated as they were.
func TestAnAnswerThatLeavesSavesOutIsNone(t *testing.T) {
	calls := &saves{answer: func(call int, request []store.CharacterSave) ([]store.SaveResult, error) {
		results := accepted(request)
		if call == 1 {
			results = results[:1]
		}
		return results, nil
	}}
	s := newTestSaver(calls)
	s.put(1, store.CharacterState{Level: 2}, nil)
	s.put(2, store.CharacterState{Level: 3}, nil)
	if s.writeAll(t.Context()) || s.unsaved() != 2 {
		t.Errorf("%d characters are unsaved, want 2", s.unsaved())
	}
	if !s.writeAll(t.Context()) || s.unsaved() != 0 {
		t.Errorf("%d characters are unsaved in the end", s.unsaved())
	}
	if diff := cmp.Diff(calls.calls[0], calls.calls[1]); diff != "" {
		t.Errorf("repeated otherwise (-first +second):\n%s", diff)
	}
}

// TestARefusalIsToldToWhoComesLater: to release as well, when the store refused
// before.
func TestARefusalIsToldToWhoComesLater(t *testing.T) {
	calls := &saves{answer: func(int, []store.CharacterSave) ([]store.SaveResult, error) {
		return []store.SaveResult{{Err: store.ErrStaleGeneration}}, nil
	}}
	s := newTestSaver(calls)
	s.put(1, store.CharacterState{Level: 2}, nil)
	s.writeAll(t.Context())
	told := errors.New("nothing was told")
	s.release(1, func(err error) { told = err })
	if errs.ReasonOf(told) != store.ErrStaleGeneration.Reason {
		t.Errorf("told %v, want the refusal", told)
	}
	if s.records[1] != nil {
		t.Error("the character is still kept")
	}
}

// TestWorkIsNeverThatOfAnOlderGeneration.
func TestWorkIsNeverThatOfAnOlderGeneration(t *testing.T) {
	calls := &saves{answer: func(_ int, request []store.CharacterSave) ([]store.SaveResult, error) {
		return accepted(request), nil
	}}
	s := newTestSaver(calls)
	for _, generation := range []int64{4, 7, 6} {
		s.raise(1, generation)
	}
	s.raise(2, 4)
	s.put(1, store.CharacterState{Level: 2}, nil)
	s.put(2, store.CharacterState{Level: 2}, nil)
	s.writeAll(t.Context())
	if a, b := calls.calls[0][0].Generation, calls.calls[0][1].Generation; a != 7 || b != 5 {
		t.Errorf("saved as of the generations %d and %d, want 7 and 5", a, b)
	}
}
