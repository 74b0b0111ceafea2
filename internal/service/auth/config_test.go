package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	var c auth.Config
	r := config.New("test")
	c.Register(r.Section("Auth", "Settings of the test."))
	if _, err := r.Load(nil, func(string) (string, bool) { return "", false }); err != nil {
		t.Fatal(err)
	}
	if c != auth.DefaultConfig() {
		t.Errorf("registered defaults %+v differ from %+v", c, auth.DefaultConfig())
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	for _, s := range r.Settings() {
		if err := config.CheckUsage(s.Usage); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestSettingsOutOfRange(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*auth.Config){
		"TicketLifetime": func(c *auth.Config) { c.TicketLifetime = 181 * time.Second },
		"HashWorkers":    func(c *auth.Config) { c.HashWorkers = -1 },
		"HashQueue":      func(c *auth.Config) { c.HashQueue = 0 },
	} {
		c := auth.DefaultConfig()
		edit(&c)
		_, err := auth.New(c, auth.Deps{Store: newFake()})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := auth.DefaultConfig()
	c.TicketLifetime = 999 * time.Millisecond
	if c.Validate() == nil {
		t.Error("a lifetime below a second is let through")
	}
}

func TestNewNeedsAStoreAndItsMetricsOnce(t *testing.T) {
	t.Parallel()
	if _, err := auth.New(auth.DefaultConfig(), auth.Deps{}); err == nil {
		t.Error("made without a store")
	}
	reg := prometheus.NewRegistry()
	d := auth.Deps{Store: newFake(), Metrics: reg}
	if _, err := auth.New(auth.DefaultConfig(), d); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.New(auth.DefaultConfig(), d); err == nil {
		t.Error("metrics of the same names were registered twice")
	}
}
