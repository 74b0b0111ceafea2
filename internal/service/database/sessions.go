package database

import (
	"context"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Sessions implements SessionService.
type Sessions struct {
	databasev1.UnimplementedSessionServiceServer
	store  store.Sessions
	broker *watch.Broker
	tokens tokens
}

// GetSession returns a session that is alive, and its user.
func (s *Sessions) GetSession(ctx context.Context, r *databasev1.GetSessionRequest) (*databasev1.GetSessionResponse, error) {
	token, ok := s.tokens.read(r.GetToken())
	if !ok {
		return nil, store.ErrSessionNotFound
	}
	sess, u, err := s.store.GetSession(ctx, token, storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return &databasev1.GetSessionResponse{Session: storepb.SessionPB(sess), User: storepb.UserPB(u)}, nil
}

// CheckSessions returns a verdict on each session and user.
func (s *Sessions) CheckSessions(ctx context.Context, r *databasev1.CheckSessionsRequest) (*databasev1.CheckSessionsResponse, error) {
	subjects := make([]store.SessionSubject, 0, len(r.GetSubjects()))
	for _, m := range r.GetSubjects() {
		subjects = append(subjects, store.SessionSubject{
			SessionID: m.GetSessionId(), UserID: m.GetUserId(), Stamp: store.PasswordStamp(m.GetPasswordStamp()),
		})
	}
	verdicts, err := s.store.CheckSessions(ctx, subjects)
	if err != nil {
		return nil, err
	}
	resp := &databasev1.CheckSessionsResponse{}
	for _, v := range verdicts {
		resp.Verdicts = append(resp.Verdicts, &databasev1.SessionVerdict{Alive: v == nil, Reason: errs.ReasonOf(v)})
	}
	return resp, nil
}

// RefreshSession prolongs a session.
func (s *Sessions) RefreshSession(ctx context.Context, r *databasev1.RefreshSessionRequest) (*databasev1.RefreshSessionResponse, error) {
	token, ok := s.tokens.read(r.GetToken())
	if !ok {
		return nil, store.ErrSessionNotFound
	}
	sess, u, err := s.store.RefreshSession(ctx, token)
	if err != nil {
		return nil, err
	}
	return &databasev1.RefreshSessionResponse{Session: storepb.SessionPB(sess), User: storepb.UserPB(u)}, nil
}
