package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
)

// clients are the connections to one server.
type clients struct {
	conns      []*grpc.ClientConn
	health     []grpc_health_v1.HealthClient
	users      []databasev1.UserServiceClient
	sessions   []databasev1.SessionServiceClient
	characters []databasev1.CharacterDbServiceClient
	ids        []string // of the characters of warm users
}

func connect(addr string) (*clients, error) {
	conns, err := dial(addr)
	if err != nil {
		return nil, err
	}
	c := &clients{conns: conns}
	for _, cc := range conns {
		c.health = append(c.health, grpc_health_v1.NewHealthClient(cc))
		c.users = append(c.users, databasev1.NewUserServiceClient(cc))
		c.sessions = append(c.sessions, databasev1.NewSessionServiceClient(cc))
		c.characters = append(c.characters, databasev1.NewCharacterDbServiceClient(cc))
	}
	return c, nil
}

func (c *clients) check(name string) side {
	return side{name, func(ctx context.Context, caller, _ int) error {
		_, err := c.health[caller%connections].Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	}}
}

// pick spreads the calls of the callers over the warm keys.
func pick(caller, n, keys int) int { return (caller*7919 + n) % keys }

func (b *bench) user(c *clients) side {
	return side{"GetUser", func(ctx context.Context, caller, n int) error {
		_, err := c.users[caller%connections].GetUser(ctx, &databasev1.GetUserRequest{UserId: b.env.warmIDs[pick(caller, n, b.warm)]})
		return err
	}}
}

func (b *bench) session(c *clients) side {
	return side{"GetSession", func(ctx context.Context, caller, n int) error {
		_, err := c.sessions[caller%connections].GetSession(ctx, &databasev1.GetSessionRequest{Token: b.env.warmTokens[pick(caller, n, b.warm)]})
		return err
	}}
}

func (b *bench) character(c *clients) side {
	return side{"GetCharacter", func(ctx context.Context, caller, n int) error {
		_, err := c.characters[caller%connections].GetCharacter(ctx, &databasev1.GetCharacterRequest{CharacterId: c.ids[pick(caller, n, b.warm)]})
		return err
	}}
}

// subject is a running server under test.
type subject struct {
	*process
	*clients
}

// subject starts the database part, sees to it that there are characters, and
// reads every warm row once.
func (b *bench) subject(ctx context.Context, settings ...string) (*subject, error) {
	p, err := b.env.waystone(ctx, append(b.settings[:len(b.settings):len(b.settings)], settings...)...)
	if err != nil {
		return nil, err
	}
	c, err := connect(p.addr)
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	s := &subject{process: p, clients: c}
	for i := range b.warm {
		id, err := b.characterOf(ctx, c, i)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make characters: %w", err), s.close())
		}
		c.ids = append(c.ids, id)
	}
	return s, nil
}

func (s *subject) close() error { return errors.Join(hangUp(s.conns), s.stop()) }

// characterOf returns the character of warm user i, made on first use.
func (b *bench) characterOf(ctx context.Context, c *clients, i int) (string, error) {
	resp, err := c.characters[0].CreateCharacter(ctx, &databasev1.CreateCharacterRequest{
		UserId: b.env.warmIDs[i], Name: fmt.Sprintf("Wanderer %d", i), IdempotencyKey: "bench",
		Appearance: &databasev1.Appearance{Gender: 1, BirthStone: 2, Hair: 3, Face: 4},
		State: &databasev1.CharacterState{
			Position: &databasev1.Position{Zone: 22, X: 520000.5, Y: 519999.5}, ReviveZone: 20, Job: 111, Level: 57, Xp: 123456, Hp: 2345, Mp: 1234,
			Stats:      &databasev1.Stats{Strength: 101, Dexterity: 52, Intelligence: 33, Concentration: 44, Charm: 25, Sense: 66},
			StatPoints: 7, SkillPoints: 3, Stamina: 4321, Money: 9876543210,
		},
	})
	return resp.GetCharacter().GetId(), err
}

