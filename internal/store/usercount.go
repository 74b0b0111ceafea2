package store

import "sync"

// Bounds that decide whether users count as missing (rows cannot be seen) and
// not as gone.
const (
	// MaxUserCount is how many users are counted at most.
	MaxUserCount = 100_000
	// fewUsers: if there were fewer users than this, a fall to less than half
	// means nothing.
	fewUsers = 20
	// fewOwners: if there are fewer users with characters than this, it means
	// nothing that most of them are not found.
	fewOwners = 10
)

// UserCount is how many users of the website can be seen.
type UserCount struct {
	Users   int // up to MaxUserCount
	Owners  int // users with characters that were looked for
	Missing int // those of the owners that are not found
}

// UserCounts remembers how many users there were. Its zero value has seen none.
type UserCounts struct {
	mu   sync.Mutex
	most int
}

// Judge returns ErrWebsiteHidden if the count means that the table is probably
// empty, half restored or another one. It returns nil if users may have gone
// one by one.
func (s *UserCounts) Judge(table string, c UserCount) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = max(s.most, c.Users)
	switch {
	case c.Users == 0 && (s.most > 0 || c.Owners > 0):
		return ErrWebsiteHidden.With("%s has no users at all, as while it is restored: nobody counts as gone until it has", table)
	case s.most >= fewUsers && c.Users < s.most/2:
		return ErrWebsiteHidden.With("%s had %d users and has %d: nobody counts as gone until they are back; "+
			"if they were deleted, restart this part, which goes by what it finds then", table, s.most, c.Users)
	case c.Owners >= fewOwners && c.Missing > c.Owners/2:
		return ErrWebsiteHidden.With("%d of %d users with characters are not in %s, as if it were another website's or half restored: nobody counts as gone "+
			"until they are there; if they are gone for good, start once with SWEEP_MAX_GONE=%d", c.Missing, c.Owners, table, c.Missing)
	}
	return nil
}
