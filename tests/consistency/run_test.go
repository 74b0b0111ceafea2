package consistency

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// How much there is to write and to read. Few things are written often, so
// that every moment of every one is looked at.
const (
	users      = 6
	characters = 4
	readers    = 8
	// graves is how many revoked sessions are still asked for.
	graves = 16
)

// config says what to run.
type config struct {
	seed     uint64
	length   time.Duration
	faults   bool
	near     uint64
	feed     postgres.FeedMode
	sabotage sabotage
	// stopAtAnomaly ends the run with the first.
	stopAtAnomaly bool
	// progress is called now and then, if not nil.
	progress func(*run)
}

// run is one run of the checker.
type run struct {
	config
	t        testing.TB
	began    time.Time
	pg       *testenv.PrivatePostgres
	redis    *testenv.PrivateRedis
	proxies  [2]struct{ postgres, redis *testenv.Proxy }
	replicas [2]*replica
	site     *sql.DB
	ctx      context.Context //nolint:containedctx // ends the run
	stop     context.CancelFunc

	users      []*user
	characters []*character

	mu        sync.Mutex
	reads     map[string]int
	writes    map[string]int
	failed    map[string]int // calls that a fault has failed
	faulted   map[string]int
	anomalies []string
	worst     time.Duration
	stale     int // reads that were behind at all
}

func (r *run) clock() time.Duration { return time.Since(r.began) }

func (r *run) count(m map[string]int, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m[what]++
}

func (r *run) anomaly(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.anomalies) < 20 {
		r.anomalies = append(r.anomalies, fmt.Sprintf(format, args...))
	}
	if r.stopAtAnomaly {
		r.stop()
	}
}

