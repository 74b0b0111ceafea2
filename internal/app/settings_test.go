package app_test

import (
	"maps"
	"strings"
	"testing"
)

// configOf returns the settings that config prints, by name, as "value
// (source)".
func configOf(t *testing.T, e env, args ...string) map[string]string {
	t.Helper()
	settings := map[string]string{}
	for line := range strings.Lines(ok(t, e, "", append([]string{"config"}, args...)...)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		settings[name] = strings.TrimSpace(rest)
	}
	return settings
}

func TestWhereAPartListens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  env
		args []string
		want map[string]string
		not  []string
	}{
		"all in one": {
			want: map[string]string{
				"DATABASE_LISTEN_ADDR": "127.0.0.1", "DATABASE_SERVICE_PORT": "50052",
				"AUTH_LISTEN_ADDR": "127.0.0.1", "AUTH_SERVICE_PORT": "50051",
				"CHARACTER_LISTEN_ADDR": "127.0.0.1", "CHARACTER_SERVICE_PORT": "50053",
				"WORLD_LISTEN_ADDR": "127.0.0.1", "WORLD_SERVICE_PORT": "50054",
				"PACKET_LISTEN_ADDR": "127.0.0.1", "OPS_LISTEN_ADDR": "127.0.0.1:8080",
			},
			not: []string{"LISTEN_ADDR", "SERVICE_PORT", "PACKET_SERVICE_PORT"},
		},
		"all by name": {
			args: []string{"packet", "world", "character", "auth", "database"},
			want: map[string]string{"PACKET_LISTEN_ADDR": "127.0.0.1", "OPS_LISTEN_ADDR": "127.0.0.1:8080"},
			not:  []string{"LISTEN_ADDR"},
		},
		"database alone": {
			args: []string{"database"},
			want: map[string]string{"LISTEN_ADDR": "0.0.0.0", "SERVICE_PORT": "50052", "OPS_LISTEN_ADDR": "127.0.0.1:8082"},
			not:  []string{"DATABASE_LISTEN_ADDR", "DATABASE_SERVICE_PORT", "AUTH_LISTEN_ADDR"},
		},
		"auth alone": {
			args: []string{"auth"},
			want: map[string]string{"LISTEN_ADDR": "0.0.0.0", "SERVICE_PORT": "50051", "OPS_LISTEN_ADDR": "127.0.0.1:8081"},
		},
		"character alone": {
			args: []string{"character"},
			want: map[string]string{"LISTEN_ADDR": "0.0.0.0", "SERVICE_PORT": "50053", "OPS_LISTEN_ADDR": "127.0.0.1:8083"},
		},
		"world alone": {
			args: []string{"world"},
			want: map[string]string{"LISTEN_ADDR": "0.0.0.0", "SERVICE_PORT": "50054", "OPS_LISTEN_ADDR": "127.0.0.1:8084"},
		},
		"packet alone": {
			args: []string{"packet"},
			want: map[string]string{"LISTEN_ADDR": "0.0.0.0", "OPS_LISTEN_ADDR": "127.0.0.1:8085"},
			not:  []string{"SERVICE_PORT", "PACKET_LISTEN_ADDR"},
		},
		"two parts": {
			args: []string{"auth", "character"},
			want: map[string]string{
				"AUTH_LISTEN_ADDR": "0.0.0.0", "AUTH_SERVICE_PORT": "50051", "CHARACTER_LISTEN_ADDR": "0.0.0.0",
				"CHARACTER_SERVICE_PORT": "50053", "OPS_LISTEN_ADDR": "127.0.0.1:8080",
			},
			not: []string{"LISTEN_ADDR", "SERVICE_PORT", "WORLD_LISTEN_ADDR"},
		},
		"a part that was told": {
			args: []string{"auth", "--service-port", "0"}, env: env{"LISTEN_ADDR": "127.0.0.1"},
			want: map[string]string{"LISTEN_ADDR": "127.0.0.1", "SERVICE_PORT": "0"},
		},
		"one of several that was told": {
			args: []string{"--auth-service-port=0"}, env: env{"AUTH_LISTEN_ADDR": "0.0.0.0"},
			want: map[string]string{"AUTH_LISTEN_ADDR": "0.0.0.0", "AUTH_SERVICE_PORT": "0", "WORLD_LISTEN_ADDR": "127.0.0.1"},
		},
		"an empty name is not given": {
			env:  env{"LISTEN_ADDR": ""},
			want: map[string]string{"AUTH_LISTEN_ADDR": "127.0.0.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := configOf(t, c.env, c.args...)
			for set, want := range c.want {
				value, _, _ := strings.Cut(got[set], " ")
				if value != want {
					t.Errorf("%s is %q, want %q", set, got[set], want)
				}
			}
			for _, set := range c.not {
				if v, ok := got[set]; ok {
					t.Errorf("%s=%s is there", set, v)
				}
			}
		})
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  env
		args []string
		want []string
	}{
		"LISTEN_ADDR for all":           {env{"LISTEN_ADDR": "0.0.0.0"}, nil, []string{"LISTEN_ADDR does not say which", "DATABASE_LISTEN_ADDR"}},
		"SERVICE_PORT for all":          {env{"SERVICE_PORT": "1"}, nil, []string{"SERVICE_PORT does not say which", "DATABASE_SERVICE_PORT"}},
		"LISTEN_ADDR for two":           {env{"LISTEN_ADDR": "0.0.0.0"}, []string{"world", "auth"}, []string{"AUTH_LISTEN_ADDR"}},
		"--listen-addr for all":         {nil, []string{"--listen-addr", "0.0.0.0"}, []string{"LISTEN_ADDR does not say which"}},
		"--listen-addr= for all":        {nil, []string{"--listen-addr=0.0.0.0"}, []string{"LISTEN_ADDR does not say which"}},
		"a port with the address":       {env{"PACKET_LISTEN_ADDR": "0.0.0.0:29000"}, nil, []string{"PACKET_LISTEN_ADDR=\"0.0.0.0:29000\": must be an address without a port", "PACKET_LOGIN_PORT"}},
		"the same with another part":    {env{"AUTH_LISTEN_ADDR": "[::]:50051"}, nil, []string{"AUTH_LISTEN_ADDR", "without a port", "AUTH_SERVICE_PORT sets the port"}},
		"the same alone":                {env{"LISTEN_ADDR": "0.0.0.0:50051"}, []string{"auth"}, []string{"LISTEN_ADDR", "without a port", "SERVICE_PORT sets the port"}},
		"a port of operations":          {env{"OPS_LISTEN_ADDR": "127.0.0.1:http"}, nil, []string{"OPS_LISTEN_ADDR", "127.0.0.1:8080"}},
		"a public address with a port":  {env{"PACKET_PUBLIC_ADDR": "203.0.113.5:29000"}, nil, []string{"PACKET_PUBLIC_ADDR", "without a port", "PACKET_LOGIN_PUBLIC_PORT"}},
		"no URL of a database":          {env{"DATABASE_URL": "postgres"}, nil, []string{"DATABASE_URL: must begin with postgres://, or be sqlite: and a path"}},
		"a URL of Prisma":               {env{"DATABASE_URL": "postgres://u:p@h/d?schema=public"}, nil, []string{"DATABASE_URL: must not have schema=", "WEBSITE_SCHEMA"}},
		"AUTH_LISTEN_ADDR for one":      {env{"AUTH_LISTEN_ADDR": "0.0.0.0"}, []string{"auth"}, []string{"runs auth alone, so set LISTEN_ADDR"}},
		"--auth-service-port for one":   {nil, []string{"auth", "--auth-service-port=1"}, []string{"runs auth alone, so set SERVICE_PORT"}},
		"an empty address":              {nil, []string{"auth", "--listen-addr="}, []string{"must be an address without a port"}},
		"a port out of range":           {env{"AUTH_SERVICE_PORT": "65536"}, nil, []string{"AUTH_SERVICE_PORT", "65536"}},
		"a level that is none":          {env{"LOG_LEVEL": "loud"}, nil, []string{"LOG_LEVEL", "loud", "debug"}},
		"a format that is none":         {env{"LOG_FORMAT": "xml"}, nil, []string{"LOG_FORMAT", "text", "json"}},
		"a drain longer than the grace": {env{"DRAIN_DELAY": "30s", "GRACE_PERIOD": "30s"}, nil, []string{"GRACE_PERIOD", "must be longer than DRAIN_DELAY"}},
		"a target that is none":         {env{"DISCOVERY_AUTH": "nowhere"}, []string{"packet"}, []string{"DISCOVERY_AUTH", "nowhere"}},
		"balancing by luck":             {env{"BALANCING": "luck"}, nil, []string{"BALANCING", "round_robin", "least_request"}},
		"a token without a name":        {env{"SERVICE_TOKENS": "abc"}, nil, []string{"SERVICE_TOKENS"}},
		"another database":              {env{"DATABASE_URL": "mysql://x"}, nil, []string{"DATABASE_URL", "postgres://"}},
		"another cache":                 {env{"REDIS_URL": "memcached"}, nil, []string{"REDIS_URL", "redis://"}},
		"a flag that is none":           {nil, []string{"--log-levels", "info"}, []string{"log-levels", "log-level"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, c.env, "", append([]string{"config"}, c.args...)...)
			if r.code == 0 || r.stdout != "" {
				t.Errorf("exit status %d, printed %q", r.code, r.stdout)
			}
			for _, w := range c.want {
				if !strings.Contains(r.stderr, w) {
					t.Errorf("the error does not say %q: %s", w, r.stderr)
				}
			}
			// serve says the same, before it opens anything.
			e := newEnv(t)
			maps.Copy(e, c.env)
			if s := run(t, e, "", append([]string{"serve"}, c.args...)...); s.code != r.code || s.stderr != r.stderr {
				t.Errorf("serve says otherwise, with status %d: %s", s.code, s.stderr)
			}
		})
	}
}

