package auth

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/waystone-mmo/waystone/internal/store"
)

// claim is what a user typed to sign in to the website.
type claim interface {
	GetUsername() string
	GetEmail() string
	GetPassword() string
}

// prove checks a claim by the website's rules, in the website's order: the
// shape of what was typed, the user's password, then whether the e-mail address
// is verified, the user is banned, or a second factor is needed. Up to the
// password the same is read and computed for every name, known or not.
func (s *Server) prove(ctx context.Context, c claim, from netip.Addr) (*store.User, error) {
	by, name, err := s.named(c)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.checkLength(c.GetPassword()); err != nil {
		return nil, err
	}
	try, err := s.throttle.begin(ctx, target{
		what: toSignIn, name: name, find: func(ctx context.Context) (*store.User, error) {
			if by == store.ByEmail {
				return s.store.GetUserByEmail(ctx, name, store.Fresh)
			}
			return s.store.GetUserByUsername(ctx, name, store.Fresh)
		},
	}, from)
	if err != nil {
		return nil, err
	}
	cred, err := s.store.GetCredential(ctx, by, name)
	if err != nil && !isNobody(err) {
		return nil, err
	}
	if cred != nil && (try.user == nil || try.user.ID != cred.User.ID) {
		cred = nil // the name belongs to another user since the attempt was counted
	}
	fits, err := s.fitsSite(ctx, cred, c.GetPassword(), try.line)
	switch {
	case err != nil:
		return nil, err
	case !fits:
		return nil, ErrLoginRefused
	}
	if err := try.right(ctx); err != nil {
		return nil, err
	}
	return &cred.User, s.mayEnter(cred)
}

// named returns by what a claim names the user (user name or e-mail address),
// and the name. It is an error if the website would not accept it.
func (s *Server) named(c claim) (store.UserKey, string, error) {
	if email := c.GetEmail(); email != "" {
		return store.ByEmail, email, checkEmail(email)
	}
	return store.ByUsername, c.GetUsername(), s.cfg.checkUsername(c.GetUsername())
}

// fitsSite reports whether a password is the user's. If there is no usable
// hash, the dummy hash is verified instead: it fits nothing and costs the same.
func (s *Server) fitsSite(ctx context.Context, cred *store.Credential, password, network string) (fits bool, err error) {
	hash, stored := s.siteDummy, false
	if cred != nil && cred.PasswordHash != "" {
		if _, _, stored = parseSiteHash(cred.PasswordHash); stored {
			hash = cred.PasswordHash
		} else {
			s.metrics.unreadable.Inc()
			s.log.WarnContext(ctx, "a password hash of the website has another shape than better-auth's own: its user can sign in on the website only",
				slog.String("user_id", cred.User.ID))
		}
	}
	err = s.pool.Do(ctx, network, func() { fits = s.verifySite(hash, password) && stored })
	return fits, err
}

// mayEnter checks what the website asks for after the right password.
func (s *Server) mayEnter(cred *store.Credential) error {
	if s.cfg.RequireVerifiedEmail && !cred.User.EmailVerified {
		return ErrEmailNotVerified
	}
	if err := store.Judge(nil, &cred.User, s.now()); err != nil {
		return err
	}
	if cred.TwoFactor {
		return ErrTwoFactorRequired
	}
	return nil
}
