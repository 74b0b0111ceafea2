package cached

import "github.com/waystone-mmo/waystone/internal/store"

// NearSize returns the weight and the number of records in the process, once
// pending clean-up is done.
func (s *Store) NearSize() (weight uint64, entries int) {
	s.near.cache.CleanUp()
	return s.near.cache.WeightedSize(), s.near.cache.EstimatedSize()
}

// IsWhole reports whether a read of a session would be answered from the entry
// of its token alone.
func (s *Store) IsWhole(token string) bool {
	return s.get(reachNear, tokenKey(store.DigestOf(token))).isWhole(s.cfg.Now())
}

// Residents returns how many of the users with ids are kept in the process, and
// whether every record that was kept under one knows rightly if it still is.
func (s *Store) Residents(ids []string, load func(id string)) (kept int, right bool) {
	records := map[string]*record{}
	for _, id := range ids {
		load(id)
		if r := s.get(reachNear, userKey(id)); r != nil {
			records[id] = r
		}
	}
	s.near.cache.CleanUp()
	right = true
	for id, r := range records {
		there := s.get(reachNear, userKey(id)) == r
		right = right && there == r.resident.Load()
		if there {
			kept++
		}
	}
	return kept, right
}

// Layout of values in the shared cache.
const Layout = layout
