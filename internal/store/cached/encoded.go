package cached

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

var _ storepb.Encoded = (*Store)(nil)

// EncodedUser implements storepb.Encoded.
func (s *Store) EncodedUser(ctx context.Context, id string, c store.Consistency) (*storepb.Wire, error) {
	r, err := s.user(ctx, id, c)
	if err != nil {
		return nil, err
	}
	return r.message()
}

// EncodedSession implements storepb.Encoded.
func (s *Store) EncodedSession(ctx context.Context, token string, c store.Consistency) (*storepb.Wire, error) {
	d := store.DigestOf(token)
	key := tokenKey(d)
	if to, ok := s.usable(ctx, c); ok {
		index := s.get(to, key)
		if index.isWhole(s.cfg.Now()) {
			s.metrics.hits[waySession].Inc()
			return &index.wire, nil
		}
		if l, ok, err := s.followToken(ctx, to, index, d); ok {
			s.metrics.hits[waySession].Inc()
			if err != nil {
				return nil, err
			}
			w, err := s.join(l)
			if err == nil {
				s.makeWhole(key, index, l, *w)
			}
			return w, err
		}
	}
	l, err := s.doLogin(ctx, token, key, d, c)
	if err != nil {
		return nil, err
	}
	return s.join(l)
}

// join returns the wire form of a login, if the session is alive now.
func (s *Store) join(l login) (*storepb.Wire, error) {
	if err := store.Judge(l.session.session, l.user.user, s.cfg.Now()); err != nil {
		return nil, err
	}
	session, err := l.session.message()
	if err != nil {
		return nil, err
	}
	user, err := l.user.message()
	if err != nil {
		return nil, err
	}
	w := storepb.Join(session, user)
	return &w, nil
}

// isWhole reports whether a record is the entry of a token with the session and
// its user in it, both still kept unchanged, and the session alive.
func (r *record) isWhole(now time.Time) bool {
	return r != nil && r.joined[0] != nil && r.joined[0].Load() && r.joined[1].Load() && now.UnixMicro() < r.until
}

// makeWhole puts the session and the user to which the entry of a token has led
// into that entry, so that the next read needs one look-up and not three. The
// entry is void as soon as one of the three records would be.
func (s *Store) makeWhole(key string, index *record, l login, joined storepb.Wire) {
	r := *index
	r.wire, r.joined = joined, [2]*atomic.Bool{l.session.resident, l.user.resident}
	r.until = instant(l.session.session.ExpiresAt)
	r.begun = min(index.begun, l.session.begun, l.user.begun)
	r.loaded = min(index.loaded, l.session.loaded, l.user.loaded)
	r.ends = min(index.ends, l.session.ends, l.user.ends)
	if r.ttl = time.Duration(r.ends - s.guard.clock()); r.ttl > 0 {
		s.near.replace(key, index, &r)
	}
}

// EncodedCharacter implements storepb.Encoded.
func (s *Store) EncodedCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*storepb.Wire, error) {
	r, err := s.character(ctx, id, c)
	if err != nil {
		return nil, err
	}
	return r.message()
}

// message returns the record's wire form.
func (r *record) message() (*storepb.Wire, error) {
	if r.wire.Size() == 0 {
		return nil, errs.New(errs.Internal, "INTERNAL", "internal error").
			Wrap(fmt.Errorf("a record of kind %q has text that is not UTF-8 and cannot be sent", r.kind))
	}
	return &r.wire, nil
}
