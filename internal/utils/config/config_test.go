package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// settings is a configuration as a part of the program would have it.
type settings struct {
	Port    int
	URL     string
	Level   string
	Peers   []string
	Grace   time.Duration
	Verbose bool
	Money   int64
	Rate    float64
}

func register(t *testing.T) (*config.Registry, *settings) {
	t.Helper()
	var v settings
	r := config.New("waystone")
	s := r.Section("service", "How the service is reached, "+strings.Repeat("by one way or another ", 8)+"or not at all.")
	s.Int(&v.Port, "service-port", 50052, "Port of the service.", config.Port())
	s.String(&v.URL, "database-url", "", "URL of the store.", config.SecretURL(),
		config.Check(config.URL(&v.URL, "postgres", "sqlite")))
	s.Strings(&v.Peers, "peers", nil, "Other replicas.")
	s = r.Section("process", "How the process behaves.")
	s.String(&v.Level, "log-level", "info", "Least level that is logged.", config.OneOf("debug", "info"))
	s.Duration(&v.Grace, "grace", 30*time.Second, "Time to stop in.", config.Range(time.Second, time.Minute))
	s.Bool(&v.Verbose, "verbose", false, "Says more.", config.Env("TALKATIVE"))
	s.Int64(&v.Money, "money", 0, "Money of a new character.", config.Min(0))
	s.Float64(&v.Rate, "rate", 1, "Factor of experience.", config.Range(0.5, 10))
	return r, &v
}

