package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// TestNoEmptyCountIsKept: when a sign-in takes its attempts off the counts, a count
// that is empty then is deleted. What is left is the device that is known now.
func TestNoEmptyCountIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	limit := store.AttemptLimit{Free: 10, First: time.Second, Longest: time.Second, Memory: time.Hour}
	a := store.Attempt{
		Account: store.DigestOf("ada"), Address: "203.0.113.7/32", Network: "203.0.113.0/24", Wide: "203.0.0.0/16", Widest: "203.0.0.0/8",
	}
	for range 3 {
		if _, err := s.BeginAttempt(t.Context(), a, store.AttemptLimits{Device: limit, Account: limit, Network: limit, Wide: limit, Widest: limit}); err != nil {
			t.Fatal(err)
		}
	}
	db := sqlOpen(t, path)
	counts := func() (all, known int) {
		t.Helper()
		row := db.QueryRowContext(t.Context(), `SELECT count(*), count(known_until) FROM game_attempt`)
		if err := row.Scan(&all, &known); err != nil {
			t.Fatal(err)
		}
		return all, known
	}
	if all, known := counts(); all < 4 || known != 0 {
		t.Errorf("after three attempts: %d counts, %d of them of known devices", all, known)
	}
	if err := s.EndAttempt(t.Context(), a, time.Hour); err != nil {
		t.Fatal(err)
	}
	if all, known := counts(); all != known || known == 0 {
		t.Errorf("after the sign-in: %d counts, %d of them of known devices", all, known)
	}
}
