package storepb

import (
	"google.golang.org/protobuf/types/known/durationpb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// AttemptLimitPB is l as a message. A limit that does not fit in the message
// becomes one that the receiver refuses.
func AttemptLimitPB(l store.AttemptLimit) *databasev1.AttemptLimit {
	return &databasev1.AttemptLimit{
		Free: uint32(max(0, min(l.Free, 1<<31-1))), First: durationpb.New(l.First), //nolint:gosec // between the two
		Longest: durationpb.New(l.Longest), Memory: durationpb.New(l.Memory),
	}
}

// AttemptLimit is m as a limit.
func AttemptLimit(m *databasev1.AttemptLimit) store.AttemptLimit {
	return store.AttemptLimit{
		Free: int(m.GetFree()), First: m.GetFirst().AsDuration(),
		Longest: m.GetLongest().AsDuration(), Memory: m.GetMemory().AsDuration(),
	}
}

// attemptMessage is a message that describes an attempt.
type attemptMessage interface {
	GetUserId() string
	GetAccount() []byte
	GetAddress() string
	GetNetwork() string
	GetWideNetwork() string
	GetWidestNetwork() string
}

// Attempt is the attempt of a message; INVALID_ARGUMENT unless the account has
// 32 bytes.
func Attempt(m attemptMessage) (store.Attempt, error) {
	d, err := Digest(m.GetAccount())
	if err != nil {
		return store.Attempt{}, errs.Invalid("account", "must be 32 bytes")
	}
	return store.Attempt{
		UserID: m.GetUserId(), Account: d, Address: m.GetAddress(), Network: m.GetNetwork(), Wide: m.GetWideNetwork(), Widest: m.GetWidestNetwork(),
	}, nil
}
