package auth

import (
	"context"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// CheckSession returns a session of the website that is alive, and its user.
func (s *Server) CheckSession(ctx context.Context, r *authv1.CheckSessionRequest) (*authv1.CheckSessionResponse, error) {
	session, user, err := s.store.GetSession(ctx, r.GetToken(), store.Cached)
	if err != nil {
		return nil, err
	}
	return &authv1.CheckSessionResponse{Session: storepb.SessionPB(session), User: storepb.UserPB(user)}, nil
}

// RefreshSession prolongs a session that is alive, by the website's rule.
func (s *Server) RefreshSession(ctx context.Context, r *authv1.RefreshSessionRequest) (*authv1.RefreshSessionResponse, error) {
	session, user, err := s.store.RefreshSession(ctx, r.GetToken())
	if err != nil {
		return nil, err
	}
	return &authv1.RefreshSessionResponse{Session: storepb.SessionPB(session), User: storepb.UserPB(user)}, nil
}
