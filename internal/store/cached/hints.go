package cached

import "sync/atomic"

// MaxHints bounds the tokens whose ids a process remembers in addition to its
// records, a few hundred bytes each.
const MaxHints = 1 << 14

// hints remember to which ids a token has led. So the shared cache can be asked
// for a session and its user together, without asking for the token's entry
// first. A hint is such an entry: it holds only ids. At each use the same rules
// apply to it as to an entry that comes from the shared cache now. What it leads
// to is an answer only if the session's record has the token. Each key has one
// place, and the newest key of a place replaces the one before.
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

// hinted returns the remembered entry of a token, nil if there is none that may
// be used.
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
