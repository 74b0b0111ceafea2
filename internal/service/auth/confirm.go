package auth

import (
	"context"
	"errors"
	"net/netip"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/store"
)

// A game password outlives the session in which it is set, so that a session
// alone, which may be stolen, is not enough to set one.

// confirmed returns the hash of the new game password, "" for none, once the
// caller has shown to be the user: by the current password of the website or,
// where there is none that can be judged, by a fresh session.
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

// confirmedByPassword counts the try like one at a sign-in, but apart from those.
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
	// The call may have waited for the hash while the website's password was
	// changed: what was right then is not right any more.
	switch now, err := s.store.GetCredential(ctx, store.ByID, r.GetUserId()); {
	case err != nil:
		return "", err
	case now.PasswordHash != cred.PasswordHash:
		return "", ErrCurrentPasswordWrong
	}
	return hash, try.right(ctx)
}

// fresh reports whether the user has signed in to the website just now, in the
// session in which the change is asked for. An administrator who acts for the
// user is not the user.
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

// newHash is the slow hash of a game password that was checked; "" for none.
func newHash(password string) string {
	if password == "" {
		return ""
	}
	return slowHash(ClientForm(password))
}
