package store

import "sync"

// Bounds of what counts as users who are missing rather than gone.
const (
	// MaxUserCount is how many users are counted at most.
	MaxUserCount = 100_000
	// fewUsers is how many there were at least before a fall to less than half
	// means something.
	fewUsers = 20
	// fewOwners is how many users with characters there are at least before it
	// means something that most of them are not found.
	fewOwners = 10
)

// UserCount is how many users the website has, as far as can be seen.
type UserCount struct {
	Users   int // up to MaxUserCount
	Owners  int // users with characters that were looked for
	Missing int // of those, the ones that are not found
}

// UserCounts remembers how many users there were. Its zero value has seen none.
type UserCounts struct {
	mu   sync.Mutex
	most int
}

// Judge is ErrWebsiteHidden when a count looks as if the table were empty, half
// restored or another one, rather than as if users had gone one by one.
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
