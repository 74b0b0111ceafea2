package failure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

const (
	// patience bounds waits that no contract bounds.
	patience = time.Minute
	// slack is what a busy machine may add to a deadline.
	slack = 2 * time.Second
)

// TestMain looks for what is left over in the end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, testenv.ProxyLeftovers()...)
}

// TestMatrix makes every fault once and calls every RPC under it.
func TestMatrix(t *testing.T) {
	on := startServers(t)
	var results []*column
	group := func(title string, open func(*testing.T, *servers) *subject, faults ...fault) {
		var columns []*column
		for _, f := range faults {
			t.Run(strings.TrimSpace(title+" "+f.name), func(t *testing.T) {
				c := &column{fault: f, tag: fmt.Sprintf("f%d", len(results))}
				columns, results = append(columns, c), append(results, c)
				c.run(t, open(t, on))
			})
		}
		if len(columns) > 0 {
			t.Log("\n" + table(title, columns))
		}
	}
	group("Redis", openSubject, redisFaults()...)
	group("PostgreSQL", openSubject, postgresFaults()...)
	group("", openSubject, callerFault())
	group("", startProcess, serviceFault())
}

// methods are the full names of all RPCs of the database part.
func methods() map[string]bool {
	all := map[string]bool{}
	pkg := databasev1.File_waystone_database_v1_user_proto.Package()
	protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			for j := range service.Methods().Len() {
				all[fmt.Sprintf("/%s/%s", service.FullName(), service.Methods().Get(j).Name())] = true
			}
		}
		return true
	})
	return all
}

// column is one fault and what it did to the calls.
type column struct {
	fault
	tag   string
	cells []*cell
}

// cell is one call under one fault.
type cell struct {
	*call
	first    error
	took     time.Duration
	recovery time.Duration // from the end of the fault to the answer
	never    error         // why there was none
}

func outcome(err error) string {
	var w wrong
	switch {
	case err == nil:
		return answered
	case errors.As(err, &w):
		return "WRONG"
	}
	return errs.KindOf(err).String()
}

// each runs f on all cells at once.
func (c *column) each(f func(*cell)) {
	var all sync.WaitGroup
	for _, cell := range c.cells {
		all.Go(func() { f(cell) })
	}
	all.Wait()
}

func (c *column) run(t *testing.T, s *subject) {
	t.Helper()
	s.redisDo(t, func(ctx context.Context, r rueidis.Client) { r.Do(ctx, r.B().Flushall().Build()) })
	for _, call := range slices.Concat(s.reads(t, c.tag), s.watching(t, c.tag), s.writes(t, c.tag)) {
		c.cells = append(c.cells, &cell{call: call})
	}
	c.warm(t, s)
	before := s.footprint(t)

	clear(s.called)
	c.begin(s)
	c.underFault(t, s)
	c.end(s)
	c.recover(t)
	if d := slices.Compare(slices.Sorted(maps.Keys(s.called)), slices.Sorted(maps.Keys(methods()))); d != 0 {
		t.Errorf("called were %v, and there are %v", slices.Sorted(maps.Keys(s.called)), slices.Sorted(maps.Keys(methods())))
	}
	for _, cell := range c.cells {
		c.judge(t, cell)
	}
	if c.clear != nil {
		c.clear(s)
	}
	s.awaitFootprint(t, before)
}

// warm reads until everything is in Redis, and until all connections to it are
// made: which of them a key goes through is the client's affair.
func (c *column) warm(t *testing.T, s *subject) {
	t.Helper()
	for i := range 64 {
		if _, err := s.db().GetUser(t.Context(), fmt.Sprintf("%s_nobody_%d", c.tag, i), store.Cached); !errors.Is(err, store.ErrUserNotFound) {
			t.Fatalf("a user who is not there: %v", err)
		}
	}
	keys := 0
	if !eventually(patience, func() bool {
		c.each(func(cell *cell) {
			if cell.kind == mayBeCached {
				if err := cell.do(t.Context()); err != nil {
					t.Errorf("%s without a fault: %v", cell.name, err)
				}
			}
		})
		keys = 0
		s.redisDo(t, func(ctx context.Context, r rueidis.Client) {
			list, err := r.Do(ctx, r.B().Keys().Pattern("*").Build()).AsStrSlice()
			if err != nil {
				t.Error(err)
			}
			keys = len(list)
		})
		return t.Failed() || keys >= 7 // user, name, address, session, token, character, list
	}) || t.Failed() {
		t.Fatalf("%d keys in redis after reads of all kinds", keys)
	}
}

