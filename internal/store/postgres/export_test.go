package postgres

// Translate is translate, for tests.
var Translate = translate

// Reads returns the statements behind the reads of single rows.
func (s *Store) Reads() map[string]string {
	return map[string]string{
		"user by id": s.web.getUser, "user by user name": s.web.getUserByUsername,
		"user by e-mail": s.web.getUserByEmail, "session": s.web.getSession,
	}
}
