package database

import (
	"context"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// GetCredential returns a user and the hash of the user's password.
func (s *AuthStore) GetCredential(ctx context.Context, r *databasev1.GetCredentialRequest) (*databasev1.GetCredentialResponse, error) {
	by, value := storepb.CredentialRequest(r)
	c, err := s.store.GetCredential(ctx, by, value)
	if err != nil {
		return nil, err
	}
	return storepb.CredentialPB(c), nil
}

// CreateSession creates a session of the website.
func (s *AuthStore) CreateSession(ctx context.Context, r *databasev1.CreateSessionRequest) (*databasev1.CreateSessionResponse, error) {
	sess, u, err := s.store.CreateSession(ctx, store.NewSession{
		UserID: r.GetUserId(), Token: r.GetToken(), Lifetime: r.GetLifetime().AsDuration(),
		IPAddress: r.GetIpAddress(), UserAgent: r.GetUserAgent(),
	})
	if err != nil {
		return nil, err
	}
	return &databasev1.CreateSessionResponse{Session: storepb.SessionPB(sess), User: storepb.UserPB(u)}, nil
}

// RevokeSession deletes a session. A text that cannot be a token, or has a
// wrong signature, names no session: nothing is deleted.
func (s *AuthStore) RevokeSession(ctx context.Context, r *databasev1.RevokeSessionRequest) (*databasev1.RevokeSessionResponse, error) {
	token, ok := s.tokens.read(r.GetToken())
	if !ok {
		return &databasev1.RevokeSessionResponse{}, nil
	}
	if err := s.store.RevokeSession(ctx, token); err != nil {
		return nil, err
	}
	return &databasev1.RevokeSessionResponse{}, nil
}

// RedeemOneTimeToken uses up a one-time token of the website and returns its
// session and user.
func (s *AuthStore) RedeemOneTimeToken(ctx context.Context, r *databasev1.RedeemOneTimeTokenRequest) (*databasev1.RedeemOneTimeTokenResponse, error) {
	sess, u, err := s.store.RedeemOneTimeToken(ctx, r.GetToken())
	if err != nil {
		return nil, err
	}
	return &databasev1.RedeemOneTimeTokenResponse{Session: storepb.SessionPB(sess), User: storepb.UserPB(u)}, nil
}
