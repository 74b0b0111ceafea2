package auth

import (
	"context"
	"errors"
	"net/netip"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/store"
)

// A game password outlives the session in which it is set, and a session may be
// stolen. So a session alone is not enough to set one.

// confirmed returns the hash of the new game password, "" for none. The caller
// must prove to be the user: by the current password of the website or, if
// there is none that can be verified, by a fresh session.
func (s *Server) confirmed(ctx context.Context, r *authv1.SetGamePasswordRequest) (hash string, err error) {
	var from netip.Addr
	if r.GetCurrentPassword() != "" {
		if from, err = parseAddress(r.GetAddress()); err != nil {
			return "", err
		}
	}
	cred, err := s.store.GetCredential(ctx, store.ByID, r.GetUserId())
	switch {
	case errors.Is(err, store.ErrNoCredentialsGrant):
	case err != nil:
		return "", err
	default:
		if _, _, ok := parseSiteHash(cred.PasswordHash); ok {
			return s.confirmedByPassword(ctx, r, cred, from)
		}
	}
	if err := s.fresh(ctx, r); err != nil {
		return "", err
	}
	err = s.pool.Do(ctx, setPassword, func() { hash = newHash(r.GetPassword()) })
	return hash, err
}

// confirmedByPassword counts the attempt like a sign-in, but in a count of its
// own.
func (s *Server) confirmedByPassword(ctx context.Context, r *authv1.SetGamePasswordRequest, cred *store.Credential, from netip.Addr) (hash string, err error) {
	current := r.GetCurrentPassword()
	if current == "" {
		return "", ErrCurrentPasswordNeeded
	}
	if s.cfg.checkLength(current) != nil { // the website keeps none of that length
		return "", ErrCurrentPasswordWrong
	}
	try, err := s.throttle.begin(ctx, target{
		what: toConfirm, find: func(context.Context) (*store.User, error) { return &cred.User, nil },
	}, from)
	if err != nil {
		return "", err
	}
	fits := false
	err = s.pool.Do(ctx, try.line, func() {
		if fits = s.verifySite(cred.PasswordHash, current); fits {
			hash = newHash(r.GetPassword())
		}
	})
	switch {
	case err != nil:
		return "", err
	case !fits:
		return "", ErrCurrentPasswordWrong
	}
	// The website's password may have been changed while the call waited for
	// the hash. Then the password that was checked is no longer the right one.
	switch now, err := s.store.GetCredential(ctx, store.ByID, r.GetUserId()); {
	case err != nil:
		return "", err
	case now.PasswordHash != cred.PasswordHash:
		return "", ErrCurrentPasswordWrong
	}
	return hash, try.right(ctx)
}

// fresh returns an error if the session of the request is not a fresh one of
// this user. A session in which an administrator acts for the user is refused.
func (s *Server) fresh(ctx context.Context, r *authv1.SetGamePasswordRequest) error {
	if r.GetSessionToken() == "" {
		return ErrSessionNotFresh
	}
	session, u, err := s.store.GetSession(ctx, r.GetSessionToken(), store.Fresh)
	switch {
	case errors.Is(err, store.ErrSessionNotFound), errors.Is(err, store.ErrSessionExpired):
		return ErrSessionNotFresh.Wrap(err)
	case err != nil:
		return err
	case u.ID != r.GetUserId(), session.ImpersonatedBy != "", s.now().Sub(session.CreatedAt) > s.cfg.FreshSession:
		return ErrSessionNotFresh
	}
	return nil
}

// newHash returns the slow hash of a game password that was checked already; ""
// for none.
func newHash(password string) string {
	if password == "" {
		return ""
	}
	return slowHash(ClientForm(password))
}
