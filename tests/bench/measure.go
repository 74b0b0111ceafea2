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

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
)

// clients are the connections to one server, and what is asked over them.
type clients struct {
	conns      []*grpc.ClientConn
	health     question
	users      []question // one for each warm user, as are the two below
	sessions   []question
	characters []question
}

func connect(addr string) (*clients, error) {
	conns, err := dial(addr)
	if err != nil {
		return nil, err
	}
	return &clients{conns: conns}, nil
}

// over returns the connection of a caller.
func (c *clients) over(caller int) *grpc.ClientConn { return c.conns[caller%connections] }

// askHealth makes the health check a question.
func (c *clients) askHealth(ctx context.Context) error {
	var got grpc_health_v1.HealthCheckResponse
	return c.health.ask(ctx, c.conns[0], grpc_health_v1.Health_Check_FullMethodName, &grpc_health_v1.HealthCheckRequest{}, &got, func() error {
		return same(&got, &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING})
	})
}

// askWarm makes questions of the reads of all warm users, and characters for
// them on first use.
func (b *bench) askWarm(ctx context.Context, c *clients) error {
	c.users, c.sessions, c.characters = make([]question, b.warm), make([]question, b.warm), make([]question, b.warm)
	for i := range b.warm {
		character, err := b.characterOf(ctx, c, i)
		if err != nil {
			return fmt.Errorf("make characters: %w", err)
		}
		row := b.env.rows[i]
		var u databasev1.GetUserResponse
		err = c.users[i].ask(ctx, c.conns[0], databasev1.UserService_GetUser_FullMethodName, &databasev1.GetUserRequest{UserId: row.user.GetId()}, &u,
			func() error { return same(&u, &databasev1.GetUserResponse{User: row.user}) })
		if err != nil {
			return err
		}
		var s databasev1.GetSessionResponse
		err = c.sessions[i].ask(ctx, c.conns[0], databasev1.SessionService_GetSession_FullMethodName, &databasev1.GetSessionRequest{Token: b.env.warmTokens[i]}, &s,
			func() error { return same(&s, &databasev1.GetSessionResponse{Session: row.session, User: row.user}) })
		if err != nil {
			return err
		}
		var ch databasev1.GetCharacterResponse
		err = c.characters[i].ask(ctx, c.conns[0], databasev1.CharacterDbService_GetCharacter_FullMethodName, &databasev1.GetCharacterRequest{CharacterId: character.GetId()}, &ch,
			func() error { return same(&ch, &databasev1.GetCharacterResponse{Character: character}) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *clients) check(name string) side {
	return side{name, func(ctx context.Context, caller, _ int) error { return c.health.again(ctx, c.over(caller)) }}
}

// warmSide asks questions in turn; the callers begin at different ones.
func (c *clients) warmSide(name string, questions []question) side {
	return side{name, func(ctx context.Context, caller, n int) error {
		return questions[(caller*7919+n)%len(questions)].again(ctx, c.over(caller))
	}}
}

func (c *clients) user() side      { return c.warmSide("GetUser", c.users) }
func (c *clients) session() side   { return c.warmSide("GetSession", c.sessions) }
func (c *clients) character() side { return c.warmSide("GetCharacter", c.characters) }

// subject is a running server under test.
type subject struct {
	*process
	*clients
}

// subject starts the database part and asks it for every warm row once.
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
	if err := errors.Join(c.askHealth(ctx), b.askWarm(ctx, c)); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *subject) close() error { return errors.Join(hangUp(s.conns), s.stop()) }

// characterOf returns the character of warm user i, made on first use.
func (b *bench) characterOf(ctx context.Context, c *clients, i int) (*databasev1.Character, error) {
	resp, err := databasev1.NewCharacterDbServiceClient(c.conns[0]).CreateCharacter(ctx, &databasev1.CreateCharacterRequest{
		UserId: b.env.warmIDs[i], Name: fmt.Sprintf("Wanderer %d", i), IdempotencyKey: "bench",
		Appearance: &databasev1.Appearance{Gender: 1, BirthStone: 2, Hair: 3, Face: 4},
		State: &databasev1.CharacterState{
			Position: &databasev1.Position{Zone: 22, X: 520000.5, Y: 519999.5}, ReviveZone: 20, Job: 111, Level: 57, Xp: 123456, Hp: 2345, Mp: 1234,
			Stats:      &databasev1.Stats{Strength: 101, Dexterity: 52, Intelligence: 33, Concentration: 44, Charm: 25, Sense: 66},
			StatPoints: 7, SkillPoints: 3, Stamina: 4321, Money: 9876543210,
		},
	})
	return resp.GetCharacter(), err
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
	if err := bare.askHealth(ctx); err != nil {
		return err
	}
	check := s.check("health check")
	if err := b.compare(ctx, ratio{name: "health check", target: 0.80}, check, bare.check("bare health check")); err != nil {
		return err
	}
	reads := []side{s.user(), s.character(), s.session()}
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
		if err := b.costOf(ctx, sd.name, sd, s.process); err != nil {
			return err
		}
	}
	return nil
}

// costOf measures what a call costs the processes that answer it.
func (b *bench) costOf(ctx context.Context, name string, sd side, servers ...*process) error {
	if _, err := shoot(ctx, sd, b.slice, 0); err != nil {
		return err
	}
	sums := func() (map[string]float64, error) {
		all := map[string]float64{}
		for _, p := range servers {
			m, err := p.metrics(ctx)
			if err != nil {
				return nil, err
			}
			for k, v := range m {
				all[k] += v
			}
		}
		return all, nil
	}
	before, err := sums()
	if err != nil {
		return err
	}
	v, err := shoot(ctx, sd, time.Minute, costCalls)
	if err != nil {
		return err
	}
	after, err := sums()
	if err != nil {
		return err
	}
	per := func(name string) float64 { return (after[name] - before[name]) / float64(v.calls) }
	c := cost{
		call: name, objects: per("go_memstats_mallocs_total"), bytes: per("go_memstats_alloc_bytes_total"),
		cpu: 1e6 * per("process_cpu_seconds_total"),
	}
	b.report.costs = append(b.report.costs, c)
	b.say("cost of %s: %.1f allocations, %.1f µs", c.call, c.objects, c.cpu)
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
	for _, read := range []side{s.user(), s.character(), s.session()} {
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

// coldUsers decodes its answers, which are all different.
func coldUsers(name string, c *clients, keys *coldKeys) side {
	users := c.userServices()
	return side{name, func(ctx context.Context, caller, _ int) error {
		id := keys.take()
		resp, err := users[caller%connections].GetUser(ctx, &databasev1.GetUserRequest{UserId: id})
		if err == nil && resp.GetUser().GetId() != id {
			err = fmt.Errorf("asked for user %s, got %s", id, resp.GetUser().GetId())
		}
		return err
	}}
}

func (c *clients) userServices() []databasev1.UserServiceClient {
	var list []databasev1.UserServiceClient
	for _, cc := range c.conns {
		list = append(list, databasev1.NewUserServiceClient(cc))
	}
	return list
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
	// That the server answers the same is known since it was asked for warm rows.
	var got databasev1.GetUserResponse
	if err := new(question).ask(ctx, bare.conns[0], databasev1.UserService_GetUser_FullMethodName, &databasev1.GetUserRequest{UserId: b.env.warmIDs[0]}, &got,
		func() error { return same(&got, &databasev1.GetUserResponse{User: b.env.rows[0].user}) }); err != nil {
		return err
	}
	ours, theirs := &coldKeys{env: b.env}, &coldKeys{env: b.env}
	cold := coldUsers("GetUser", s.clients, ours)
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
		s, cold = again, coldUsers("GetUser", again.clients, ours)
		ours.next.Store(0)
		_, err = shoot(ctx, s.user(), b.slice, 0) // as warm as the floor
		return err
	}
	return b.compare(ctx, ratio{name: "cold GetUser", target: 0.60, beforeSlice: fresh},
		side{"GetUser", func(ctx context.Context, caller, n int) error { return cold.call(ctx, caller, n) }},
		coldUsers("bare query", bare, theirs))
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
	users := c.userServices()
	start, results := make(chan struct{}), make(chan error, stampede)
	for i := range stampede {
		go func() {
			<-start
			_, err := users[i%connections].GetUser(ctx, &databasev1.GetUserRequest{UserId: id})
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
