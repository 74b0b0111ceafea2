package auth

import (
	"context"
	"log/slog"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// shortSession is how long a session without "remember me" lasts, independent
// of the website's settings.
const shortSession = 24 * time.Hour

// SignIn creates a session of the website for a caller with the user's
// password.
func (s *Server) SignIn(ctx context.Context, r *authv1.SignInRequest) (*authv1.SignInResponse, error) {
	n := store.NewSession{Token: store.NewID(), Lifetime: shortSession, UserAgent: r.GetUserAgent()}
	if r.GetRemember() {
		n.Lifetime = s.cfg.SessionLifetime
	}
	resp := &authv1.SignInResponse{Token: n.Token}
	_, err := s.claimed(ctx, waySignIn, r, func(u *store.User, address string) error {
		n.UserID, n.IPAddress = u.ID, address
		session, user, err := s.store.CreateSession(ctx, n)
		if err != nil {
			return err
		}
		resp.Session, resp.User = storepb.SessionPB(session), storepb.UserPB(user)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// SignOut ends a session of the website.
func (s *Server) SignOut(ctx context.Context, r *authv1.SignOutRequest) (*authv1.SignOutResponse, error) {
	if err := s.store.RevokeSession(ctx, r.GetToken()); err != nil {
		return nil, err
	}
	return &authv1.SignOutResponse{}, nil
}

// VerifyPassword checks a password of the website and creates no session.
func (s *Server) VerifyPassword(ctx context.Context, r *authv1.VerifyPasswordRequest) (*authv1.VerifyPasswordResponse, error) {
	u, err := s.claimed(ctx, wayVerify, r, func(*store.User, string) error { return nil })
	if err != nil {
		return nil, err
	}
	return &authv1.VerifyPasswordResponse{User: storepb.UserPB(u)}, nil
}

// claimed checks a claim, calls do if it is right, and counts and logs the
// result. What was typed is not logged, because people type passwords into the
// wrong field. If the claim is wrong, the user is not logged either.
func (s *Server) claimed(ctx context.Context, way string, r interface {
	claim
	GetAddress() string
}, do func(u *store.User, address string) error,
) (*store.User, error) {
	from, err := parseAddress(r.GetAddress())
	if err != nil {
		return nil, err
	}
	u, err := s.prove(ctx, r, from)
	if err == nil {
		err = do(u, from.String())
	}
	s.metrics.logins.WithLabelValues(way, result(err)).Inc()
	if err != nil {
		s.refused(ctx, "sign-in refused", err, slog.String("way", way), slog.String("address", from.String()))
		return nil, err
	}
	s.log.InfoContext(ctx, "signed in", slog.String("way", way), slog.String("user_id", u.ID), slog.String("address", from.String()))
	return u, nil
}
