package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

func TestSecretURLShowsAllButThePassword(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                                        "",
		"none":                                    "none",
		"redis://127.0.0.1:6379":                  "redis://127.0.0.1:6379",
		"sqlite:data/waystone.db":                 "sqlite:data/waystone.db",
		"postgres://db.example/website":           "postgres://db.example/website",
		"postgres://u:canary@db.example:5432/w":   "postgres://u:***@db.example:5432/w",
		"postgres://u:can@ry/#?@db.example/w":     "postgres://u:***@db.example/w",
		"rediss://:canary@h1:1,h2:2/master?db=3":  "rediss://:***@h1:1,h2:2/master?db=3",
		"redis://canary@h:1":                      "redis://***@h:1",
		"postgres://h/d?user=u&password=canary":   "postgres://h/d?user=u&password=***",
		"postgres://h/d?sslpassword=canary&a=b#c": "postgres://h/d?sslpassword=***&a=b#c",
		"canary":                    "***",
		"host=db:1 password=canary": "***",
	} {
		var v string
		r := config.New("waystone")
		r.Section("s", "Secrets.").String(&v, "url", "", "URL.", config.SecretURL())
		if err := r.Load(nil, []string{"URL=" + url}); err != nil {
			t.Fatal(err)
		}
		if got := r.Settings()[0].Value; got != want {
			t.Errorf("%q is shown as %q, want %q", url, got, want)
		}
	}
}

// A check that repeats a secret does not make it public, and a secret that is a
// common word does not make the sentence unreadable.
func TestErrorsOfSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value, says, want string
		option                  config.Option
	}{
		{"a whole secret", "canary", `must not be "canary".`, `V: must not be "***".`, config.Secret()},
		{"a secret within another word", "post", "must begin with postgres://", "V: must begin with postgres://", config.Secret()},
		{"a scheme for a URL", "postgres", "must begin with postgres://", "V: must begin with postgres://", config.SecretURL()},
		{"a password that is a scheme", "postgres://postgres:postgres@h", "must begin with postgres:// or sqlite:", "V: must begin with postgres:// or sqlite:", config.SecretURL()},
		{"a password", "http://u:canary@h", "canary is wrong", "V: *** is wrong", config.SecretURL()},
		{"a password in an escaped form", "http://u:can%41ry@h", "the password canAry is wrong", "V: the password *** is wrong", config.SecretURL()},
		{"the whole URL", "http://u:canary@h", "http://u:canary@h is wrong", "V: *** is wrong", config.SecretURL()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var v string
			r := config.New("waystone")
			r.Section("s", "Secrets.").String(&v, "v", "", "V.", c.option, config.Check(func() error { return errors.New(c.says) }))
			err := r.Load(nil, []string{"V=" + c.value})
			if err == nil {
				t.Fatal("no error")
			}
			if d := cmp.Diff(c.want, err.Error()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestUnknownVariables(t *testing.T) {
	t.Parallel()
	r, _ := register(t)
	got := config.UnknownVariables([]string{
		"SERVICE_PORT=1", "WAYSTONE_CONFIG=x", "TALKATIVE=1", // known
		"SERVICE_PRT=1", "LOG_LVEL=info", "DATABASE_POOL=5", "WAYSTONE_X=1", // begin like ours
		"LOGLEVEL=debug", "DTABASE_URL=postgres://u:canary@h", // nearly ours
		"PATH=/bin", "GRADE=3", "MONKEY=1", "SERVICE_EMPTY=", // nobody's business
		"SESSION_MANAGER=local/x", "LOG_PORT=tcp://10.0.0.1:80", "LOG_PORT_80_TCP=tcp://10.0.0.1:80", "LOG_SERVICE_HOST=10.0.0.1",
	}, r)
	want := []string{
		"DATABASE_POOL: no such setting; did you mean DATABASE_URL?",
		"DTABASE_URL: no such setting; did you mean DATABASE_URL?",
		"LOGLEVEL: no such setting; did you mean LOG_LEVEL?",
		"LOG_LVEL: no such setting; did you mean LOG_LEVEL?",
		"SERVICE_PRT: no such setting; did you mean SERVICE_PORT?",
		"WAYSTONE_X: no such setting; `waystone serve --help` lists all settings",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// A port that is no address of Kubernetes was meant for us.
	if got := config.UnknownVariables([]string{"LOG_PORT=80"}, r); len(got) != 1 || !strings.HasPrefix(got[0], "LOG_PORT: no such setting") {
		t.Errorf("got %q", got)
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"7d": "168h", "2w": "336h", "1d12h": "36h", "1h30m": "1h30m", "250ms": "250ms", "-1h": "-1h", "0": "0s", "1y": "8760h",
	} {
		if d, err := config.ParseDuration(text); err != nil || config.FormatDuration(d) != want {
			t.Errorf("%s is %s, %v, want %s", text, config.FormatDuration(d), err, want)
		}
	}
	for _, text := range []string{"", "7", "d", "7 d", "1x", "-7d", "99999w", "1h1d"} {
		if d, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is taken for %s", text, d)
		}
	}
}
