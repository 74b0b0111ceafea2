package database

import (
	"google.golang.org/grpc"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Register puts the four services of the database part on a server. The broker
// must follow the feed of the engine behind the store. The caller has to close
// it before the server stops, because watches last until then. secrets are those
// with which the website signs tokens: if there are any, a signed token has to
// be signed by one of them. If the store is a storepb.Encoded, reads of single
// records are answered with encoded bytes.
func Register(r grpc.ServiceRegistrar, s store.Store, broker *watch.Broker, secrets ...string) {
	users, sessions, characters := &databasev1.UserService_ServiceDesc, &databasev1.SessionService_ServiceDesc, &databasev1.CharacterDbService_ServiceDesc
	tokens := newTokens(secrets)
	if encoded, ok := s.(storepb.Encoded); ok {
		e := &encodedReads{store: encoded, tokens: tokens}
		users = rpc.Replace(*users, "GetUser", e.getUser)
		sessions = rpc.Replace(*sessions, "GetSession", e.getSession)
		characters = rpc.Replace(*characters, "GetCharacter", e.getCharacter)
	}
	r.RegisterService(users, &Users{store: s})
	r.RegisterService(sessions, &Sessions{store: s, broker: broker, tokens: tokens})
	r.RegisterService(characters, &Characters{store: s})
	databasev1.RegisterAuthStoreServiceServer(r, &AuthStore{store: s, broker: broker, tokens: tokens})
}
