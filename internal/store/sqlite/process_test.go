package sqlite_test

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	driversqlite "modernc.org/sqlite"

	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// asProcess is set in the environment of a test binary that is another process
// beside the tests: it opens and closes the files whose paths it reads, and
// writes an outcome for each. If it is "hang", it stops where SQL calls the
// function in_the_middle. If it is "scribble" and an offset, it writes rubbish there
// instead; "nobody" runs as another user.
const asProcess = "WAYSTONE_TEST_AS_PROCESS"

func TestMain(m *testing.M) {
	mode := os.Getenv(asProcess)
	if mode == "" {
		os.Exit(m.Run())
	}
	driversqlite.MustRegisterScalarFunction("in_the_middle", 0, func(*driversqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		if mode == "hang" {
			fmt.Fprintln(os.Stdout, "in the middle")
			select {}
		}
		return nil, nil
	})
	if mode == "nobody" {
		if err := becomeNobody(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for paths := bufio.NewScanner(os.Stdin); paths.Scan(); {
		if _, offset, ok := strings.Cut(mode, "scribble "); ok {
			fmt.Fprintln(os.Stdout, scribble(paths.Text(), offset))
			continue
		}
		s, err := sqlite.Open(context.Background(), sqlite.Config{Path: paths.Text()})
		if err == nil {
			err = errors.Join(s.Ping(context.Background()), s.Close())
		}
		fmt.Fprintln(os.Stdout, outcome(err))
	}
}

// scribble writes rubbish into a file.
func scribble(path, offset string) string {
	f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // the test's own file
	if err == nil {
		var at int64
		_, err = fmt.Sscan(offset, &at)
		_, failed := f.WriteAt([]byte("rubbish"), at)
		err = errors.Join(err, failed, f.Close())
	}
	if err != nil {
		return err.Error()
	}
	return "scribbled"
}

func outcome(err error) string {
	if err != nil {
		return fmt.Sprintf("%q", err)
	}
	return "opened"
}

// process is a test binary with asProcess.
type process struct {
	cmd     *osexec.Cmd
	in      io.WriteCloser
	answers *bufio.Scanner
}

// startProcess starts one, which is killed with the test.
func startProcess(t *testing.T, mode string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &process{cmd: osexec.CommandContext(ctx, os.Args[0])} //nolint:gosec // this test itself
	p.cmd.Env = append(os.Environ(), asProcess+"="+mode)
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.answers = in, bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = p.cmd.Wait() // it has been killed, now or by the test
	})
	return p
}

// open tells the process to open a file.
func (p *process) open(t *testing.T, path string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.in, path); err != nil {
		t.Fatal(err)
	}
}

// asked tells the process a path, and expects an answer.
func (p *process) asked(t *testing.T, path, want string) {
	t.Helper()
	p.open(t, path)
	p.expect(t, want)
}

// expect waits for an answer of the process, which is killed after a minute:
// then there is none.
func (p *process) expect(t *testing.T, want string) {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	if !p.answers.Scan() {
		t.Fatalf("the process has ended, or gave no answer within a minute (%v); want %q", p.answers.Err(), want)
	}
	if got := p.answers.Text(); got != want {
		t.Errorf("a process answers %s, want %s", got, want)
	}
}
