package store_test

import (
	"regexp"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

func TestNewID(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^[a-zA-Z0-9]{32}$`)
	seen := map[string]bool{}
	letters := map[rune]bool{}
	for range 1000 {
		id := store.NewID()
		if !shape.MatchString(id) {
			t.Fatalf("NewID() = %q, want 32 of [a-zA-Z0-9]", id)
		}
		if seen[id] {
			t.Fatalf("NewID() gave %q twice", id)
		}
		seen[id] = true
		for _, r := range id {
			letters[r] = true
		}
	}
	if len(letters) != 62 {
		t.Errorf("32000 characters use %d of the 62 in the alphabet", len(letters))
	}
}
