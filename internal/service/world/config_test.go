package world_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/spf13/pflag"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/service/world"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

func load(args ...string) (world.Config, error) {
	var c world.Config
	r := config.New("waystone")
	c.Register(r.Section("world", "The shared world."))
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	r.AddFlags(flags, false)
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	err := r.Load(flags, nil)
	return c, err
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if c != world.DefaultConfig() {
		t.Errorf("got %+v", c)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	r := config.New("waystone")
	c.Register(r.Section("world", "The shared world."))
	for _, s := range r.Settings() {
		if err := config.CheckUsage(s.Usage); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestSettingsHaveRanges(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{
		"--world-save-interval=99ms", "--world-save-interval=61s", "--world-linger=-1s", "--world-linger=11m",
		"--world-max-players=0", "--world-max-players=60001",
		"--world-stream-queue=15", "--world-stream-queue=1000001", "--world-zone-queue=15",
		"--world-zone-queue=1000001", "--world-store-timeout=99ms", "--world-store-timeout=61s",
	} {
		c, err := load(arg)
		name, _, _ := strings.Cut(arg, "=")
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", arg, err)
		}
		if c.Validate() == nil {
			t.Errorf("%s: Validate finds nothing wrong with %+v", arg, c)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	d, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	good := world.Deps{Log: slog.New(slog.DiscardHandler), Characters: newCharacters(), Data: d}
	if _, err := world.New(world.Config{}, good); err == nil {
		t.Error("a config without values was accepted")
	}
	bad := good
	bad.Characters = nil
	if _, err := world.New(world.DefaultConfig(), bad); err == nil {
		t.Error("a world without a store was accepted")
	}
	registry := prometheus.NewRegistry()
	good.Metrics = registry
	if _, err := world.New(world.DefaultConfig(), good); err != nil {
		t.Fatal(err)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(registry, "waystone_world_zone_players"); err != nil || n != len(d.Zones()) {
		t.Errorf("%d zones are measured, %v", n, err)
	}
	if _, err := world.New(world.DefaultConfig(), good); err == nil {
		t.Error("metrics were registered twice")
	}
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chars := newCharacters(someone(1, 520000, 520000), someone(2, 520000, 520000))
		s := start(t, chars)
		g := s.gateway()
		g.enter(1, chars.rows[1], 1)
		g.enter(2, chars.rows[2], 1)
		time.Sleep(time.Second)
		chars.set(func(c *characters) { c.down = store.ErrUnavailable })
		g.move(1, 520000, 530000)
		time.Sleep(10 * time.Second)
		st := s.Status()
		if st.Players != 2 || st.Unsaved != 1 || st.Data != data.Embedded || len(st.Streams) != 1 ||
			st.Streams[0].Gateway != "g" || st.Streams[0].Players != 2 {
			t.Errorf("status: %+v", st)
		}
		for _, z := range st.Zones {
			if want := map[uint16]int{20: 2}[z.ID]; z.Players != want {
				t.Errorf("zone %d has %d players, want %d", z.ID, z.Players, want)
			}
		}
	})
}
