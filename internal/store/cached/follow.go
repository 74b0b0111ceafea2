package cached

import (
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// FeedStatus is the state of the feed as the Store knows it.
type FeedStatus struct {
	// Connected is false before the first Reset and after Lost.
	Connected bool
	// Cause says why it is not connected, if that is known.
	Cause error
	// Lag is how long ago the feed was asked for its newest confirmation; 0
	// before the first.
	Lag time.Duration
	// Open reports whether reads are answered from the cache now.
	Open bool
	// Resets counts the connections.
	Resets int64
}

type feedState struct {
	mu        sync.Mutex
	connected bool
	cause     error
	asked     time.Time
	resets    int64
}

// FeedStatus returns the state of the feed.
func (s *Store) FeedStatus() FeedStatus {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	st := FeedStatus{
		Connected: s.feed.connected, Cause: s.feed.cause, Resets: s.feed.resets,
		Open: s.caching && s.guard.open(),
	}
	if !s.feed.asked.IsZero() {
		st.Lag = time.Since(s.feed.asked)
	}
	return st
}

// Off reports whether nothing is ever cached, by the Config.
func (s *Store) Off() bool { return !s.caching }

// Reset implements store.Follower: everything cached is void.
func (s *Store) Reset(origin string, at store.Snapshot) {
	s.feed.mu.Lock()
	s.feed.connected, s.feed.cause = true, nil
	s.feed.resets++
	s.feed.mu.Unlock()
	s.guard.restart(origin, at)
	if s.near != nil {
		s.near.cache.InvalidateAll()
	}
}

// Changed implements store.Follower.
func (s *Store) Changed(changes []store.Change) {
	for i := range changes {
		s.changed(&changes[i])
	}
}

func (s *Store) changed(c *store.Change) {
	s.metrics.change(c.Table)
	seen := mark{xid: c.Xid}
	switch {
	case c.Table != store.TableUser && c.Table != store.TableSession && c.Table != store.TableCharacter:
		return // no record of this table is cached
	case c.Op == store.OpMany:
		s.guard.require(c.Xid)
	case c.Table == store.TableUser:
		s.supersede(userKey(c.ID), seen, true)
		// Another person may have the id now, with other characters: this voids
		// the list, the characters that are kept, and the entry that a row does
		// not exist.
		s.supersede(listKey(c.ID), seen, false)
		s.guard.replace(c.ID)
		s.guard.appear(store.TableCharacter, c.Xid)
	case c.Table == store.TableSession:
		s.supersede(sessionKey(c.ID), seen, true)
	case c.Table == store.TableCharacter:
		s.supersede(characterPrefix+c.ID, seen, true)
		// A list holds ids, so it changes only when a character is created or
		// removed.
		if c.UserID != "" && c.Op != store.OpUpdate {
			s.supersede(listKey(c.UserID), seen, false)
		}
	}
	if c.Op != store.OpDelete {
		s.guard.appear(c.Table, c.Xid)
	}
}

func (s *Store) supersede(key string, m mark, replace bool) {
	s.guard.evict(key, m, replace, func() { s.drop(key) })
}

// Confirmed implements store.Follower.
func (s *Store) Confirmed(asked time.Time, at store.Snapshot) {
	s.feed.mu.Lock()
	s.feed.asked = asked
	s.feed.mu.Unlock()
	s.guard.confirm(asked, s.cfg.Lease, at)
}

// Lost implements store.Follower: reads go to the store.
func (s *Store) Lost(cause error) {
	s.feed.mu.Lock()
	s.feed.connected, s.feed.cause = false, cause
	s.feed.mu.Unlock()
	s.guard.shut()
}