func TestAPartThatNeedsADatabaseSaysSo(t *testing.T) {
	t.Parallel()
	refused(t, newEnv(t), "", 1, []string{"serve", "database"}, "DATABASE_URL is not set", "postgres://")
	refused(t, newEnv(t), "", 1, []string{"serve", "auth", "database"}, "DATABASE_URL is not set")
}

func TestConfigPrintsNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "CanaryCanaryCanaryCanaryCanary32"
	e := env{
		"DATABASE_URL":   "postgres://waystone:" + canary + "@db.example:5432/game",
		"REDIS_URL":      "rediss://:" + canary + "@cache.example:6379",
		"SERVICE_TOKENS": "auth:" + canary + ",packet:" + strings.ToLower(canary),
	}
	r := run(t, e, "", "config")
	if r.code != 0 {
		t.Fatalf("exit status %d: %s", r.code, r.stderr)
	}
	if strings.Contains(strings.ToLower(r.stdout+r.stderr), strings.ToLower(canary)) {
		t.Errorf("a secret is printed:\n%s%s", r.stdout, r.stderr)
	}
	for _, name := range []string{"DATABASE_URL", "REDIS_URL", "SERVICE_TOKENS"} {
		if !strings.Contains(r.stdout, name) {
			t.Errorf("%s is not printed at all", name)
		}
	}
	// Nor does an error repeat what is wrong in a secret.
	for name, value := range map[string]string{
		"DATABASE_URL": "mysql://root:" + canary + "@db", "REDIS_URL": "memcached://" + canary, "SERVICE_TOKENS": canary,
	} {
		r := run(t, env{name: value}, "", "config")
		if r.code == 0 || !strings.Contains(r.stderr, name) || strings.Contains(r.stderr, canary) {
			t.Errorf("a wrong %s: exit status %d: %s", name, r.code, r.stderr)
		}
	}
}

func TestConfigNamesSources(t *testing.T) {
	t.Parallel()
	got := configOf(t, env{"LOG_LEVEL": "debug"}, "--log-format", "json")
	for name, want := range map[string]string{"LOG_LEVEL": "debug", "LOG_FORMAT": "json", "BALANCING": "round_robin"} {
		if !strings.HasPrefix(got[name], want) {
			t.Errorf("%s is %q, want %s", name, got[name], want)
		}
	}
	sources := map[string]string{}
	for _, name := range []string{"LOG_LEVEL", "LOG_FORMAT", "BALANCING"} {
		_, s, _ := strings.Cut(got[name], "(")
		if other, twice := sources[s]; twice || s == "" {
			t.Errorf("%s and %s both come from %q", name, other, s)
		}
		sources[s] = name
	}
}
