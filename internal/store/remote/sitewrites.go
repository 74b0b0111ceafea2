package remote

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// GetCredential implements store.Credentials.
func (s *Store) GetCredential(ctx context.Context, by store.UserKey, value string) (*store.Credential, error) {
	resp, err := s.auth.GetCredential(ctx, storepb.CredentialRequestPB(by, value))
	if err != nil {
		return nil, err
	}
	return storepb.Credential(resp), nil
}

// CreateSession implements store.SessionWriter.
func (s *Store) CreateSession(ctx context.Context, n store.NewSession) (*store.Session, *store.User, error) {
	resp, err := s.auth.CreateSession(ctx, &databasev1.CreateSessionRequest{
		UserId: n.UserID, Token: n.Token, Lifetime: durationpb.New(n.Lifetime), IpAddress: n.IPAddress, UserAgent: n.UserAgent,
	})
	if err != nil {
		return nil, nil, err
	}
	return storepb.Session(resp.GetSession()), storepb.User(resp.GetUser()), nil
}

// RevokeSession implements store.SessionWriter.
func (s *Store) RevokeSession(ctx context.Context, token string) error {
	_, err := s.auth.RevokeSession(ctx, &databasev1.RevokeSessionRequest{Token: token})
	return err
}

// RedeemOneTimeToken implements store.SessionWriter.
func (s *Store) RedeemOneTimeToken(ctx context.Context, token string) (*store.Session, *store.User, error) {
	resp, err := s.auth.RedeemOneTimeToken(ctx, &databasev1.RedeemOneTimeTokenRequest{Token: token})
	if err != nil {
		return nil, nil, err
	}
	return storepb.Session(resp.GetSession()), storepb.User(resp.GetUser()), nil
}
