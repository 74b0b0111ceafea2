package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/service/character"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/service/packet"
	"github.com/waystone-mmo/waystone/internal/service/world"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/remote"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
	"github.com/waystone-mmo/waystone/internal/utils/health"
	"github.com/waystone-mmo/waystone/internal/utils/lifecycle"
)

// idempotentMethods are retried when a part cannot be reached: reads and
// writes that carry a key.
func idempotentMethods() []string {
	names := []string{
		databasev1.UserService_GetUser_FullMethodName,
		databasev1.UserService_GetUserByUsername_FullMethodName,
		databasev1.UserService_GetUserByEmail_FullMethodName,
		databasev1.SessionService_GetSession_FullMethodName,
		databasev1.SessionService_CheckSessions_FullMethodName,
		databasev1.CharacterDbService_GetCharacter_FullMethodName,
		databasev1.CharacterDbService_GetCharacterList_FullMethodName,
		databasev1.CharacterDbService_CreateCharacter_FullMethodName,
		databasev1.CharacterDbService_SaveCharacters_FullMethodName,
		databasev1.AuthStoreService_GetEndedPlay_FullMethodName,
		databasev1.AuthStoreService_GetGameAccount_FullMethodName,
		databasev1.AuthStoreService_SetGameAccount_FullMethodName,
		databasev1.AuthStoreService_RenewPlays_FullMethodName,
		databasev1.AuthStoreService_RefreshSessions_FullMethodName,
		databasev1.AuthStoreService_EndPlay_FullMethodName,
		databasev1.AuthStoreService_GetCredential_FullMethodName,
		databasev1.AuthStoreService_RevokeSession_FullMethodName,
		databasev1.AuthStoreService_EndAttempt_FullMethodName,
		authv1.AuthService_KeepAlive_FullMethodName,
		authv1.AuthService_EndPlay_FullMethodName,
		authv1.AuthService_CheckSession_FullMethodName,
		authv1.AuthService_SetGamePassword_FullMethodName,
		authv1.AuthService_SignOut_FullMethodName,
		characterv1.CharacterService_ListCharacters_FullMethodName,
		characterv1.CharacterService_CreateCharacter_FullMethodName,
		characterv1.CharacterService_SelectCharacter_FullMethodName,
	}
	for i, n := range names {
		names[i] = strings.TrimPrefix(n, "/")
	}
	return names
}

// gateway is what the check needs from the packet part.
type gateway interface {
	Addr(packets.Stage) net.Addr
	Ready(context.Context) error
}

// addPart adds the units of one part.
func (s *server) addPart(p part) error {
	switch p.name {
	case partDatabase:
		return s.addDatabase(p)
	case partAuth:
		return s.addAuth(p)
	case partCharacter:
		return s.addCharacter(p)
	case partWorld:
		return s.addWorld(p)
	case partPacket:
		return s.addPacket(p)
	}
	return fmt.Errorf("part %q cannot be built", p.name)
}

// needs names the units that must be up before a part that calls these parts. It
// leaves out parts in other processes.
func (s *server) needs(names ...string) []string {
	list := []string{"operations"}
	for _, n := range names {
		if s.settings.runs(n) {
			list = append(list, n+" gRPC")
		}
	}
	return list
}

// late stands for the store that the database part opens when it starts, so
// that its services can be registered before.
type late struct {
	store.Store
	storepb.Encoded
}

// websiteEvery is how often the website's tables are checked.
const websiteEvery = time.Minute