// warmReads measures what answers from memory, against the health check of the
// same server, and that against a bare server's.
func (b *bench) warmReads(ctx context.Context) (err error) {
	if !b.wanted("health check", "warm GetUser", "warm GetCharacter", "warm GetSession", "cost of a call") {
		return nil
	}
	b.say("starting the database part and a bare gRPC server")
	s, err := b.subject(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	floor, err := b.env.floor(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, floor.stop()) }()
	bare, err := connect(floor.addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hangUp(bare.conns)) }()
	check := s.check("health check")
	if err := b.compare(ctx, ratio{name: "health check", target: 0.80}, check, bare.check("bare health check")); err != nil {
		return err
	}
	reads := []side{b.user(s.clients), b.character(s.clients), b.session(s.clients)}
	for _, read := range reads {
		if err := b.compare(ctx, ratio{name: "warm " + read.name, target: 0.90}, read, check); err != nil {
			return err
		}
	}
	return b.costs(ctx, s, append([]side{check}, reads...))
}

// costCalls is how many calls the cost of one is taken from.
const costCalls = 100_000

// costs measures what a warm call costs the server: all that its process
// allocates and computes meanwhile, divided by the calls.
func (b *bench) costs(ctx context.Context, s *subject, sides []side) error {
	if !b.wanted("cost of a call") {
		return nil
	}
	for _, sd := range sides {
		if _, err := shoot(ctx, sd, b.slice, 0); err != nil {
			return err
		}
		before, err := s.metrics(ctx)
		if err != nil {
			return err
		}
		v, err := shoot(ctx, sd, time.Minute, costCalls)
		if err != nil {
			return err
		}
		after, err := s.metrics(ctx)
		if err != nil {
			return err
		}
		per := func(name string) float64 { return (after[name] - before[name]) / float64(v.calls) }
		c := cost{
			call: sd.name, objects: per("go_memstats_mallocs_total"), bytes: per("go_memstats_alloc_bytes_total"),
			cpu: 1e6 * per("process_cpu_seconds_total"),
		}
		b.report.costs = append(b.report.costs, c)
		b.say("cost of %s: %.1f allocations, %.1f µs", c.call, c.objects, c.cpu)
	}
	return nil
}

// sharedReads measures what answers from Redis, the cache inside the process
// being off.
func (b *bench) sharedReads(ctx context.Context) (err error) {
	if !b.wanted("from Redis GetUser", "from Redis GetCharacter", "from Redis GetSession") {
		return nil
	}
	var settings []string
	if b.env.knows(b.nearOff) {
		settings = append(settings, b.nearOff)
	} else {
		b.report.notes = append(b.report.notes, "The binary has no setting "+b.nearOff+": what is said to come from Redis comes from wherever it keeps it.")
	}
	s, err := b.subject(ctx, settings...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	check := s.check("health check")
	for _, read := range []side{b.user(s.clients), b.character(s.clients), b.session(s.clients)} {
		if err := b.compare(ctx, ratio{name: "from Redis " + read.name, target: 0.35}, read, check); err != nil {
			return err
		}
	}
	return nil
}

// coldKeys hands out users that nobody has asked for yet.
type coldKeys struct {
	env  *environment
	next atomic.Int64
}

func (k *coldKeys) take() string {
	return userID(k.env.warm + int(k.next.Add(1)-1)%(k.env.users-k.env.warm))
}

// used returns which share of the keys has been handed out.
func (k *coldKeys) used() float64 { return float64(k.next.Load()) / float64(k.env.users-k.env.warm) }

func coldUsers(name string, c *clients, keys *coldKeys) side {
	return side{name, func(ctx context.Context, caller, _ int) error {
		_, err := c.users[caller%connections].GetUser(ctx, &databasev1.GetUserRequest{UserId: keys.take()})
		return err
	}}
}

// coldReads measures reads of keys that no cache holds against one query behind
// a bare server.
func (b *bench) coldReads(ctx context.Context) (err error) {
	if !b.wanted("cold GetUser") {
		return nil
	}
	floor, err := b.env.floor(ctx, "-database", b.env.postgres.URL())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, floor.stop()) }()
	bare, err := connect(floor.addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hangUp(bare.conns)) }()
	s, err := b.subject(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := b.sameAnswer(ctx, s.clients, bare); err != nil {
		return err
	}
	ours, theirs := &coldKeys{env: b.env}, &coldKeys{env: b.env}
	fresh := func(ctx context.Context) error {
		if ours.used() < 0.8 {
			return nil
		}
		// The keys run out: an empty cache makes all of them cold again.
		b.say("cold GetUser: %d keys used, the server starts again with empty caches", ours.next.Load())
		if err := s.close(); err != nil {
			return err
		}
		if err := b.env.emptyRedis(ctx); err != nil {
			return err
		}
		again, err := b.subject(ctx)
		if err != nil {
			return err
		}
		s = again
		ours.next.Store(0)
		_, err = shoot(ctx, b.user(s.clients), b.slice, 0) // as warm as the floor
		return err
	}
	return b.compare(ctx, ratio{name: "cold GetUser", target: 0.60, beforeSlice: fresh},
		side{"GetUser", func(ctx context.Context, caller, n int) error {
			return coldUsers("GetUser", s.clients, ours).call(ctx, caller, n)
		}}, coldUsers("bare query", bare, theirs))
}

