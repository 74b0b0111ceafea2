package docgen_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// apiPage is the reference of the database part.
func apiPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/api/database.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestListedErrors: the codes and reasons that the reference lists are those
// of the contract, and none of the contract's is left out.
func TestListedErrors(t *testing.T) {
	page := apiPage(t)
	ended := regexp.MustCompile(`([A-Z_]{5,}) \(([A-Z_]+(?:, [A-Z_]+)*)\)`)
	listed := map[string]bool{}
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "**Errors:**") {
			continue
		}
		for _, m := range ended.FindAllStringSubmatch(line, -1) {
			for reason := range strings.SplitSeq(m[2], ", ") {
				listed[reason] = true
				var code codes.Code
				if err := code.UnmarshalJSON([]byte(`"` + m[1] + `"`)); err != nil {
					t.Errorf("%s is no code: %s", m[1], line)
					continue
				}
				if strings.HasPrefix(reason, "INVALID_") {
					continue // made from the field's name
				}
				e := store.ByReason(reason)
				if e == nil {
					t.Errorf("%s is no reason of the contract: %s", reason, line)
				} else if want := rpc.Code(e.Kind); code != want {
					t.Errorf("%s comes with the code %s, not with %s", reason, want, code)
				}
			}
		}
	}
	for _, e := range []*errs.Error{
		store.ErrUserNotFound, store.ErrUserBanned, store.ErrSessionNotFound, store.ErrSessionExpired, store.ErrCharacterNotFound,
		store.ErrNameTaken, store.ErrCharacterLimit, store.ErrAlreadyDeleted, store.ErrNotDeleted, store.ErrCharacterInPlay,
		store.ErrGameAccountNotFound, store.ErrTicketInvalid, store.ErrPlayNotFound, store.ErrTokenTaken, store.ErrJoinRefused,
		store.ErrTooManyWatchers, store.ErrWatchTooSlow, store.ErrWatchClosed, store.ErrFeedUnavailable,
	} {
		if !listed[e.Reason] {
			t.Errorf("no method lists %s", e.Reason)
		}
	}
}

// example is a call in the reference, as a reader would paste it.
type example struct{ method, command string }

// examples returns those of the page, and fails the test for a method without.
func examples(t *testing.T, page string) []example {
	t.Helper()
	full := regexp.MustCompile("(?m)^`(waystone\\.database\\.v1\\.\\w+)\\.(\\w+)`$")
	var list []example
	methods := full.FindAllStringSubmatchIndex(page, -1)
	for i, m := range methods {
		end := len(page)
		if i+1 < len(methods) {
			end = methods[i+1][0]
		}
		name := page[m[2]:m[3]] + "/" + page[m[4]:m[5]]
		_, block, _ := strings.Cut(page[m[1]:end], "```sh\n")
		command, _, ok := strings.Cut(block, "```")
		if !ok || !strings.HasSuffix(strings.TrimSpace(command), " "+name) {
			t.Errorf("%s has no example", name)
			continue
		}
		list = append(list, example{name, command})
	}
	if len(list) < 20 {
		t.Fatalf("%d examples were found", len(list))
	}
	return list
}

// grpcurl returns the folder of the grpcurl that make builds, of the version
// that tools/go.mod names.
func grpcurl(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../.tools/grpcurl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		testenv.Missing(t, err.Error()+": run make .tools/grpcurl")
	}
	return filepath.Dir(path)
}

// TestExamples runs each example of the reference in a shell against a server
// with the rows of testdata/examples.sql, each on a database of its own.
func TestExamples(t *testing.T) {
	list := examples(t, apiPage(t))
	path := grpcurl(t) + string(os.PathListSeparator) + os.Getenv("PATH")
	file := exampleRows(t)
	for _, e := range list {
		t.Run(e.method, func(t *testing.T) {
			addr := serveExamples(t, file)
			command := strings.ReplaceAll(e.command, "127.0.0.1:50052", addr)
			if command == e.command {
				t.Fatalf("the example does not call port 50052:\n%s", command)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			// exec: an interrupt reaches grpcurl itself.
			cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+command)
			cmd.Env = append(os.Environ(), "PATH="+path)
			var problems bytes.Buffer
			cmd.Stderr = &problems
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var answer map[string]any
			if err := json.NewDecoder(bufio.NewReader(out)).Decode(&answer); err != nil {
				t.Errorf("no answer in JSON: %v", err)
			}
			if strings.HasSuffix(e.method, "/Watch") {
				if answer["signal"] != "WATCH_SIGNAL_HERE" {
					t.Errorf("the watch begins with %v", answer)
				}
				// It would go on for ever.
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
				_ = cmd.Wait() // killed
				return
			}
			_, _ = io.Copy(io.Discard, out)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v\n%s\n%s", err, command, problems.String())
			}
			if reasons := reasonsIn(answer); len(reasons) > 0 {
				t.Errorf("the answer refuses with %q: %v", reasons, answer)
			}
		})
	}
}

// reasonsIn returns the reasons in an answer that carries one result for each
// item asked for.
func reasonsIn(answer map[string]any) []string {
	var reasons []string
	for _, list := range answer {
		items, _ := list.([]any)
		for _, item := range items {
			if m, ok := item.(map[string]any); ok && m["reason"] != nil {
				reasons = append(reasons, fmt.Sprint(m["reason"]))
			}
		}
	}
	slices.Sort(reasons)
	return reasons
}

// exampleRows returns a database file with what the examples name.
func exampleRows(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "examples.db")
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile("testdata/examples.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(rows)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveExamples runs the database part on a copy of a file and returns its
// address.
func serveExamples(t *testing.T, file string) string {
	t.Helper()
	rows, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, rows, 0o600); err != nil {
		t.Fatal(err)
	}
	engine, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	served, err := cached.New(engine, cached.Config{NearBytes: 1 << 20, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := rpc.NewServer(rpc.ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	broker := watch.New(watch.Config{})
	database.Register(srv, served, broker)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// Who watches is refused until the feed has begun.
	begun := &beginning{begun: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = srv.Serve(ln) })
	running.Go(func() { _ = engine.Feed().Follow(ctx, store.Followers{served, broker, begun}) })
	t.Cleanup(func() {
		broker.Close()
		srv.Stop()
		stop()
		running.Wait()
		if err := served.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-begun.begun:
	case <-time.After(20 * time.Second):
		t.Fatal("the feed does not begin")
	}
	return ln.Addr().String()
}

// beginning is a Follower that waits for the first confirmation.
type beginning struct {
	once  sync.Once
	begun chan struct{}
}

func (*beginning) Reset(string, store.Snapshot)          {}
func (*beginning) Changed([]store.Change)                {}
func (b *beginning) Confirmed(time.Time, store.Snapshot) { b.once.Do(func() { close(b.begun) }) }
func (*beginning) Lost(error)                            {}
