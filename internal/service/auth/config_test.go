package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/spf13/pflag"

	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	var c auth.Config
	r := config.New("test")
	c.Register(r.Section("Auth", "Settings of the test."))
	if err := r.Load(nil, nil); err != nil {
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
		"FreshSession":   func(c *auth.Config) { c.FreshSession = 24*time.Hour + 1 },
		"HashWorkers":    func(c *auth.Config) { c.HashWorkers = -1 },
		"HashQueue":      func(c *auth.Config) { c.HashQueue = 0 },

		"HashQueuePerNetwork": func(c *auth.Config) { c.HashQueuePerNetwork = 0 },
		"AttemptDevice":       func(c *auth.Config) { c.AttemptDevice.Free = 0 },
		"AttemptAccount":      func(c *auth.Config) { c.AttemptAccount.Longest = c.AttemptAccount.First - 1 },
		"AttemptNetwork":      func(c *auth.Config) { c.AttemptNetwork.Memory = c.AttemptNetwork.Longest - 1 },
		"KnownFor":            func(c *auth.Config) { c.KnownFor = 401 * 24 * time.Hour },
		"UsernameMin":         func(c *auth.Config) { c.UsernameMin = c.UsernameMax + 1 },
		"UsernameMax":         func(c *auth.Config) { c.UsernameMax = 129 },
		"PasswordMax":         func(c *auth.Config) { c.PasswordMax = 0 },
		"SessionLifetime":     func(c *auth.Config) { c.SessionLifetime = time.Second },
	} {
		c := auth.DefaultConfig()
		edit(&c)
		_, err := auth.New(c, auth.Deps{Store: faultstore.New(nil)})
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
	d := auth.Deps{Store: faultstore.New(nil), Metrics: reg}
	if _, err := auth.New(auth.DefaultConfig(), d); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.New(auth.DefaultConfig(), d); err == nil {
		t.Error("metrics of the same names were registered twice")
	}
}

func TestLimitsAsSettings(t *testing.T) {
	t.Parallel()
	load := func(text string) (auth.Config, error) {
		var c auth.Config
		r := config.New("test")
		c.Register(r.Section("Auth", "Settings of the test."))
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		r.AddFlags(flags, false)
		if err := flags.Parse([]string{"--auth-attempts-device=" + text}); err != nil {
			t.Fatal(err)
		}
		err := r.Load(flags, nil)
		return c, err
	}
	c, err := load("3, 500ms, 90s, 1h30m")
	if err != nil {
		t.Fatal(err)
	}
	wanted := store.AttemptLimit{Free: 3, First: 500 * time.Millisecond, Longest: 90 * time.Second, Memory: 90 * time.Minute}
	if c.AttemptDevice != wanted {
		t.Errorf("loaded %+v, want %+v", c.AttemptDevice, wanted)
	}
	for _, text := range []string{
		"", "5", "5,1s,15m", "5,1s,15m,24h,", "x,1s,15m,24h", "5,1,15m,24h", "0,1s,15m,24h", "100001,1s,15m,24h",
		"5,99ms,15m,24h", "5,61m,2h,24h", "5,1m,59s,24h", "5,1s,25h,48h", "5,1s,15m,14m", "5,1s,15m,721h",
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), "FREE,FIRST,LONGEST,MEMORY") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