// load parses a command line as a command does, and loads the settings.
func load(t *testing.T, r *config.Registry, args, environ []string, opts ...config.LoadOption) error {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	r.AddFlags(flags, false)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return r.Load(flags, environ, opts...)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreSetAtRegistration(t *testing.T) {
	t.Parallel()
	r, v := register(t)
	want := settings{Port: 50052, Level: "info", Grace: 30 * time.Second, Rate: 1}
	if diff := cmp.Diff(want, *v); diff != "" {
		t.Error(diff)
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	path := write(t, "waystone.conf", "service_port = 1\nlog_level = debug\npeers = a, b,\n")
	for _, c := range []struct {
		name   string
		args   []string
		env    []string
		port   int
		source config.Source
	}{
		{"default", nil, nil, 50052, config.FromDefault},
		{"file named by flag", []string{"--config", path}, nil, 1, config.FromFile},
		{"file named by environment", nil, []string{"WAYSTONE_CONFIG=" + path}, 1, config.FromFile},
		{"environment over file", []string{"--config=" + path}, []string{"SERVICE_PORT=2"}, 2, config.FromEnv},
		{"empty environment is none", []string{"--config", path}, []string{"SERVICE_PORT="}, 1, config.FromFile},
		{"flag over all", []string{"--config", path, "--service-port=3"}, []string{"SERVICE_PORT=2"}, 3, config.FromFlag},
		{"flag over a bad variable", []string{"--service-port=3"}, []string{"SERVICE_PORT=x"}, 3, config.FromFlag},
		{"flag over a bad file name", []string{"--config", path}, []string{"WAYSTONE_CONFIG=/none"}, 1, config.FromFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, v := register(t)
			if err := load(t, r, c.args, c.env); err != nil {
				t.Fatal(err)
			}
			if got := r.Settings()[0]; v.Port != c.port || got.Source != c.source {
				t.Errorf("port %d from %s, want %d from %s", v.Port, got.Source, c.port, c.source)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	r, v := register(t)
	err := load(t, r, []string{"database", "--service-port", "7", "--verbose", "--money=5", "--peers", "a, b", "-",
		"--rate", "2.5", "--grace=1m", "--", "--log-level"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{Port: 7, Level: "info", Peers: []string{"a", "b"}, Grace: time.Minute, Verbose: true, Money: 5, Rate: 2.5}
	if diff := cmp.Diff(want, *v); diff != "" {
		t.Error(diff)
	}
}

func TestFlagsOfSeveralRegistries(t *testing.T) {
	t.Parallel()
	r, v := register(t)
	var bots int
	other := config.New("waystone")
	s := other.Section("bot", "Bots.")
	s.Int(&bots, "bots", 1, "Number of bots.", config.Short("b"))
	s.Int(new(int), "money", 3, "The name of another setting.")
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.String("check", "", "A flag of the command itself.")
	r.AddFlags(flags, true)
	other.AddFlags(flags, false)
	if err := flags.Parse([]string{"--money=5", "-b", "9", "--check=x"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Load(flags, nil), other.Load(flags, nil)); err != nil || v.Money != 5 || bots != 9 {
		t.Errorf("money %d, bots %d, %v", v.Money, bots, err)
	}
	if !flags.Lookup("money").Hidden || flags.Lookup("bots").Hidden || config.IsSetting(flags.Lookup("check")) || !config.IsSetting(flags.Lookup("bots")) {
		t.Error("flags are hidden that are not to be, or the other way round")
	}
}

func TestLoadAgainStartsFromDefaults(t *testing.T) {
	t.Parallel()
	r, v := register(t)
	if err := load(t, r, []string{"--peers=a", "--service-port=7"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.Load(nil, nil); err != nil {
		t.Fatal(err)
	}
	if v.Port != 50052 || len(v.Peers) != 0 || len(r.Changed()) != 0 {
		t.Errorf("kept %+v, changed %v", v, r.Changed())
	}
}

func TestWriteHelp(t *testing.T) {
	t.Parallel()
	r, _ := register(t)
	if err := load(t, r, nil, []string{"DATABASE_URL=postgres://u:canary@h/d"}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteHelp(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nservice: How the service is reached, by one", "--service-port number", "(TALKATIVE)", "--verbose  ",
		"(default 50052)", "Must be from 1s to", "WAYSTONE_CONFIG"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("help lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "canary") {
		t.Error("help shows a secret")
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > 101 {
			t.Errorf("line of %d: %s", len(line), line)
		}
	}
}

func TestErrorsNameSettingValueAndRemedy(t *testing.T) {
	t.Parallel()
	const level = "LOG_LEVEL"
	for _, c := range []struct {
		name string
		args []string
		env  []string
		want string
	}{
		{"environment", nil, []string{"SERVICE_PORT=70000"}, `SERVICE_PORT="70000": must be a port from 1 to 65535`},
		{"flag", []string{"--service-port", "0"}, nil, `--service-port="0": must be a port from 1 to 65535`},
		{"no number", nil, []string{"SERVICE_PORT=http"}, `SERVICE_PORT="http": must be a whole number`},
		{"too large", nil, []string{"MONEY=99999999999999999999"}, `MONEY="99999999999999999999": must be a whole number that fits in 64 bits`},
		{"too small", []string{"--money", "-1"}, nil, `--money="-1": must be at least 0`},
		{"fraction", nil, []string{"RATE=0.4"}, `RATE="0.4": must be from 0.5 to 10`},
		{"not a number", nil, []string{"RATE=NaN"}, `RATE="NaN": must be a number`},
		{"bool", []string{"--verbose=maybe"}, nil, `--verbose="maybe": must be true or false`},
		{"renamed variable", nil, []string{"TALKATIVE=2"}, `TALKATIVE="2": must be true or false`},
		{"duration", nil, []string{"GRACE=5"}, `GRACE="5": must be a duration such as 250ms, 5s, 1m30s or 7d`},
		{"duration range", nil, []string{"GRACE=2m"}, `GRACE="2m": must be from 1s to 1m`},
		{"one of", nil, []string{level + "=loud"}, `LOG_LEVEL="loud": must be one of debug, info`},
		{"secret", nil, []string{"DATABASE_URL=mysql://u:canary@h"}, `DATABASE_URL: must be a URL that begins with postgres:// or sqlite://`},
		{"no file", []string{"--config", "/none/x"}, nil, `--config="/none/x": must be a file that can be read: no such file or directory`},
		{"empty file name", []string{"--config="}, nil, `--config: needs the path of a file`},
		{"a word for a URL", nil, []string{"DATABASE_URL=postgres"}, `DATABASE_URL: must be a URL that begins with postgres:// or sqlite://`},
		{"all at once", []string{"--rate=0"}, []string{"SERVICE_PORT=x", "MONEY=y"}, `SERVICE_PORT="x": must be a whole number` + "\n" +
			`MONEY="y": must be a whole number` + "\n" + `--rate="0": must be from 0.5 to 10`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, _ := register(t)
			err := load(t, r, c.args, c.env)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChecksSeeAllSettings(t *testing.T) {
	t.Parallel()
	var low, high int
	r := config.New("waystone")
	s := r.Section("limits", "Limits.")
	s.Int(&low, "low", 1, "Lower limit.", config.Check(func() error {
		if low > high {
			return errors.New("must not be above HIGH")
		}
		return nil
	}))
	s.Int(&high, "high", 2, "Upper limit.")
	if err := load(t, r, []string{"--low=5", "--high=9"}, nil); err != nil {
		t.Error(err)
	}
	high = 4
	if err := r.Validate(); err == nil || err.Error() != `--low="5": must not be above HIGH` {
		t.Errorf("got %v", err)
	}
}

func TestSecretNeverShows(t *testing.T) {
	t.Parallel()
	var token string
	r := config.New("waystone")
	r.Section("s", "Secrets.").String(&token, "token", "canary-default", "Token of a service.", config.Secret(),
		config.Check(func() error { return errors.New("must not be " + token) }))
	err := r.Load(nil, []string{"TOKEN=canary-given"})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v", err)
	}
	got := r.Settings()[0]
	if got.Default != "***" || got.Value != "***" || r.Changed()["TOKEN"] != "***" {
		t.Errorf("shown: %+v, changed %v", got, r.Changed())
	}
	if token != "canary-given" {
		t.Errorf("token %q", token)
	}
}

func TestVar(t *testing.T) {
	t.Parallel()
	var c colour
	r := config.New("waystone")
	r.Section("s", "Looks.").Var(&c, "colour", "colour", "Colour of the sky.")
	if err := load(t, r, []string{"--colour", "red"}, nil); err != nil || c != "red" {
		t.Errorf("%q, %v", c, err)
	}
	err := r.Load(nil, []string{"COLOUR=loud"})
	if err == nil || err.Error() != `COLOUR="loud": must be red or blue` {
		t.Errorf("got %v", err)
	}
	if got := r.Settings()[0]; got.Type != "colour" {
		t.Errorf("type %q", got.Type)
	}
}

// colour is a Value that knows two words, and "" as its default.
type colour string

func (c *colour) String() string { return string(*c) }

func (c *colour) Set(text string) error {
	if text != "red" && text != "blue" && text != "" {
		return errors.New("must be red or blue")
	}
	*c = colour(text)
	return nil
}

func TestMistakesOfTheProgramPanic(t *testing.T) {
	t.Parallel()
	var i int
	var text string
	var d time.Duration
	for name, mistake := range map[string]func(s *config.Section){
		"twice":                func(s *config.Section) { s.Int(&i, "taken", 0, "A.") },
		"variable twice":       func(s *config.Section) { s.Int(&i, "free", 0, "A.", config.Env("TAKEN")) },
		"key twice":            func(s *config.Section) { s.Int(&i, "ta.ken-x", 0, "A.", config.Env("FREE")) },
		"upper case":           func(s *config.Section) { s.Int(&i, "Port", 0, "A.") },
		"reserved":             func(s *config.Section) { s.Int(&i, "config", 0, "A.") },
		"reserved variable":    func(s *config.Section) { s.Int(&i, "free", 0, "A.", config.Env("WAYSTONE_CONFIG")) },
		"range of text":        func(s *config.Section) { s.String(&text, "free", "", "A.", config.Range(1, 2)) },
		"one of numbers":       func(s *config.Section) { s.Int(&i, "free", 0, "A.", config.OneOf("1")) },
		"empty range":          func(s *config.Section) { s.Int(&i, "free", 0, "A.", config.Range(2, 1)) },
		"fraction for whole":   func(s *config.Section) { s.Int(&i, "free", 0, "A.", config.Min(0.5)) },
		"duration for a count": func(s *config.Section) { s.Int(&i, "free", 0, "A.", config.Min(time.Second)) },
		"bound without a unit": func(s *config.Section) { s.Duration(&d, "free", 0, "A.", config.Min(5)) },
	} {
		t.Run(name, func(t *testing.T) {
			var taken, key int
			s := config.New("waystone").Section("s", "Section.")
			s.Int(&taken, "taken", 0, "A.")
			s.Int(&key, "ta-ken.x", 0, "A.", config.Env("OTHER"))
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "config: ") {
					t.Errorf("panicked with %q", text)
				}
			}()
			mistake(s)
		})
	}
}

func TestCheckUsage(t *testing.T) {
	t.Parallel()
	for usage, ok := range map[string]bool{
		"Port of the service.":         true,
		"0 switches it off.":           true,
		"":                             false,
		"port of the service.":         false,
		"Port of the service":          false,
		"Two\nlines.":                  false,
		strings.Repeat("A", 400) + ".": false,
	} {
		if err := config.CheckUsage(usage); (err == nil) != ok {
			t.Errorf("%q: %v", usage, err)
		}
	}
	r, _ := register(t)
	for _, s := range r.Settings() {
		if err := config.CheckUsage(s.Usage); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
