package database

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// AuthStore implements AuthStoreService.
type AuthStore struct {
	databasev1.UnimplementedAuthStoreServiceServer
	store  store.Store
	broker *watch.Broker
	tokens tokens
}

// GetGameAccount returns the game account of a user.
func (s *AuthStore) GetGameAccount(ctx context.Context, r *databasev1.GetGameAccountRequest) (*databasev1.GetGameAccountResponse, error) {
	a, err := s.store.GetGameAccount(ctx, r.GetUserId())
	if err != nil {
		return nil, err
	}
	return &databasev1.GetGameAccountResponse{Account: &databasev1.GameAccount{
		UserId: a.UserID, PasswordHash: a.PasswordHash, LoopbackOnly: a.LoopbackOnly, SitePassword: a.SitePassword,
	}}, nil
}

// SetGameAccount writes the game account of a user.
func (s *AuthStore) SetGameAccount(ctx context.Context, r *databasev1.SetGameAccountRequest) (*databasev1.SetGameAccountResponse, error) {
	a := r.GetAccount()
	err := s.store.SetGameAccount(ctx, store.GameAccount{
		UserID: a.GetUserId(), PasswordHash: a.GetPasswordHash(), LoopbackOnly: a.GetLoopbackOnly(),
	})
	if err != nil {
		return nil, err
	}
	return &databasev1.SetGameAccountResponse{}, nil
}

// CreateTicket stores a ticket.
func (s *AuthStore) CreateTicket(ctx context.Context, r *databasev1.CreateTicketRequest) (*databasev1.CreateTicketResponse, error) {
	d, err := storepb.Digest(r.GetDigest())
	if err != nil {
		return nil, err
	}
	at, err := s.store.CreateTicket(ctx, store.Ticket{
		Digest: d, UserID: r.GetUserId(), SessionID: r.GetSessionId(), Address: r.GetAddress(),
	}, r.GetLifetime().AsDuration())
	if err != nil {
		return nil, err
	}
	return &databasev1.CreateTicketResponse{ExpiresAt: timestamppb.New(at)}, nil
}

// RedeemTicket uses up a ticket and returns it.
func (s *AuthStore) RedeemTicket(ctx context.Context, r *databasev1.RedeemTicketRequest) (*databasev1.RedeemTicketResponse, error) {
	d, err := storepb.Digest(r.GetDigest())
	if err != nil {
		return nil, err
	}
	t, err := s.store.RedeemTicket(ctx, d, r.GetAddress())
	if err != nil {
		return nil, err
	}
	return &databasev1.RedeemTicketResponse{UserId: t.UserID, SessionId: t.SessionID, SitePassword: t.SitePassword}, nil
}

// BeginPlay opens a play record.
func (s *AuthStore) BeginPlay(ctx context.Context, r *databasev1.BeginPlayRequest) (*databasev1.BeginPlayResponse, error) {
	d, err := storepb.Digest(r.GetDigest())
	if err != nil {
		return nil, err
	}
	p, err := s.store.BeginPlay(ctx, store.NewPlay{
		UserID: r.GetUserId(), SessionID: r.GetSessionId(), Digest: d, Address: r.GetAddress(), GamePassword: r.GetGamePassword(), SitePassword: r.GetSitePassword(),
		KeepEarlier: r.GetKeepEarlier(),
	})
	if errors.Is(err, store.ErrPlayClosing) {
		// The new sign-in asks again, at any replica. So in the end it reaches the
		// replica at which the gateway with the earlier play watches.
		s.broker.Tell(store.Event{Kind: store.PlayClosing, UserID: r.GetUserId()})
	}
	if err != nil {
		return nil, err
	}
	return &databasev1.BeginPlayResponse{Play: storepb.PlayPB(p)}, nil
}

// HandOverPlay stores the token for the player's next stage.
func (s *AuthStore) HandOverPlay(ctx context.Context, r *databasev1.HandOverPlayRequest) (*databasev1.HandOverPlayResponse, error) {
	h := store.HandOver{
		PlayRef: store.PlayRef{ID: r.GetPlayId(), Generation: r.GetGeneration()},
		Stage:   store.Stage(r.GetStage()), //nolint:gosec // 2 or 3 by the rule
		Token:   r.GetToken(),
	}
	if h.Stage == store.StageGame {
		id, err := store.ParseCharacterID(r.GetCharacterId())
		if err != nil {
			return nil, errs.Invalid("character_id", "must name the character for the game stage")
		}
		h.CharacterID = id
	}
	at, err := s.store.HandOverPlay(ctx, h)
	if err != nil {
		return nil, err
	}
	return &databasev1.HandOverPlayResponse{ExpiresAt: timestamppb.New(at)}, nil
}

// AdmitPlay uses up the token of a handover.
func (s *AuthStore) AdmitPlay(ctx context.Context, r *databasev1.AdmitPlayRequest) (*databasev1.AdmitPlayResponse, error) {
	d, err := storepb.Digest(r.GetDigest())
	if err != nil {
		return nil, err
	}
	p, err := s.store.AdmitPlay(ctx, r.GetToken(), d, store.Stage(r.GetStage())) //nolint:gosec // 2 or 3 by the rule
	if err != nil {
		return nil, err
	}
	return &databasev1.AdmitPlayResponse{Play: storepb.PlayPB(p)}, nil
}

// RenewPlays prolongs leases.
func (s *AuthStore) RenewPlays(ctx context.Context, r *databasev1.RenewPlaysRequest) (*databasev1.RenewPlaysResponse, error) {
	refs := make([]store.PlayRef, 0, len(r.GetPlays()))
	for _, m := range r.GetPlays() {
		refs = append(refs, storepb.Ref(m))
	}
	plays, err := s.store.RenewPlays(ctx, refs)
	if err != nil {
		return nil, err
	}
	resp := &databasev1.RenewPlaysResponse{}
	for _, p := range plays {
		m := storepb.PlayPB(p)
		if m == nil {
			m = &databasev1.Play{} // lost
		}
		resp.Plays = append(resp.Plays, m)
	}
	return resp, nil
}

// RefreshSessions prolongs the sessions that are due.
func (s *AuthStore) RefreshSessions(ctx context.Context, r *databasev1.RefreshSessionsRequest) (*databasev1.RefreshSessionsResponse, error) {
	refreshed, err := s.store.RefreshSessions(ctx, r.GetSessionIds())
	if err != nil {
		return nil, err
	}
	return &databasev1.RefreshSessionsResponse{SessionIds: refreshed}, nil
}

// GetEndedPlay finds an ended record by the secret with which it was begun.
func (s *AuthStore) GetEndedPlay(ctx context.Context, r *databasev1.GetEndedPlayRequest) (*databasev1.GetEndedPlayResponse, error) {
	d, err := storepb.Digest(r.GetDigest())
	if err != nil {
		return nil, err
	}
	p, err := s.store.EndedPlay(ctx, d, r.GetAddress())
	if err != nil {
		return nil, err
	}
	return &databasev1.GetEndedPlayResponse{Play: storepb.PlayPB(p)}, nil
}

// EndPlay ends a record.
func (s *AuthStore) EndPlay(ctx context.Context, r *databasev1.EndPlayRequest) (*databasev1.EndPlayResponse, error) {
	if err := s.store.EndPlay(ctx, storepb.Ref(r.GetPlay())); err != nil {
		return nil, err
	}
	return &databasev1.EndPlayResponse{}, nil
}
