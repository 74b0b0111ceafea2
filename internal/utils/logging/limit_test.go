package logging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/logging"
)

// safeBuffer is written by loggers and by what tells of records left out.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// tally counts by message and reason: the lines written and those left out.
func (s *safeBuffer) tally(t *testing.T) (written, dropped map[string]int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	written, dropped = map[string]int{}, map[string]int{}
	for line := range strings.Lines(s.b.String()) {
		var r struct {
			Level, Msg, Reason string
			Dropped            int
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		key := strings.TrimSpace(r.Level + " " + r.Msg + " " + r.Reason)
		if r.Dropped > 0 {
			dropped[key] += r.Dropped
		} else {
			written[key]++
		}
	}
	return written, dropped
}

func limited(t *testing.T, perSecond int) (*slog.Logger, *safeBuffer) {
	t.Helper()
	var out safeBuffer
	log, err := logging.New(&out, logging.Config{Format: logging.JSON, Level: "debug", MaxPerSecond: perSecond})
	if err != nil {
		t.Fatal(err)
	}
	return log, &out
}

// TestLinesOfACauseAreBounded: in each second, with the number of those left
// out, and without taking lines from another cause.
func TestLinesOfACauseAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := limited(t, 5)
		for range 3 { // seconds
			for i := range 1000 {
				log.With("remote", i).Info("closed", "reason", "too_many")
			}
			log.Info("closed", "reason", "other")
			log.Warn("closed", "reason", "too_many")
			log.Error("panic")
			time.Sleep(time.Second)
			synctest.Wait()
		}
		for range 100 {
			log.Debug("detail")
		}
		written, dropped := out.tally(t)
		if diff := cmp.Diff(map[string]int{
			"INFO closed too_many": 15, "INFO closed other": 3, "WARN closed too_many": 3, "ERROR panic": 3, "DEBUG detail": 100,
		}, written); diff != "" {
			t.Errorf("written:\n%s", diff)
		}
		if diff := cmp.Diff(map[string]int{"INFO closed too_many": 3 * 995}, dropped); diff != "" {
			t.Errorf("left out:\n%s", diff)
		}
	})
}

// TestFlushTellsTheRest at the end of the process.
func TestFlushTellsTheRest(t *testing.T) {
	t.Parallel()
	log, out := limited(t, 1)
	for range 20000 {
		log.WithGroup("g").Info("refused")
	}
	logging.Flush(log)
	written, dropped := out.tally(t)
	if sum := written["INFO refused"] + dropped["INFO refused"]; sum != 20000 || written["INFO refused"] > 100 {
		t.Errorf("%v written, %v left out", written, dropped)
	}
	logging.Flush(slog.New(slog.DiscardHandler)) // one without limits has nothing to tell
}

// TestManyCausesAreBounded too.
func TestManyCausesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := limited(t, 1)
		for i := range 5000 {
			log.Info("refused", "reason", fmt.Sprint("made up ", i))
		}
		logging.Flush(log)
		written, dropped := out.tally(t)
		n := 0
		for _, of := range []map[string]int{written, dropped} {
			for _, k := range of {
				n += k
			}
		}
		if n != 5000 || len(written) > 1100 {
			t.Errorf("%d lines told of, %d written", n, len(written))
		}
	})
}
