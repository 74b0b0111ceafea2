package cached

// NearSize returns the weight and the number of records in the process, once
// pending clean-up is done.
func (s *Store) NearSize() (weight uint64, entries int) {
	s.near.cache.CleanUp()
	return s.near.cache.WeightedSize(), s.near.cache.EstimatedSize()
}

// Layout of values in the shared cache.
const Layout = layout
