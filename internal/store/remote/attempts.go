package remote

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// BeginAttempt implements store.Attempts.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	r := &databasev1.BeginAttemptRequest{
		UserId: a.UserID, Account: a.Account[:], Address: a.Address, Network: a.Network, WideNetwork: a.Wide, WidestNetwork: a.Widest,
		DeviceLimit: storepb.AttemptLimitPB(l.Device), AccountLimit: storepb.AttemptLimitPB(l.Account), NetworkLimit: storepb.AttemptLimitPB(l.Network),
		KnownAddressOnly: l.KnownAddressOnly,
	}
	// An unused limit may have values that the message does not allow.
	if a.Wide != "" {
		r.WideLimit = storepb.AttemptLimitPB(l.Wide)
	}
	if a.Widest != "" {
		r.WidestLimit = storepb.AttemptLimitPB(l.Widest)
	}
	resp, err := s.auth.BeginAttempt(ctx, r)
	if err != nil {
		return store.Admission{}, err
	}
	return store.Admission{Wait: resp.GetWait().AsDuration(), Known: resp.GetKnown(), KnownAddress: resp.GetKnownAddress()}, nil
}

// EndAttempt implements store.Attempts.
func (s *Store) EndAttempt(ctx context.Context, a store.Attempt, knownFor time.Duration) error {
	_, err := s.auth.EndAttempt(ctx, &databasev1.EndAttemptRequest{
		UserId: a.UserID, Account: a.Account[:], Address: a.Address, Network: a.Network, WideNetwork: a.Wide, WidestNetwork: a.Widest,
		KnownFor: durationpb.New(knownFor),
	})
	return err
}