// judge holds an answer against a register.
func (r *run) judge(reg *register, a answer) {
	old, bad := reg.judge(a)
	if bad != "" {
		r.anomaly("%s", bad)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old > 0 {
		r.stale++
		r.worst = max(r.worst, old)
	}
}

// start begins a run and returns it when its time is over.
func start(t testing.TB, cfg config) *run {
	t.Helper()
	r := &run{
		config: cfg, t: t, began: time.Now(),
		reads: map[string]int{}, writes: map[string]int{}, failed: map[string]int{}, faulted: map[string]int{},
	}
	r.pg, r.redis = testenv.OwnPostgres(t), testenv.OwnRedis(t)
	pc, err := pgx.ParseConfig(r.pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	r.site = stdlib.OpenDB(*pc)
	t.Cleanup(func() { _ = r.site.Close() })
	(&storetest.SQLWebsite{DB: r.site, Engine: "postgres"}).LoadFixtures(t)
	for i := range r.replicas {
		p := &r.proxies[i]
		p.postgres, p.redis = testenv.NewProxy(t, r.pg.Addr()), testenv.NewProxy(t, r.redis.Addr())
		r.replicas[i] = openReplica(t, replicaConfig{
			postgres: p.postgres.URL(t, r.pg.URL()), redis: p.redis.URL(t, r.redis.URL()),
			// Short, so that values run out and the floor moves many times in a run.
			near: cfg.near, ttl: 2 * time.Second, migrate: true, sabotage: cfg.sabotage, feed: cfg.feed,
		})
	}
	r.ctx, r.stop = context.WithTimeout(context.Background(), cfg.length)
	defer r.stop()
	r.populate()
	var running sync.WaitGroup
	for i := range r.users {
		running.Go(func() { r.writeUser(r.users[i], rand.New(rand.NewPCG(cfg.seed, uint64(i)))) }) //nolint:gosec // repeatable
	}
	for i := range r.characters {
		running.Go(func() { r.writeCharacter(r.characters[i], rand.New(rand.NewPCG(cfg.seed, uint64(100+i)))) }) //nolint:gosec // repeatable
	}
	for i := range readers {
		running.Go(func() { r.readAll(rand.New(rand.NewPCG(cfg.seed, uint64(200+i)))) }) //nolint:gosec // repeatable
	}
	if cfg.faults {
		running.Go(func() { r.harm(rand.New(rand.NewPCG(cfg.seed, 300))) }) //nolint:gosec // repeatable
	}
	if cfg.progress != nil {
		running.Go(r.report)
	}
	running.Wait()
	return r
}

func (r *run) report() {
	for r.pause(10 * time.Second) {
		r.progress(r)
	}
}

// pause waits, and reports whether the run goes on.
func (r *run) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// user is what is written of one user.
type user struct {
	id, username, email string
	name                register // v1, v2, …
	ban                 register // free or banned
	mu                  sync.Mutex
	sessions            []*session // the last is the living one
}

// session is one session and its token.
type session struct {
	id, token string
	there     register // none, there, gone
	expiry    register // milliseconds since 1970
}

// character is what is written of one character, by one replica at a time.
type character struct {
	id      store.CharacterID
	owner   string
	money   register
	version int64
}

// start makes a register that holds a value from the beginning.
func holding(value string) register {
	return register{commits: []commit{{value: value, by: website}}}
}

func (r *run) exec(query string, args ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := r.site.ExecContext(ctx, query, args...)
	return err
}

func (r *run) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) populate() {
	for i := range users {
		u := &user{id: "check-" + strconv.Itoa(i), username: "check_" + strconv.Itoa(i), email: "check-" + strconv.Itoa(i) + "@example.com"}
		u.name, u.ban = holding("v0"), holding("free")
		r.must(r.exec(`INSERT INTO "user" (id, name, email, "emailVerified", username, banned) VALUES ($1, 'v0', $2, true, $3, false)`, u.id, u.email, u.username))
		r.users = append(r.users, u)
		r.must(r.signIn(u, rand.New(rand.NewPCG(r.seed, uint64(1000+i))))) //nolint:gosec // repeatable
	}
	for i := range characters {
		owner := r.users[i%2].id
		c, err := r.replicas[0].CreateCharacter(r.ctx, store.NewCharacter{
			UserID: owner, Name: "Check" + strconv.Itoa(i), Key: strconv.Itoa(i), State: stateWith(0),
		})
		r.must(err)
		r.characters = append(r.characters, &character{id: c.ID, owner: owner, money: holding("0"), version: c.Version})
	}
}

func stateWith(money int64) store.CharacterState {
	return store.CharacterState{
		Position: store.Position{Zone: 1}, ReviveZone: 1, Level: 1, HP: 1,
		Stats: store.Stats{Strength: 1, Dexterity: 1, Intelligence: 1, Concentration: 1, Charm: 1, Sense: 1}, Money: money,
	}
}

// newExpiry is an end that is nobody else's and far away.
func newExpiry(rng *rand.Rand) time.Time {
	return time.Now().Add(time.Hour + time.Duration(rng.IntN(1<<40))).UTC().Truncate(time.Millisecond)
}

func expiryValue(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// signIn makes a session, which somebody may have asked for already.
func (r *run) signIn(u *user, rng *rand.Rand) error {
	s := &session{id: fmt.Sprintf("s-%016x", rng.Uint64()), token: fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())}
	end := newExpiry(rng)
	s.there, s.expiry = holding("none"), holding(expiryValue(end))
	u.mu.Lock()
	u.sessions = append(u.sessions, s)
	if len(u.sessions) > graves {
		u.sessions = u.sessions[1:]
	}
	u.mu.Unlock()
	r.pause(time.Duration(rng.IntN(10)) * time.Millisecond)
	return s.there.write(r.clock, website, "there", func() error {
		return r.exec(`INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt") VALUES ($1, $2, $3, $4, now())`, s.id, s.token, u.id, end)
	})
}

// writeUser is the website at work on one user.
func (r *run) writeUser(u *user, rng *rand.Rand) {
	for n := 1; r.pause(time.Duration(rng.IntN(60)) * time.Millisecond); n++ {
		var err error
		what := "name"
		switch rng.IntN(10) {
		case 0:
			what = "ban"
			next := map[string]string{"free": "banned", "banned": "free"}[u.ban.value()]
			err = u.ban.write(r.clock, website, next, func() error {
				return r.exec(`UPDATE "user" SET banned = $2 WHERE id = $1`, u.id, next == "banned")
			})
		case 1, 2:
			what = "sign-out and in"
			s := u.living()
			err = s.there.write(r.clock, website, "gone", func() error { return r.exec(`DELETE FROM session WHERE id = $1`, s.id) })
			if err == nil {
				err = r.signIn(u, rng)
			}
		case 3:
			what = "expiry"
			s, end := u.living(), newExpiry(rng)
			err = s.expiry.write(r.clock, website, expiryValue(end), func() error {
				return r.exec(`UPDATE session SET "expiresAt" = $2 WHERE id = $1`, s.id, end)
			})
		default:
			name := "v" + strconv.Itoa(n)
			err = u.name.write(r.clock, website, name, func() error {
				return r.exec(`UPDATE "user" SET name = $2 WHERE id = $1`, u.id, name)
			})
		}
		if err != nil {
			r.t.Errorf("the website's own statement failed: %v", err)
			r.stop()
			return
		}
		r.count(r.writes, what)
	}
}

func (u *user) living() *session {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.sessions[len(u.sessions)-1]
}

// writeCharacter saves one character through either replica, and reads it back.
func (r *run) writeCharacter(c *character, rng *rand.Rand) {
	for n := int64(1); r.pause(time.Duration(rng.IntN(60)) * time.Millisecond); n++ {
		by := rng.IntN(2)
		save := store.CharacterSave{ID: c.id, Version: c.version, Key: "save-" + strconv.FormatInt(n, 10), State: stateWith(n)}
		err := c.money.write(r.clock, by, strconv.FormatInt(n, 10), func() error {
			for { // the same save until it is answered: it is made once
				results, err := r.replicas[by].SaveCharacters(context.Background(), []store.CharacterSave{save})
				if err == nil {
					err = results[0].Err
				}
				if err == nil {
					c.version = results[0].Version
					return nil
				}
				if !retriable(err) {
					return err
				}
				r.count(r.failed, "save")
				if !r.pause(50 * time.Millisecond) {
					return err
				}
			}
		})
		if err != nil {
			if r.ctx.Err() == nil {
				r.anomaly("save of character %s: %v", c.id, err)
			}
			return
		}
		r.count(r.writes, "save")
		r.readCharacter(c, by, store.Cached)
	}
}

// retriable reports whether a fault may be behind an error.
func retriable(err error) bool {
	k := errs.KindOf(err)
	return k == errs.Unavailable || k == errs.DeadlineExceeded
}

// readAll reads at random.
func (r *run) readAll(rng *rand.Rand) {
	for r.ctx.Err() == nil {
		replica, consistency := rng.IntN(2), store.Cached
		if rng.IntN(10) == 0 {
			consistency = store.Fresh
		}
		u := r.users[rng.IntN(users)]
		switch rng.IntN(6) {
		case 0:
			r.readCharacter(r.characters[rng.IntN(characters)], replica, consistency)
		case 1:
			r.readList(r.users[rng.IntN(2)], replica, consistency)
		case 2, 3:
			u.mu.Lock()
			s := u.sessions[len(u.sessions)-1-rng.IntN(min(3, len(u.sessions)))]
			if rng.IntN(10) == 0 {
				s = u.sessions[0]
			}
			u.mu.Unlock()
			r.readSession(u, s, replica, consistency)
		default:
			r.readUser(u, rng.IntN(3), replica, consistency)
		}
	}
}

// read makes a call and returns when it was made; ok is false if there is
// nothing to judge.
func (r *run) read(what string, c store.Consistency, replica int, call func(context.Context) error) (a answer, err error, ok bool) { //nolint:revive // the error is an answer
	a = answer{what: what, replica: replica, fresh: c == store.Fresh, began: r.clock()}
	err = call(context.Background())
	a.ended = r.clock()
	r.count(r.reads, what)
	if err != nil && retriable(err) {
		r.count(r.failed, what)
		r.pause(10 * time.Millisecond)
		return a, err, false
	}
	return a, err, true
}

func exactly(value string) func(string) bool { return func(v string) bool { return v == value } }

func (r *run) readUser(u *user, way, replica int, c store.Consistency) {
	var got *store.User
	a, err, ok := r.read([]string{"GetUser", "GetUserByUsername", "GetUserByEmail"}[way], c, replica, func(ctx context.Context) (err error) {
		switch way {
		case 0:
			got, err = r.replicas[replica].GetUser(ctx, u.id, c)
		case 1:
			got, err = r.replicas[replica].GetUserByUsername(ctx, u.username, c)
		default:
			got, err = r.replicas[replica].GetUserByEmail(ctx, u.email, c)
		}
		return err
	})
	switch {
	case !ok:
	case err != nil:
		r.anomaly("%s of %s: %v", a.what, u.id, err)
	default:
		a.shown, a.is = got.Name, exactly(got.Name)
		r.judge(&u.name, a)
		ban := "free"
		if got.Banned {
			ban = "banned"
		}
		a.shown, a.is = ban, exactly(ban)
		r.judge(&u.ban, a)
	}
}

func (r *run) readSession(u *user, s *session, replica int, c store.Consistency) {
	var got *store.Session
	a, err, ok := r.read("GetSession", c, replica, func(ctx context.Context) (err error) {
		got, _, err = r.replicas[replica].GetSession(ctx, s.token, c)
		return err
	})
	if !ok {
		return
	}
	there, ban := "there", "free"
	switch {
	case err == nil:
		a.shown, a.is = got.ExpiresAt.String(), exactly(expiryValue(got.ExpiresAt))
		r.judge(&s.expiry, a)
	case errs.ReasonOf(err) == store.ErrUserBanned.Reason:
		ban = "banned"
	case errs.ReasonOf(err) == store.ErrSessionNotFound.Reason:
		a.shown, a.is = "not found", func(v string) bool { return v != "there" }
		r.judge(&s.there, a)
		return
	default:
		r.anomaly("GetSession of %s: %v", s.id, err)
		return
	}
	a.shown, a.is = there, exactly(there)
	r.judge(&s.there, a)
	a.shown, a.is = ban, exactly(ban)
	r.judge(&u.ban, a)
}

func (r *run) readCharacter(ch *character, replica int, c store.Consistency) {
	var got *store.Character
	a, err, ok := r.read("GetCharacter", c, replica, func(ctx context.Context) (err error) {
		got, err = r.replicas[replica].GetCharacter(ctx, ch.id, c)
		return err
	})
	switch {
	case !ok:
	case err != nil:
		r.anomaly("GetCharacter of %s: %v", ch.id, err)
	default:
		a.shown = strconv.FormatInt(got.State.Money, 10)
		a.is = exactly(a.shown)
		r.judge(&ch.money, a)
	}
}

func (r *run) readList(u *user, replica int, c store.Consistency) {
	var got []*store.Character
	a, err, ok := r.read("GetCharacterList", c, replica, func(ctx context.Context) (err error) {
		got, err = r.replicas[replica].ListCharacters(ctx, u.id, true, c)
		return err
	})
	if !ok {
		return
	}
	if err != nil {
		r.anomaly("GetCharacterList of %s: %v", u.id, err)
		return
	}
	money := map[store.CharacterID]int64{}
	for _, ch := range got {
		money[ch.ID] = ch.State.Money
	}
	for _, ch := range r.characters {
		if ch.owner != u.id {
			continue
		}
		m, ok := money[ch.id]
		if !ok {
			r.anomaly("GetCharacterList of %s misses %s", u.id, ch.id)
			continue
		}
		a.shown = strconv.FormatInt(m, 10)
		a.is = exactly(a.shown)
		r.judge(&ch.money, a)
	}
}

// summary is what a run did and found.
func (r *run) summary() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	total := func(m map[string]int) (n int) {
		for _, v := range m {
			n += v
		}
		return n
	}
	fmt.Fprintf(&b, "seed %d, feed by %s, %d bytes in the process, %s: %d reads, %d writes, %d faults; %d calls failed by faults\n",
		r.seed, r.feed, r.near, r.clock().Round(time.Second), total(r.reads), total(r.writes), total(r.faulted), total(r.failed))
	fmt.Fprintf(&b, "reads %v\nwrites %v\nfaults %v\n", r.reads, r.writes, r.faulted)
	fmt.Fprintf(&b, "%d anomalies; %d reads were behind a commit, the worst by %s (allowed: %s)\n",
		len(r.anomalies), r.stale, ms(r.worst), Bound)
	for _, a := range r.anomalies {
		fmt.Fprintln(&b, "ANOMALY", a)
	}
	return b.String()
}
