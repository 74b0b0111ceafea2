package auth

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
)

// TestTriesComeAtMostSoFarApart: a caller that waits learns soon that the wait is
// over, however long it was.
func TestTriesComeAtMostSoFarApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var at []time.Duration
		err := new(Server).tryUntil(t.Context(), 1100*time.Millisecond, store.ErrPlayClosing, func() error {
			at = append(at, time.Since(begun))
			return store.ErrPlayClosing
		})
		if !errors.Is(err, store.ErrPlayClosing) {
			t.Errorf("in the end: %v", err)
		}
		const ms = time.Millisecond
		if diff := cmp.Diff([]time.Duration{0, 50 * ms, 150 * ms, 350 * ms, 550 * ms, 750 * ms, 950 * ms}, at); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}
