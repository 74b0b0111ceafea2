package cached

import (
	"context"
	"fmt"

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
func (s *Store) EncodedSession(ctx context.Context, token string, c store.Consistency) (session, user *storepb.Wire, err error) {
	l, err := s.alive(ctx, token, c)
	if err != nil {
		return nil, nil, err
	}
	if session, err = l.session.message(); err != nil {
		return nil, nil, err
	}
	user, err = l.user.message()
	return session, user, err
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
	if r.wire == nil {
		return nil, errs.New(errs.Internal, "INTERNAL", "internal error").
			Wrap(fmt.Errorf("a record of kind %q has text that is not UTF-8 and cannot be sent", r.kind))
	}
	return r.wire, nil
}
