package database

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// BeginAttempt counts an attempt to sign in.
func (s *AuthStore) BeginAttempt(ctx context.Context, r *databasev1.BeginAttemptRequest) (*databasev1.BeginAttemptResponse, error) {
	a, err := storepb.Attempt(r)
	if err != nil {
		return nil, err
	}
	admission, err := s.store.BeginAttempt(ctx, a, store.AttemptLimits{
		Device:  storepb.AttemptLimit(r.GetDeviceLimit()),
		Account: storepb.AttemptLimit(r.GetAccountLimit()),
		Network: storepb.AttemptLimit(r.GetNetworkLimit()),
		Wide:    storepb.AttemptLimit(r.GetWideLimit()),
		Widest:  storepb.AttemptLimit(r.GetWidestLimit()),

		KnownAddressOnly: r.GetKnownAddressOnly(),
	})
	if err != nil {
		return nil, err
	}
	return &databasev1.BeginAttemptResponse{
		Wait: durationpb.New(admission.Wait), Known: admission.Known, KnownAddress: admission.KnownAddress,
	}, nil
}

// EndAttempt removes an attempt with the right secret from the counts.
func (s *AuthStore) EndAttempt(ctx context.Context, r *databasev1.EndAttemptRequest) (*databasev1.EndAttemptResponse, error) {
	a, err := storepb.Attempt(r)
	if err != nil {
		return nil, err
	}
	if err := s.store.EndAttempt(ctx, a, r.GetKnownFor().AsDuration()); err != nil {
		return nil, err
	}
	return &databasev1.EndAttemptResponse{}, nil
}
