package failure

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/utils/balance"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// process is the built service.
type process struct {
	binary string
	env    []string
	ops    string
	cmd    *exec.Cmd
	out    *bytes.Buffer
}

// startProcess builds the service and runs it on the servers.
func startProcess(t *testing.T, servers *servers) *subject {
	t.Helper()
	p := &process{binary: filepath.Join(t.TempDir(), "waystone"), out: &bytes.Buffer{}}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", p.binary, "../../cmd/waystone")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build waystone: %v\n%s", err, out)
	}
	port, ops := strconv.Itoa(testenv.FreePort(t)), strconv.Itoa(testenv.FreePort(t))
	addr := net.JoinHostPort("127.0.0.1", port)
	p.ops = net.JoinHostPort("127.0.0.1", ops)
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"DATABASE_URL=" + servers.pg.URL(), "REDIS_URL=" + servers.redis.URL(), "DATABASE_MAX_CONNS=" + strconv.Itoa(maxConns),
		"CACHE_NEAR_BYTES=0", "LISTEN_ADDR=127.0.0.1", "SERVICE_PORT=" + port, "OPS_LISTEN_ADDR=" + p.ops,
	}
	p.start(t)
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("output of waystone:\n%s", p.out)
		}
	})
	s := &subject{t: t, servers: servers, called: map[string]bool{}, process: p}
	// As internal/app connects to another part.
	options, err := balance.DialOptions(balance.Config{NoHealthCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	s.dial = func() *grpc.ClientConn {
		cc, err := rpc.Dial(addr, rpc.ClientConfig{Options: append(options, s.options()...)})
		if err != nil {
			t.Fatal(err)
		}
		return cc
	}
	s.conn = s.dial()
	t.Cleanup(func() { _ = s.conn.Close() })
	return s
}

// start returns when the service is ready.
func (p *process) start(t *testing.T) {
	t.Helper()
	p.cmd = exec.Command(p.binary, "serve", "database")
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	if !eventually(patience, func() bool {
		resp, err := client.Get("http://" + p.ops + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}) {
		t.Fatal("the service does not become ready")
	}
}

// kill is kill -9. It does nothing when the process has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // killed, and told so
}
