package database

import (
	"google.golang.org/grpc"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Register puts the four services of the database part on a server. The broker
// is told by the feed of the engine behind the store, and is the caller's to
// close before the server stops, since watches last until then. secrets are the
// website's, by which it signs tokens: with any, a signed token has to be signed
// by one of them.
func Register(r grpc.ServiceRegistrar, s store.Store, broker *watch.Broker, secrets ...string) {
	tokens := newTokens(secrets)
	databasev1.RegisterUserServiceServer(r, &Users{store: s})
	databasev1.RegisterSessionServiceServer(r, &Sessions{store: s, broker: broker, tokens: tokens})
	databasev1.RegisterCharacterDbServiceServer(r, &Characters{store: s})
	databasev1.RegisterAuthStoreServiceServer(r, &AuthStore{store: s, tokens: tokens})
}