func (s *server) addDatabase(p part) error {
	served := &late{}
	var website *database.Website
	purge := database.NewPurge(s.settings.database, s.log, s.metrics)
	broker := watch.New(watch.Config{Buffer: s.settings.database.WatchBuffer, Metrics: s.metrics})
	s.manager.Add(lifecycle.Unit{
		Name:  "store",
		Needs: []string{"operations"},
		Start: func(ctx context.Context) error {
			d, err := openStore(ctx, s.settings, s.log, s.metrics)
			if err != nil {
				return err
			}
			if website, err = database.NewWebsite(ctx, d.engine); err != nil {
				d.close()
				return err
			}
			served.Store, served.Encoded = d.served, d.served
			if s.withGuests {
				if err := d.addGuests(ctx); err != nil {
					d.close()
					return err
				}
				served.Store, served.Encoded = d.guests, d.guests
			}
			s.store.Store(d)
			s.checkStore(d)
			s.health.Add(health.Check{Name: "website", Degraded: true, Reasons: database.WebsiteReasons(), Func: website.Check})
			s.health.Add(health.Check{Name: "sweep", Degraded: true, Func: purge.Check})
			s.log.Info("the store is open", "store", storeName(s.settings))
			return nil
		},
		Stop: func(context.Context) error {
			s.store.Load().close()
			return nil
		},
	})
	s.status["database"] = func() any { return s.settings.databaseStatus() }
	s.status["change_feed"] = func() any {
		if d := s.store.Load(); d != nil {
			return d.feedState()
		}
		return nil // not opened yet
	}
	s.manager.Add(lifecycle.Unit{
		Name: "change feed", Needs: []string{"store"},
		Run: func(ctx context.Context) error {
			s.store.Load().follow(ctx, s.log, broker)
			<-ctx.Done()
			return nil
		},
	})
	s.manager.Add(lifecycle.Unit{
		Name: "look at the database", Needs: []string{"store"},
		Run: func(ctx context.Context) error {
			s.store.Load().look(ctx)
			return nil
		},
	})
	s.manager.Add(lifecycle.Unit{
		Name: "purge", Needs: []string{"store"},
		Run: func(ctx context.Context) error {
			purge.Run(ctx, s.store.Load().engine)
			return nil
		},
	})
	s.manager.Add(lifecycle.Unit{
		Name: "website", Needs: []string{"store"},
		Run: func(ctx context.Context) error {
			website.Follow(ctx, websiteEvery, s.log)
			return nil
		},
	})
	// Watches last as long as their callers want. They must end before the server
	// stops, because a graceful stop waits for all calls.
	s.manager.Add(lifecycle.Unit{
		Name: "watch", Needs: []string{"store"},
		Drain: func(context.Context) error {
			broker.Close()
			return nil
		},
	})
	return s.addGRPC(p, []string{"store", "watch"}, func(r grpc.ServiceRegistrar) {
		database.Register(r, served, broker, s.settings.database.WebsiteSecrets...)
	})
}

// databaseFor returns the storage contract for a part that calls the database
// part.
func (s *server) databaseFor(part string) (*remote.Store, error) {
	cc, err := s.conn(part, partDatabase)
	if err != nil {
		return nil, err
	}
	s.checkPart(partDatabase, cc, nil)
	if !s.settings.runs(partDatabase) && (s.settings.runs(partAuth) || s.settings.runs(partCharacter)) {
		s.checkWrites(cc)
	}
	return remote.New(cc), nil
}

func (s *server) addAuth(p part) error {
	db, err := s.databaseFor(p.name)
	if err != nil {
		return err
	}
	if !s.settings.runs(partDatabase) {
		// In one process a call is cheaper than a message on a stream.
		db.BatchLookups(s.log, s.batches)
		s.stores = append(s.stores, db)
	}
	a, err := auth.New(s.settings.auth, auth.Deps{Log: s.log, Metrics: s.metrics, Store: db})
	if err != nil {
		return err
	}
	s.health.Add(health.Check{Name: "hash queue", Degraded: true, Reasons: auth.QueueReasons(), Func: a.Queue})
	return s.addGRPC(p, s.needs(partDatabase), func(r grpc.ServiceRegistrar) { auth.Register(r, a) })
}

// worldTables loads the tables of the world, once for all parts in the process.
func (s *server) worldTables() (*data.Data, error) {
	if s.tables != nil {
		return s.tables, nil
	}
	tables, err := data.LoadFile(s.settings.world.DataFile)
	if err != nil {
		return nil, err
	}
	s.tables = tables
	return tables, nil
}