// sameAnswer makes sure that the two sides of the cold read do the same work.
func (b *bench) sameAnswer(ctx context.Context, ours, theirs *clients) error {
	req := &databasev1.GetUserRequest{UserId: b.env.warmIDs[0]}
	a, err := ours.users[0].GetUser(ctx, req)
	if err != nil {
		return err
	}
	z, err := theirs.users[0].GetUser(ctx, req)
	if err != nil {
		return err
	}
	if !proto.Equal(a, z) {
		return fmt.Errorf("the floor answers another user than the server under test:\n%v\n%v", a, z)
	}
	return nil
}

// stampede is how many callers want one cold key at once.
const stampede = 10_000

// oneKey counts the queries that a stampede costs.
func (b *bench) oneKey(ctx context.Context) (err error) {
	if !b.wanted("one cold key") {
		return nil
	}
	if err := b.env.emptyRedis(ctx); err != nil {
		return err
	}
	s, err := b.subject(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	const rounds = 5
	var counts []string
	met := true
	for i := range rounds {
		n, err := b.queriesOf(ctx, func() error { return readAtOnce(ctx, s.clients, userID(b.users-1-i)) })
		if err != nil {
			return err
		}
		counts, met = append(counts, strconv.FormatInt(n, 10)), met && n == 1
		b.say("one cold key: %d reads, %d queries", stampede, n)
	}
	b.report.facts = append(b.report.facts, fact{
		what:     fmt.Sprintf("queries for %s concurrent reads of one cold key, %d keys", thousands(stampede), rounds),
		measured: strings.Join(counts, ", "), target: "1 each", verdict: verdict(met),
	})
	return nil
}

// readAtOnce lets the whole stampede ask for one user.
func readAtOnce(ctx context.Context, c *clients, id string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start, results := make(chan struct{}), make(chan error, stampede)
	for i := range stampede {
		go func() {
			<-start
			_, err := c.users[i%connections].GetUser(ctx, &databasev1.GetUserRequest{UserId: id})
			results <- err
		}()
	}
	close(start)
	var err error
	for range stampede {
		if e := <-results; err == nil {
			err = e
		}
	}
	return err
}

// memory watches the size of the server while ever new keys go through its
// cache.
func (b *bench) memory(ctx context.Context) (err error) {
	if !b.wanted("memory") {
		return nil
	}
	var settings []string
	if b.env.knows(b.bound) {
		settings = append(settings, b.bound)
	}
	if err := b.env.emptyRedis(ctx); err != nil {
		return err
	}
	s, err := b.subject(ctx, settings...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	keys := &coldKeys{env: b.env}
	const steps = 6
	var sizes []float64
	for i := range steps {
		if _, err := shoot(ctx, coldUsers("GetUser", s.clients, keys), b.minute/steps, 0); err != nil {
			return err
		}
		m, err := s.metrics(ctx)
		if err != nil {
			return err
		}
		sizes = append(sizes, m["process_resident_memory_bytes"]/(1<<20))
		b.say("memory: %.0f MiB after %v", sizes[i], b.minute/steps*time.Duration(i+1))
	}
	var texts []string
	for _, v := range sizes {
		texts = append(texts, fmt.Sprintf("%.0f", v))
	}
	// Flat: the second half adds no more than a tenth.
	half := sizes[steps/2-1]
	b.report.facts = append(b.report.facts, fact{
		what:     fmt.Sprintf("resident memory, MiB, every %v while %s keys are read cold%s", b.minute/steps, thousands(float64(keys.next.Load())), withSettings(settings)),
		measured: strings.Join(texts, ", "), target: "flat", verdict: verdict(sizes[steps-1] <= half*1.1),
	})
	return nil
}

func withSettings(settings []string) string {
	if len(settings) == 0 {
		return ""
	}
	return ", `" + strings.Join(settings, " ") + "`"
}
