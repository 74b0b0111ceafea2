// Package e2e plays the built binaries from outside: all parts in one process
// on the embedded database, and one process for each part on PostgreSQL and
// Redis, with the same scenarios.
package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// patience bounds every wait for a process.
const patience = 30 * time.Second

// binaries are built once for all tests of the package.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "waystone-e2e-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"waystone", "waystone-launcher"} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../../cmd/"+name) //nolint:gosec // fixed names
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return dir, nil
})

// testsAtOnce is how many tests run at a time unless -parallel says: most of them wait for
// leases to end and processes to come back, and compute little.
const testsAtOnce = 6

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", strconv.Itoa(max(testsAtOnce, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if dir, err := binaries(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func binary(t *testing.T, name string) string {
	t.Helper()
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// process is a running binary.
type process struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	out  lockedBuffer
	done chan struct{}
	err  error // valid once done is closed
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

// environment is what a process gets: nothing of the test's own but what a
// program needs to run.
func environment(t *testing.T, env map[string]string) []string {
	t.Helper()
	list := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	return list
}

// run starts waystone with arguments. It is stopped with the test, if it still
// runs.
func run(t *testing.T, env map[string]string, args ...string) *process {
	t.Helper()
	return runCommand(t, env, exec.Command(binary(t, "waystone"), args...)) //nolint:gosec // the binary under test
}

// runCommand is run with a command that starts waystone.
func runCommand(t *testing.T, env map[string]string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, name: strings.Join(cmd.Args[1:], " "), cmd: cmd, done: make(chan struct{})}
	p.cmd.Env = environment(t, env)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("output of %s:\n%s", p.name, p.out.String())
		}
	})
	return p
}

// stop ends the process as an operator would and waits for it.
func (p *process) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.wait() // how it ended is in p.err
}

// wait waits for the end of the process, which is killed when it takes too
// long, and returns how it ended.
func (p *process) wait() error {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
		p.t.Errorf("%s did not end within %v", p.name, patience)
	}
	return p.err
}

// ready waits until the process answers its readiness probe.
func (p *process) ready(ops string) {
	p.t.Helper()
	p.until("is ready", func() bool {
		resp, err := http.Get("http://" + ops + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// until polls a condition of the process.
func (p *process) until(what string, cond func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		select {
		case <-p.done:
			p.t.Fatalf("%s ended before it %s: %v\n%s", p.name, what, p.err, p.out.String())
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s is not what was waited for (%s) after %v\n%s", p.name, what, patience, p.out.String())
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // another process can only be polled
	}
}

// command runs waystone to its end with standard input and returns what it
// printed and its exit status.
func command(t *testing.T, env map[string]string, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t, "waystone"), args...) //nolint:gosec // the binary under test
	cmd.Env = environment(t, env)
	cmd.Stdin = strings.NewReader(stdin)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return o.String(), e.String(), status
}

// ports are n free ports for a process.
func ports(t *testing.T, n int) []string {
	t.Helper()
	var list []string
	for range n {
		list = append(list, strconv.Itoa(testenv.FreePort(t)))
	}
	return list
}
