package database

import (
	"context"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Users implements UserService.
type Users struct {
	databasev1.UnimplementedUserServiceServer
	store store.Users
}

// GetUser returns a user by id.
func (s *Users) GetUser(ctx context.Context, r *databasev1.GetUserRequest) (*databasev1.GetUserResponse, error) {
	u, err := s.store.GetUser(ctx, r.GetUserId(), storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return &databasev1.GetUserResponse{User: storepb.UserPB(u)}, nil
}

// GetUserByUsername returns a user by login name.
func (s *Users) GetUserByUsername(ctx context.Context, r *databasev1.GetUserByUsernameRequest) (*databasev1.GetUserByUsernameResponse, error) {
	u, err := s.store.GetUserByUsername(ctx, r.GetUsername(), storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return &databasev1.GetUserByUsernameResponse{User: storepb.UserPB(u)}, nil
}

// GetUserByEmail returns a user by e-mail address.
func (s *Users) GetUserByEmail(ctx context.Context, r *databasev1.GetUserByEmailRequest) (*databasev1.GetUserByEmailResponse, error) {
	u, err := s.store.GetUserByEmail(ctx, r.GetEmail(), storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return &databasev1.GetUserByEmailResponse{User: storepb.UserPB(u)}, nil
}
