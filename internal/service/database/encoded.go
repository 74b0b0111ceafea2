package database

import (
	"context"
	"slices"

	"google.golang.org/grpc"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// encodedReads answers the reads that are made most often with what the store
// has encoded already, in place of building and encoding a message each time.
type encodedReads struct {
	store  storepb.Encoded
	tokens tokens
}

func (s *encodedReads) getUser(ctx context.Context, r *databasev1.GetUserRequest) (*storepb.Reply, error) {
	user, err := s.store.EncodedUser(ctx, r.GetUserId(), storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return storepb.UserReply(user), nil
}

func (s *encodedReads) getSession(ctx context.Context, r *databasev1.GetSessionRequest) (*storepb.Reply, error) {
	token, ok := s.tokens.read(r.GetToken())
	if !ok {
		return nil, store.ErrSessionNotFound
	}
	session, user, err := s.store.EncodedSession(ctx, token, storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return storepb.SessionReply(session, user), nil
}

func (s *encodedReads) getCharacter(ctx context.Context, r *databasev1.GetCharacterRequest) (*storepb.Reply, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	character, err := s.store.EncodedCharacter(ctx, id, storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return storepb.CharacterReply(character), nil
}

// replace returns a service whose method of a name is answered by read. The
// method keeps its place: what stands around the methods of a service stands
// around this one.
func replace[Request any](desc grpc.ServiceDesc, name string, read func(context.Context, *Request) (*storepb.Reply, error)) *grpc.ServiceDesc {
	desc.Methods = slices.Clone(desc.Methods)
	at := slices.IndexFunc(desc.Methods, func(m grpc.MethodDesc) bool { return m.MethodName == name })
	full := "/" + desc.ServiceName + "/" + name
	desc.Methods[at].Handler = func(srv any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
		request := new(Request)
		if err := decode(request); err != nil {
			return nil, err
		}
		if around == nil {
			return answer(read(ctx, request))
		}
		return around(ctx, request, &grpc.UnaryServerInfo{Server: srv, FullMethod: full}, func(ctx context.Context, req any) (any, error) {
			request, _ := req.(*Request)
			return answer(read(ctx, request))
		})
	}
	return &desc
}

// answer keeps a reply that is not there from becoming one that is not nil.
func answer(reply *storepb.Reply, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return reply, nil
}
