package main

import (
	"bufio"
	"context"
	"crypto/md5" //nolint:gosec // spreads ids as random ones are spread, protects nothing
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// startWithin bounds the start of a process.
const startWithin = time.Minute

// environment is the servers behind the one under test, the rows in them, and
// the binary.
type environment struct {
	folder   string
	binary   string
	known    string // what the binary says of its settings
	postgres *local.Server
	redis    *local.Server
	log      *os.File // of the servers under test
	users    int
	warm     int

	warmIDs, warmTokens []string
	rows                []rows // of the warm users
}

func newEnvironment(ctx context.Context, users, warm int) (e *environment, err error) {
	e = &environment{users: users, warm: warm}
	for i := range warm {
		e.warmIDs, e.warmTokens = append(e.warmIDs, userID(i)), append(e.warmTokens, tokenOf(i))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.folder, err = os.MkdirTemp("", "waystone-bench-"); err != nil {
		return e, err
	}
	if e.log, err = os.Create(filepath.Join(e.folder, "waystone.log")); err != nil {
		return e, err
	}
	if err := e.build(ctx); err != nil {
		return e, err
	}
	if e.postgres, err = local.Postgres(ctx, "shared_preload_libraries=pg_stat_statements", "shared_buffers=256MB"); err != nil {
		return e, err
	}
	if e.redis, err = local.Redis(ctx); err != nil {
		return e, err
	}
	return e, e.seed(ctx)
}

func (e *environment) close() error {
	var err error
	for _, s := range []*local.Server{e.postgres, e.redis} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	if e.log != nil {
		err = errors.Join(err, e.log.Close())
	}
	return errors.Join(err, os.RemoveAll(e.folder))
}

// logTail returns the last lines that the servers under test have logged.
func (e *environment) logTail() string {
	text, err := os.ReadFile(e.log.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// build builds the binary as `make build` does, and asks it for its settings.
func (e *environment) build(ctx context.Context) error {
	e.binary = filepath.Join(e.folder, "waystone")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", e.binary, "github.com/waystone-mmo/waystone/cmd/waystone") //nolint:gosec // a path of our own
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build waystone: %w\n%s", err, out)
	}
	out, err := exec.CommandContext(ctx, e.binary, "serve", "database", "--help").Output() //nolint:gosec // built above
	e.known = string(out)
	return err
}

// knows reports whether the binary has a setting, given as NAME=VALUE.
func (e *environment) knows(setting string) bool {
	name, _, _ := strings.Cut(setting, "=")
	return name != "" && strings.Contains(e.known, name)
}

// userID is the id of user number i, tokenOf the token of that user's session:
// as long, and as spread, as the website's own.
func userID(i int) string { return digest("user", i) }

func tokenOf(i int) string { return digest("token", i) }

func digest(kind string, i int) string { return digestOf(kind, strconv.Itoa(i)) }

func digestOf(kind, number string) string {
	sum := md5.Sum([]byte(kind + number)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// seed loads the website's schema and rows, and many more rows with every
// column filled. A ban that is over fills the columns of the ban.
func (e *environment) seed(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, e.postgres.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	passwords, err := e.passwordsSQL()
	if err != nil {
		return err
	}
	for _, sql := range []string{
		"CREATE EXTENSION pg_stat_statements",
		betterauth.Read("postgres_schema.sql"), betterauth.Read("seed_postgres.sql"), betterauth.Read("rebase_postgres.sql"),
		fmt.Sprintf(`INSERT INTO public."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", username, "displayUsername", role, banned, "banReason", "banExpires")
			SELECT md5('user' || i), 'Player Number ' || i, 'player.' || i || '@example.com', true, 'https://cdn.example.com/avatars/' || md5(i::text) || '.png',
				now() - interval '90 days', now() - interval '1 day', 'player_' || i, 'Player_' || i, 'user', true, 'gold selling (temporary)', now() - interval '30 days'
			FROM generate_series(0, %d) i`, e.users-1),
		fmt.Sprintf(`INSERT INTO public.session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "impersonatedBy")
			SELECT md5('session' || i), now() + interval '6 days', md5('token' || i), now() - interval '1 day', now() - interval '1 hour', '203.0.113.' || (i %% 256),
				'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', md5('user' || i), md5('user' || (i + 1))
			FROM generate_series(0, %d) i`, e.warm-1),
		passwords,
		`VACUUM ANALYZE public."user"`, `VACUUM ANALYZE public.session`, `VACUUM ANALYZE public.account`,
	} {
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("load the rows: %w", err)
		}
	}
	return e.expect(ctx, conn)
}

// process is a server in a process of its own.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error  // how it ended, valid once done is closed
	addr string // gRPC
	ops  string // operations endpoints; empty for a floor
}

// again starts this program as one of its other commands. It ends when its
// standard input does, with this process at the latest.
func again(ctx context.Context, args ...string) (p *process, in io.WriteCloser, out *bufio.Reader, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...) //nolint:gosec // itself
	cmd.Stderr = os.Stderr
	if in, err = cmd.StdinPipe(); err != nil {
		return nil, nil, nil, err
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	if p, err = launch(cmd); err != nil {
		return nil, nil, nil, err
	}
	return p, in, bufio.NewReader(pipe), nil
}

// floor starts this program again as a floor.
func (e *environment) floor(ctx context.Context, args ...string) (*process, error) {
	p, _, out, err := again(ctx, append([]string{floorCommand}, args...)...)
	if err != nil {
		return nil, err
	}
	line, err := out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the floor did not start: %w", err), p.stop())
	}
	p.addr = strings.TrimSpace(line)
	return p, nil
}

// waystone starts the database part with more settings, NAME=VALUE, and waits
// until it is ready.
func (e *environment) waystone(ctx context.Context, settings ...string) (*process, error) {
	return e.serve(ctx, []string{"database"}, settings...)
}

// serve starts parts in one process with more settings, NAME=VALUE, and waits
// until it is ready. Its address is that of the first part.
func (e *environment) serve(ctx context.Context, parts []string, settings ...string) (*process, error) {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + e.folder, "DATABASE_URL=" + e.postgres.URL(), "REDIS_URL=" + e.redis.URL(),
		"DRAIN_DELAY=0s", "LOG_LEVEL=warn",
	}
	var addrs []string
	for _, name := range append(slices.Clone(parts), "ops") {
		port, err := local.FreePort()
		if err != nil {
			return nil, err
		}
		addr, prefix := net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), ""
		if len(parts) > 1 {
			prefix = strings.ToUpper(name) + "_"
		}
		if name == "ops" {
			env = append(env, "OPS_LISTEN_ADDR="+addr)
		} else {
			env = append(env, prefix+"LISTEN_ADDR=127.0.0.1", prefix+"SERVICE_PORT="+strconv.Itoa(port))
		}
		addrs = append(addrs, addr)
	}
	cmd := exec.CommandContext(ctx, e.binary, append([]string{"serve"}, parts...)...) //nolint:gosec // built by this program
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = e.log
	cmd.Env = append(env, settings...)
	p, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	p.addr, p.ops = addrs[0], addrs[len(parts)]
	if err := p.ready(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func launch(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// ready waits until the readiness probe says so.
func (p *process) ready(ctx context.Context) error { return p.answers(ctx, "http://"+p.ops+"/readyz") }

// answers polls an address until it answers: another process can only be asked.
func (p *process) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := get(ctx, url); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready: %w", filepath.Base(p.cmd.Path), p.err)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %v", filepath.Base(p.cmd.Path), startWithin)
		case <-tick.C:
		}
	}
}

// stop ends the process as an operator would.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
		return nil
	case <-time.After(startWithin):
		err := errors.Join(fmt.Errorf("%s does not end", filepath.Base(p.cmd.Path)), p.cmd.Process.Kill())
		<-p.done
		return err
	}
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return string(body), err
}

// samples reads the text of /metrics and adds up what has the same name.
func samples(text string) map[string]float64 {
	sums := map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		cut := strings.LastIndexByte(line, ' ')
		if cut < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(line[cut+1:], 64); err == nil {
			name, _, _ := strings.Cut(line[:cut], "{")
			sums[name] += v
		}
	}
	return sums
}

func (p *process) metrics(ctx context.Context) (map[string]float64, error) {
	text, err := get(ctx, "http://"+p.ops+"/metrics")
	return samples(text), err
}
