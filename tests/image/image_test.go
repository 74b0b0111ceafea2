// Package image tests the container image without a container engine: it does
// what the Dockerfile says, and runs the result in a root directory of its own
// as the image's user, with the image's environment and commands.
package image_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// patience bounds every wait for a process.
const patience = 30 * time.Second

// container runs commands of an image.
type container struct {
	root string
	im   image
	id   uint32
}

func newContainer(t *testing.T) container {
	t.Helper()
	if os.Geteuid() != 0 {
		testenv.Missing(t, "only root may change the root directory: run the tests as root to test the image")
	}
	stage, im := dockerfile(t)
	user, group, ok := strings.Cut(im.user, ":")
	id, err := strconv.ParseUint(user, 10, 32)
	if err != nil || id == 0 || !ok || group != user {
		t.Fatalf("USER %s: must be a number that is not root's, and the same group", im.user)
	}
	return container{root: assemble(t, build(t, stage), im), im: im, id: uint32(id)}
}

// command prepares a command of the image, with settings as docker run -e has
// them beside those of the image.
func (c container) command(t *testing.T, words []string, env map[string]string) *exec.Cmd {
	t.Helper()
	all := c.im.env
	program := ""
	for dir := range strings.SplitSeq(all["PATH"], ":") {
		if _, err := os.Stat(filepath.Join(c.root, dir, words[0])); err == nil {
			program = path.Join(dir, words[0])
			break
		}
	}
	if program == "" {
		t.Fatalf("%s is not on the PATH of the image, %q", words[0], all["PATH"])
	}
	cmd := exec.Command(program, words[1:]...) //nolint:gosec // the binary under test
	for k, v := range all {
		if _, replaced := env[k]; !replaced {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
	}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: c.id, Gid: c.id}}
	return cmd
}

// run runs a command to its end and returns what it wrote and its exit status.
func (c container) run(t *testing.T, words []string, env map[string]string) (out string, status int) {
	t.Helper()
	b, err := c.command(t, words, env).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		status = exit.ExitCode()
	}
	return string(b), status
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestImage builds the image once and uses it as an operator does.
func TestImage(t *testing.T) {
	t.Parallel()
	c := newContainer(t)

	t.Run("holds two files", func(t *testing.T) {
		var files []string
		err := fs.WalkDir(os.DirFS(c.root), ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files = append(files, name)
			}
			return err
		})
		if want := []string{"etc/ssl/certs/ca-certificates.crt", "usr/local/bin/waystone"}; err != nil || !slices.Equal(files, want) {
			t.Errorf("%v, %v; want %v", files, err, want)
		}
	})

	t.Run("listens for others by itself", func(t *testing.T) {
		if !slices.Equal(c.im.cmd, []string{"waystone", "serve", "database"}) || c.im.stop != "SIGTERM" {
			t.Errorf("it runs %v until %s", c.im.cmd, c.im.stop)
		}
		out, status := c.run(t, []string{"waystone", "config", "database"}, nil)
		settings := map[string]string{}
		for line := range strings.Lines(out) {
			if words := strings.Fields(line); len(words) > 1 {
				settings[words[0]] = words[1]
			}
		}
		for name, want := range map[string]string{"LISTEN_ADDR": "0.0.0.0", "SERVICE_PORT": "50052", "OPS_LISTEN_ADDR": "0.0.0.0"} {
			if settings[name] != want {
				t.Errorf("%s is %q, want %q (exit status %d)", name, settings[name], want, status)
			}
		}
		if !slices.Contains(c.im.exposed, settings["SERVICE_PORT"]) {
			t.Errorf("EXPOSE %v does not name the port of the service", c.im.exposed)
		}
	})

	t.Run("other parts by arguments", func(t *testing.T) {
		for _, words := range [][]string{{"waystone", "config", "auth"}, {"waystone", "config", "packet"}, {"waystone", "config"}, {"waystone", "version"}} {
			if out, status := c.run(t, words, nil); status != 0 {
				t.Errorf("%v: %d, %s", words, status, out)
			}
		}
	})

	t.Run("without a database", func(t *testing.T) {
		out, status := c.run(t, c.im.cmd, map[string]string{"LISTEN_ADDR": "127.0.0.1", "OPS_LISTEN_ADDR": "127.0.0.1:0", "SERVICE_PORT": "0"})
		if status != 1 || !strings.Contains(out, "DATABASE_URL is not set") {
			t.Errorf("ended with %d: %s", status, out)
		}
	})

	t.Run("serves", func(t *testing.T) { serves(t, c) })
}

func serves(t *testing.T, c container) {
	t.Helper()
	pg := testenv.Postgres(t)
	for _, f := range []string{"postgres_schema.sql", "seed_postgres.sql", "rebase_postgres.sql"} {
		pg.Exec(t, betterauth.Read(f))
	}
	port := strconv.Itoa(testenv.FreePort(t))
	env := map[string]string{
		"DATABASE_URL": pg.URL(), "REDIS_URL": testenv.Redis(t), "DRAIN_DELAY": "0s",
		"LISTEN_ADDR": "127.0.0.1", "SERVICE_PORT": port, "OPS_LISTEN_ADDR": net.JoinHostPort("127.0.0.1", strconv.Itoa(testenv.FreePort(t))),
	}
	if out, status := c.run(t, c.im.health, env); status == 0 {
		t.Errorf("before the start it is healthy: %s", out)
	}

	var log lockedBuffer
	cmd := c.command(t, c.im.cmd, env)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, unless the test failed
		if t.Failed() {
			t.Log(log.String())
		}
	})

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		out, status := c.run(t, c.im.health, env)
		if status == 0 {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it does not become healthy: %s", out)
		case err := <-ended:
			t.Fatalf("it ended: %v", err)
		case <-time.After(20 * time.Millisecond): // another process can only be polled
		}
	}

	cc, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	health, err := grpc_health_v1.NewHealthClient(cc).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil || health.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health.GetStatus(), err)
	}
	users := databasev1.NewUserServiceClient(cc)
	named, err := users.GetUserByUsername(ctx, &databasev1.GetUserByUsernameRequest{Username: "alice_01"})
	if err != nil {
		t.Fatal(err)
	}
	user, err := users.GetUser(ctx, &databasev1.GetUserRequest{UserId: named.GetUser().GetId()})
	if err != nil || user.GetUser().GetUsername() != "alice_01" {
		t.Errorf("user %v, %v", user, err)
	}

	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("SIGTERM ended it with %v", err)
		}
	case <-ctx.Done():
		t.Fatal("SIGTERM does not end it")
	}
	if out, status := c.run(t, c.im.health, env); status == 0 {
		t.Errorf("after the end it is healthy: %s", out)
	}
}
