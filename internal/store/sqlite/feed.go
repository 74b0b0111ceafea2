package sqlite

import (
	"context"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// pollInterval is how often the file is asked whether anything was committed.
const pollInterval = 50 * time.Millisecond

// Feed returns the feed of the file's changes. It does not know which rows have
// changed: after a commit, of this process or another, it may be any.
func (s *Store) Feed() store.Feed { return feed{s} }

type feed struct{ store *Store }

// Follow implements store.Feed.
func (f feed) Follow(ctx context.Context, to store.Follower) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	var last int64
	connected := false
	for {
		asked := time.Now()
		version, err := f.store.DataVersion(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			if connected {
				to.Lost(err)
			}
			connected = false
		default:
			switch {
			case !connected:
				to.Reset("", store.Snapshot{})
			case version != last:
				to.Changed([]store.Change{
					{Table: store.TableUser, Op: store.OpMany}, {Table: store.TableSession, Op: store.OpMany},
					{Table: store.TableAccount, Op: store.OpMany}, {Table: store.TableCharacter, Op: store.OpMany},
				})
			}
			connected, last = true, version
			to.Confirmed(asked, store.Snapshot{})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
