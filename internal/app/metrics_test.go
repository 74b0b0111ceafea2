package app

import (
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// TestTheOperationsGuideListsEveryMetric compares its tables with what a
// process of all parts registers.
func TestTheOperationsGuideListsEveryMetric(t *testing.T) {
	t.Parallel()
	p := Process{Stderr: io.Discard, Env: []string{"WAYSTONE_DATA=" + t.TempDir()}}
	r := config.New("waystone")
	s := register(r, parts())
	if err := r.Load(nil, p.Env); err != nil {
		t.Fatal(err)
	}
	srv, err := newServer(p, r, s)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.closeConns()
	// The store registers its metrics when it is opened.
	d, err := openStore(t.Context(), s, slog.New(slog.DiscardHandler), srv.metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()

	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		srv.metrics.Describe(descs)
	}()
	name := regexp.MustCompile(`fqName: "(waystone_\w+)"`)
	var registered []string
	for d := range descs {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			registered = append(registered, m[1])
		}
	}
	slices.Sort(registered)
	registered = slices.Compact(registered) // one name, several constant labels

	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(waystone_\\w+)` \\|").FindAllSubmatch(guide, -1) {
		listed = append(listed, string(m[1]))
	}
	slices.Sort(listed)
	if d := cmp.Diff(listed, registered); d != "" {
		t.Errorf("docs/operations.md does not list the metrics that there are (-listed +registered):\n%s", d)
	}
}