// underFault makes all calls at once. Their handlers end while the fault lasts.
func (c *column) underFault(t *testing.T, s *subject) {
	t.Helper()
	var calls sync.WaitGroup
	calls.Go(func() {
		c.each(func(cell *cell) {
			if cell.late {
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), Deadline)
			defer cancel()
			began := time.Now()
			cell.first = cell.do(ctx)
			// Whatever the fault, a feed that stood still for a moment ends watches:
			// the watcher begins anew.
			for errors.Is(cell.first, store.ErrFeedUnavailable) && !slices.Contains(c.outcomes(cell), outcome(cell.first)) && ctx.Err() == nil {
				cell.first = cell.do(ctx)
			}
			cell.took = time.Since(began)
		})
	})
	if c.during != nil {
		c.during(s)
	}
	calls.Wait()
	if !eventually(slack, func() bool { return s.running.Load() == c.held }) {
		t.Errorf("%d calls are still in their handlers %s after their callers have gone", s.running.Load()-c.held, slack)
	}
}

// recover calls until there is an answer.
func (c *column) recover(t *testing.T) {
	t.Helper()
	ended := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), Recovery)
	defer cancel()
	c.each(func(cell *cell) {
		if cell.late {
			cell.first = cell.do(ctx)
			return
		}
		for {
			attempt, cancel := context.WithTimeout(ctx, Deadline)
			if cell.again != nil {
				cell.never = cell.again(attempt, cell.first)
			} else {
				cell.never = cell.do(attempt)
			}
			cancel()
			cell.recovery = time.Since(ended)
			if cell.never == nil || outcome(cell.never) == "WRONG" || ctx.Err() != nil {
				return
			}
			<-time.After(10 * time.Millisecond)
		}
	})
}

// outcomes are those allowed. A watch tells everything or ends.
func (c *column) outcomes(cell *cell) []string {
	if cell.late {
		return append(outcomes(errs.Unavailable), c.allowed(cell.kind)...)
	}
	return c.allowed(cell.kind)
}

func (c *column) judge(t *testing.T, cell *cell) {
	t.Helper()
	if got := outcome(cell.first); !slices.Contains(c.outcomes(cell), got) {
		t.Errorf("%s under the fault: %s, allowed are %v: %v", cell.name, got, c.outcomes(cell), cell.first)
	}
	if cell.took > Deadline+slack {
		t.Errorf("%s under the fault took %s, beyond its deadline of %s", cell.name, cell.took, Deadline)
	}
	if cell.never != nil {
		t.Errorf("%s has no answer %s after the end of the fault: %v", cell.name, cell.recovery, cell.never)
		return
	}
	if cell.after != nil {
		if err := cell.after(t.Context(), cell.first); err != nil {
			t.Errorf("%s, after %s under the fault: %v", cell.name, outcome(cell.first), err)
		}
	}
}

// footprint is what the database part keeps open.
type footprint struct{ goroutines, pool, feed, redis int }

func (s *subject) footprint(t *testing.T) footprint {
	t.Helper()
	f := footprint{goroutines: goroutines()}
	var busy int
	if err := s.one(t.Context(), `SELECT count(*) FILTER (WHERE application_name = 'waystone'), count(*) FILTER (WHERE application_name LIKE 'waystone feed%'),
		count(*) FILTER (WHERE application_name = 'waystone' AND state <> 'idle') FROM pg_stat_activity`, nil, &f.pool, &f.feed, &busy); err != nil {
		t.Fatal(err)
	}
	if busy > 0 { // held open in the middle of something: more than any pool may have
		f.pool += maxConns
	}
	s.redisDo(t, func(ctx context.Context, c rueidis.Client) {
		list, err := c.Do(ctx, c.B().ClientList().Build()).ToString()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(list) {
			if !strings.Contains(line, " name=test ") {
				f.redis++
			}
		}
	})
	return f
}

// goroutines counts those of this process. How many the proxies have is their
// affair.
func goroutines() int {
	for buf := make([]byte, 1<<20); ; buf = make([]byte, 2*len(buf)) {
		n := runtime.Stack(buf, true)
		if n == len(buf) {
			continue
		}
		count := 0
		for stack := range strings.SplitSeq(string(buf[:n]), "\n\n") {
			if !strings.Contains(stack, "Shopify/toxiproxy") && !strings.Contains(stack, "failure.(*pair)") {
				count++
			}
		}
		return count
	}
}

// awaitFootprint waits until no more is open than before.
func (s *subject) awaitFootprint(t *testing.T, before footprint) {
	t.Helper()
	var now footprint
	if !eventually(patience, func() bool {
		now = s.footprint(t)
		return now.goroutines <= before.goroutines && now.pool <= maxConns && now.feed == before.feed && now.redis <= before.redis
	}) {
		t.Errorf("left over: %+v, before the fault %+v", now, before)
	}
}

// table writes a Markdown table: how each call ended under the fault, and after
// how many milliseconds without it the call had its answer.
func table(title string, columns []*column) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", title)
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for i, row := range columns[0].cells {
		fmt.Fprintf(&b, "| %s |", row.name)
		for _, c := range columns {
			if i >= len(c.cells) {
				b.WriteString(" – |")
				continue
			}
			cell := c.cells[i]
			fmt.Fprintf(&b, " %s", outcome(cell.first))
			if !cell.late {
				fmt.Fprintf(&b, ", %d ms", cell.recovery.Milliseconds())
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	return b.String()
}
