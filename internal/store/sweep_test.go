package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

// directory is the ids of users that there are.
type directory []string

func (d directory) CheckSessions(_ context.Context, subjects []store.SessionSubject) ([]error, error) {
	verdicts := make([]error, len(subjects))
	for i, s := range subjects {
		if !slices.Contains(d, s.UserID) {
			verdicts[i] = store.ErrUserNotFound
		}
	}
	return verdicts, nil
}

func (d directory) ListUsers(_ context.Context, _ string, limit int) ([]*store.User, error) {
	return make([]*store.User, min(limit, len(d))), nil
}

func TestGoneUsers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		there directory
		asked []string
		gone  []string
		err   error
	}{
		{directory{"a", "b"}, []string{"a", "x", "b", "y"}, []string{"x", "y"}, nil},
		{directory{"a"}, []string{"x"}, []string{"x"}, nil},
		{directory{"a"}, []string{"a"}, nil, nil},
		{directory{"a"}, nil, nil, nil},
		{nil, nil, nil, nil},
		{nil, []string{"x", "y"}, nil, store.ErrNoUsers}, // the table was emptied
	} {
		gone, err := store.GoneUsers(t.Context(), tt.there, tt.asked)
		if !slices.Equal(gone, tt.gone) || !errors.Is(err, tt.err) {
			t.Errorf("of %v asked %v: %v, %v; want %v, %v", tt.there, tt.asked, gone, err, tt.gone, tt.err)
		}
	}
}
