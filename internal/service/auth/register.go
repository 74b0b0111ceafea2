package auth

import (
	"context"

	"google.golang.org/grpc"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// sessionSource is a method that a store has in addition to the contract if it
// gets sessions from another part. It is GetSession, with the same errors, but
// returns the GetSessionResponse as the other part has encoded it.
type sessionSource interface {
	EncodedSession(ctx context.Context, token string, c store.Consistency) ([]byte, error)
}

// Register puts the part's service on a server. Over a store that is reached
// through the database part, CheckSession passes that part's answers on as they
// are.
func Register(r grpc.ServiceRegistrar, s *Server) {
	desc := &authv1.AuthService_ServiceDesc
	if source, ok := s.store.(sessionSource); ok {
		desc = rpc.Replace(*desc, "CheckSession", passOn(source))
	}
	r.RegisterService(desc, s)
}

// passOn answers CheckSession. Its response has the fields of GetSessionResponse,
// so the bytes of the one are those of the other.
func passOn(source sessionSource) func(context.Context, *authv1.CheckSessionRequest) (*storepb.Reply, error) {
	return func(ctx context.Context, r *authv1.CheckSessionRequest) (*storepb.Reply, error) {
		encoded, err := source.EncodedSession(ctx, r.GetToken(), store.Cached)
		if err != nil {
			return nil, err
		}
		return storepb.ForwardedReply((*authv1.CheckSessionResponse)(nil), encoded), nil
	}
}
