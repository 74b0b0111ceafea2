package postgres

// Translate is translate, for tests.
var Translate = translate

// Connections is how many places in the pool are taken.
func (s *Store) Connections() int { return int(s.pool.Stat().TotalConns()) }
