package app_test

import (
	"net"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
)

// gcPercent is GOGC as it is in this process.
func gcPercent() uint64 {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

//nolint:paralleltest // GOGC is the process's own
func TestTheAuthPartCollectsLaterUnlessTold(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	t.Cleanup(func(old int) func() { return func() { debug.SetGCPercent(old) } }(debug.SetGCPercent(100)))
	for _, c := range []struct {
		gogc string
		part string
		want uint64
	}{
		{"", "character", 100},
		{"100", "auth", 100},
		{"", "auth", 200},
	} {
		debug.SetGCPercent(100)
		e := newEnv(t)
		e["GOGC"] = c.gogc
		e["DISCOVERY_DATABASE"] = "127.0.0.1:1"
		e["OPS_LISTEN_ADDR"] = taken.Addr().String() // it starts no further than to here
		if r := run(t, e, "", "serve", c.part); r.code != 1 || !strings.Contains(r.stderr, "OPS_LISTEN_ADDR") {
			t.Errorf("%s: exit status %d: %s", c.part, r.code, r.stderr)
		}
		if got := gcPercent(); got != c.want {
			t.Errorf("GOGC=%q, %s: %d, want %d", c.gogc, c.part, got, c.want)
		}
	}
}
