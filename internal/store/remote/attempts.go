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
	resp, err := s.auth.BeginAttempt(ctx, &databasev1.BeginAttemptRequest{
		Account: a.Account[:], Network: a.Network,
		DeviceLimit: storepb.AttemptLimitPB(l.Device), AccountLimit: storepb.AttemptLimitPB(l.Account), NetworkLimit: storepb.AttemptLimitPB(l.Network),
	})
	if err != nil {
		return store.Admission{}, err
	}
	return store.Admission{Wait: resp.GetWait().AsDuration(), Known: resp.GetKnown()}, nil
}

// EndAttempt implements store.Attempts.
func (s *Store) EndAttempt(ctx context.Context, a store.Attempt, knownFor time.Duration) error {
	_, err := s.auth.EndAttempt(ctx, &databasev1.EndAttemptRequest{Account: a.Account[:], Network: a.Network, KnownFor: durationpb.New(knownFor)})
	return err
}
