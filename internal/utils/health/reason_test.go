package health_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// TestAReasonIsTheSameEverywhere: report, probe, log and metric.
func TestAReasonIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var failure atomic.Pointer[error]
	set := func(err error) { failure.Store(&err) }
	set(nil)
	h := health.New(health.Config{Period: time.Nanosecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
	h.Add(health.Check{Name: "redis", Degraded: true, Reasons: []string{"read_only", "full"}, Func: func(context.Context) error { return *failure.Load() }})
	h.SetState(health.Ready)
	web := httptest.NewServer(h.Ready())
	defer web.Close()
	metrics := func(readOnly, full, failed int) {
		t.Helper()
		h.Report()
		want := "# HELP waystone_health_failing 1 while a check of /readyz fails for a reason. With critical=true the process is not ready then, otherwise it is degraded.\n" +
			"# TYPE waystone_health_failing gauge\n" + fmt.Sprintf(
			"waystone_health_failing{check=\"redis\",critical=\"false\",reason=\"failed\"} %d\n"+
				"waystone_health_failing{check=\"redis\",critical=\"false\",reason=\"full\"} %d\n"+
				"waystone_health_failing{check=\"redis\",critical=\"false\",reason=\"read_only\"} %d\n", failed, full, readOnly) +
			"# HELP waystone_ready 1 while the process can serve, as /readyz says.\n# TYPE waystone_ready gauge\nwaystone_ready 1\n"
		if err := testutil.CollectAndCompare(h, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	metrics(0, 0, 0)
	const sentence = "it is a replica and takes no writes"
	set(fmt.Errorf("wrapped: %w", health.Because("read_only", errors.New(sentence))))
	metrics(1, 0, 0)
	failing, err := health.Probe(t.Context(), web.URL)
	if err != nil || len(failing) != 1 || failing[0].Reason != "read_only" || failing[0].String() != "redis: wrapped: "+sentence {
		t.Errorf("the probe says %v, %v", failing, err)
	}
	set(health.Because("full", errors.New("no room")))
	metrics(0, 1, 0)
	set(health.Because("unheard_of", errors.New("no label is made of what is not listed")))
	metrics(0, 0, 1)
	set(nil)
	metrics(0, 0, 0)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 4 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[0], sentence) || !strings.Contains(lines[0], "reason=read_only") ||
		!strings.Contains(lines[1], "reason=full") || !strings.Contains(lines[2], "reason=failed") || !strings.Contains(lines[3], "works again") {
		t.Errorf("the log has\n%s", &log)
	}
}

// TestAnUnreadyProcessSaysWhatIsWrong: the critical first.
func TestAnUnreadyProcessSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := health.New(health.Config{})
	fails := func(context.Context) error { return errors.New("it is away") }
	h.Add(health.Check{Name: "cache", Degraded: true, Func: fails})
	h.Add(health.Check{Name: "auth", Func: fails})
	h.SetState(health.Ready)
	web := httptest.NewServer(h.Ready())
	defer web.Close()
	_, err := health.Probe(t.Context(), web.URL)
	if want := "probe " + web.URL + ": unready\n  auth: it is away\n  cache: it is away"; err == nil || err.Error() != want {
		t.Errorf("the probe says %v, want %s", err, want)
	}
}

// TestADegradedCheckStopsItsServicesOnly.
func TestADegradedCheckStopsItsServicesOnly(t *testing.T) {
	t.Parallel()
	var disk failing
	disk.on.Store(true)
	h := health.New(health.Config{Services: []string{"reads"}})
	h.Add(health.Check{Name: "disk", Degraded: true, Services: []string{"writes"}, Func: disk.check})
	if serving(t, h, "writes") {
		t.Error("writes are served before the process is ready")
	}
	h.SetState(health.Ready)
	if !serving(t, h, "") || !serving(t, h, "reads") || serving(t, h, "writes") {
		t.Error("a degraded check has the wrong reach")
	}
}

// TestOneMissDoesNotCount: unless it has never worked.
func TestOneMissDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var auth failing
		auth.on.Store(true)
		h := health.New(health.Config{})
		h.Add(health.Check{Name: "auth", Misses: 2, Func: auth.check})
		h.SetState(health.Ready)
		for i, step := range []struct{ down, ready bool }{
			{true, false}, {false, true}, {true, true}, {false, true}, {true, true}, {true, false}, {true, false}, {false, true},
		} {
			auth.on.Store(step.down)
			if h.Report().Ready != step.ready {
				t.Errorf("step %d: ready is %v", i, !step.ready)
			}
			time.Sleep(time.Second)
		}
	})
}

// TestWhatComesAfterTheStartIsNoWarning: the log tells of a check that has never
// worked once that lasts.
func TestWhatComesAfterTheStartIsNoWarning(t *testing.T) {
	t.Parallel()
	for _, comes := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var feed failing
			var log bytes.Buffer
			feed.on.Store(true)
			h := health.New(health.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
			h.Add(health.Check{Name: "feed", Func: feed.check})
			h.SetState(health.Ready)
			time.Sleep(3 * time.Second)
			h.Report()
			if log.Len() > 0 {
				t.Errorf("told too soon: %s", &log)
			}
			feed.on.Store(!comes)
			time.Sleep(3 * time.Second)
			h.Report()
			if told := strings.Contains(log.String(), "level=WARN"); told == comes {
				t.Errorf("it comes: %v; the log has %q", comes, &log)
			}
		})
	}
}
