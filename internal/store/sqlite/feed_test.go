package sqlite_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// told is a Follower that writes down what it is told.
type told struct {
	mu      sync.Mutex
	news    chan struct{} // closed and replaced whenever something is told
	resets  int
	changes []store.Change
	asked   time.Time
	lost    error
}

func (f *told) note(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.news)
	f.news = make(chan struct{})
}

func (f *told) Reset(string, store.Snapshot)                { f.note(func() { f.resets++; f.changes = nil }) }
func (f *told) Changed(c []store.Change)                    { f.note(func() { f.changes = append(f.changes, c...) }) }
func (f *told) Confirmed(asked time.Time, _ store.Snapshot) { f.note(func() { f.asked = asked }) }
func (f *told) Lost(cause error)                            { f.note(func() { f.lost = cause }) }

func (f *told) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		f.mu.Lock()
		good, news := ok(), f.news
		f.mu.Unlock()
		if good {
			return
		}
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}

// take returns what was told of all that was committed before now.
func (f *told) take(t *testing.T) []store.Change {
	t.Helper()
	now := time.Now()
	f.await(t, "a confirmation", func() bool { return f.asked.After(now) })
	f.mu.Lock()
	defer f.mu.Unlock()
	changes := f.changes
	f.changes = nil
	return changes
}

func followFeed(t *testing.T, s *sqlite.Store) *told {
	t.Helper()
	f := &told{news: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Feed().Follow(ctx, f) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("follow: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the feed does not end with its context")
		}
	})
	f.await(t, "the beginning", func() bool { return f.resets == 1 })
	return f
}

func anyRow() []store.Change {
	return []store.Change{
		{Table: store.TableUser, Op: store.OpMany}, {Table: store.TableSession, Op: store.OpMany},
		{Table: store.TableAccount, Op: store.OpMany}, {Table: store.TableCharacter, Op: store.OpMany},
	}
}

func TestTheFeedTellsOfEveryCommit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s, other := open(t, sqlite.Config{Path: path}), open(t, sqlite.Config{Path: path})
	website := sqlOpen(t, path)
	f := followFeed(t, s)
	f.take(t)
	for name, write := range map[string]func() error{
		"this process": func() error {
			_, err := s.CreateCharacter(t.Context(), newCharacter("user", "Mine"))
			return err
		},
		"another": func() error {
			_, err := other.CreateCharacter(t.Context(), newCharacter("user", "Others"))
			return err
		},
		"the website": func() error {
			_, err := website.ExecContext(t.Context(), `CREATE TABLE IF NOT EXISTS of_the_website (x)`)
			return err
		},
		"nobody": nil,
	} {
		want := anyRow()
		if write == nil {
			want = nil
		} else if err := write(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, f.take(t)); d != "" {
			t.Errorf("%s (-want +told):\n%s", name, d)
		}
	}
	if f.lost != nil || f.resets != 1 {
		t.Errorf("lost %v, %d beginnings", f.lost, f.resets)
	}
}

func TestTheFeedOfADatabaseInMemory(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Config{Path: sqlite.Memory})
	f := followFeed(t, s)
	if _, err := s.CreateCharacter(t.Context(), newCharacter("user", "Mine")); err != nil {
		t.Fatal(err)
	}
	if changes := f.take(t); changes != nil {
		t.Errorf("told %+v of a database that nobody else can write", changes)
	}
}

func TestTheFeedOfAFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db")})
	f := followFeed(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f.await(t, "the loss", func() bool { return f.lost != nil })
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.resets != 1 {
		t.Errorf("%d beginnings on a file that cannot be read", f.resets)
	}
}
