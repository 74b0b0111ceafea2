package cached

import "sync/atomic"

// MaxHints bounds the tokens whose ids a process remembers beside its records, a
// few hundred bytes each.
const MaxHints = 1 << 14

// hints remember which ids a token led to, so that the shared cache is asked
// for a session and its user at once, and not for the token's entry before.
// A hint is such an entry: it holds ids and nothing else, it is held at each use
// to the rules for one that comes from the shared cache now, and what it leads
// to is an answer only if the session's record carries the token. Each key has
// one place, and the last to come has it.
type hints [MaxHints]atomic.Pointer[hint]

type hint struct {
	key    string
	record *record // of kindToken
}

// note remembers the entry of a token.
func (s *Store) note(key string, r *record) {
	if s.hints != nil && r.kind == kindToken {
		s.hints[s.guard.hash(key)%MaxHints].Store(&hint{key, r})
	}
}

// hinted returns what is remembered of a token, nil for nothing that may be
// used.
func (s *Store) hinted(key string) *record {
	if s.hints == nil {
		return nil
	}
	hash := s.guard.hash(key)
	h := s.hints[hash%MaxHints].Load()
	if h == nil || h.key != key || !s.guard.sees(s.guard.rules.Load(), hash, h.record.snapshot, false) || !s.guard.current(h.record.begun) {
		return nil
	}
	return h.record
}