func (s *server) addCharacter(p part) error {
	db, err := s.databaseFor(p.name)
	if err != nil {
		return err
	}
	tables, err := s.worldTables()
	if err != nil {
		return err
	}
	c, err := character.New(s.settings.character, character.Deps{Log: s.log, Store: db, World: tables})
	if err != nil {
		return err
	}
	return s.addGRPC(p, s.needs(partDatabase), func(r grpc.ServiceRegistrar) { characterv1.RegisterCharacterServiceServer(r, c) })
}

func (s *server) addWorld(p part) error {
	db, err := s.databaseFor(p.name)
	if err != nil {
		return err
	}
	tables, err := s.worldTables()
	if err != nil {
		return err
	}
	w, err := world.New(s.settings.world, world.Deps{Log: s.log, Characters: db, Data: tables, Metrics: s.metrics})
	if err != nil {
		return err
	}
	s.status["world"] = func() any { return w.Status() }
	s.health.Add(health.Check{Name: "world", Reasons: world.StandingReasons(), Func: w.Standing})
	s.health.Add(health.Check{Name: "zones", Degraded: true, Reasons: world.LateReasons(), Func: w.Late})
	s.health.Add(health.Check{Name: "saving", Degraded: true, Reasons: world.SavingReasons(), Func: w.Saving})
	s.manager.Add(lifecycle.Unit{
		Name: "world", Needs: s.needs(partDatabase),
		Start: w.Start, Announce: w.Announce, Drain: w.Drain, Stop: w.Stop,
	})
	return s.addGRPC(p, []string{"world"}, func(r grpc.ServiceRegistrar) { worldv1.RegisterWorldServiceServer(r, w) })
}

func (s *server) addPacket(p part) error {
	conns := map[string]*grpc.ClientConn{}
	for _, to := range []string{partDatabase, partAuth, partCharacter, partWorld} {
		cc, err := s.conn(p.name, to)
		if err != nil {
			return err
		}
		conns[to] = cc
	}
	cfg := s.settings.packet
	cfg.MaxConnections = s.shares.clients
	cfg.ListenAddr = s.settings.listen[p.name].addr
	signIn, characters := authv1.NewAuthServiceClient(conns[partAuth]), characterv1.NewCharacterServiceClient(conns[partCharacter])
	s.checkPart(partAuth, conns[partAuth], useAuth(signIn))
	s.checkPart(partCharacter, conns[partCharacter], useCharacter(characters))
	s.checkPart(partWorld, conns[partWorld], nil) // the stream has its own check
	g, err := packet.New(cfg, packet.Deps{
		Log: s.log, Metrics: s.metrics, Name: hostName(),
		Auth:      signIn,
		Character: characters,
		World:     worldv1.NewWorldServiceClient(conns[partWorld]),
		Sessions:  remote.New(conns[partDatabase]),
	})
	if err != nil {
		return err
	}
	s.gateway = g
	s.status["packet"] = func() any { return g.Status() }
	unit := lifecycle.Unit{
		Name: p.name, Needs: s.needs(partDatabase, partAuth, partCharacter, partWorld),
		Start: g.Start, Run: g.Run,
	}
	if !s.settings.runs(partWorld) {
		// A world in this process announces its own end and removes the players. A
		// world in another process goes on, and must be told that they leave.
		unit.Announce, unit.Drain = g.Announce, g.Drain
	}
	s.manager.Add(unit)
	link := lifecycle.Unit{Name: "stream to the world", Needs: []string{p.name}, Start: func(ctx context.Context) error {
		// A world in this process is up very soon, and ready means that players can
		// enter. A world in another process may come later: readiness follows it.
		if s.settings.runs(partWorld) {
			if err := s.awaitReady(ctx); err != nil {
				return err
			}
		}
		s.health.Add(health.Check{Name: "stream to the world", Reasons: packet.ReadyReasons(), Func: g.Ready})
		s.health.Add(health.Check{Name: "watch on sessions and users", Degraded: true, Reasons: packet.WatchesReasons(), Func: g.Watches})
		return nil
	}}
	s.manager.Add(link)
	return nil
}

// hostName names this gateway in the world's log.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "gateway"
	}
	if len(name) > 64 {
		name = name[:64]
	}
	return name
}
