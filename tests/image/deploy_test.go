package image_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/waystone-mmo/waystone/internal/app"
)

// parts are the five, of which each file must be able to run every one.
var parts = []string{"auth", "character", "database", "packet", "world"}

// settings asks a part for its settings in an environment, name to value. It
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
		Args: []string{"config", part}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Exit: func(int) {},
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

type service struct {
	Image       string            `yaml:"image"`
	Build       string            `yaml:"build"`
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
	} `yaml:"healthcheck"`
	Needs map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

// variable is ${NAME:?} or ${NAME:-default}.
var variable = regexp.MustCompile(`\$\{[A-Z_]+:(\?|-[^}]*)\}`)

func TestCompose(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Part     any                `yaml:"x-part"`
		Peers    any                `yaml:"x-peers"`
		Probe    any                `yaml:"x-probe"`
		Services map[string]service `yaml:"services"`
		Volumes  map[string]any     `yaml:"volumes"`
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true) // a name that is misspelt is no key at all
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	_, im := dockerfile(t)
	for _, part := range parts {
		s, ok := file.Services[part]
		if !ok {
			t.Errorf("it runs no %s", part)
			continue
		}
		if s.Build != ".." || s.Image == "" {
			t.Errorf("%s runs image %q, built from %q", part, s.Image, s.Build)
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
		env := map[string]string{}
		for name, value := range s.Environment {
			env[name] = variable.ReplaceAllStringFunc(value, func(v string) string {
				if _, standard, ok := strings.Cut(strings.TrimSuffix(v, "}"), ":-"); ok {
					return standard
				}
				return "sixteenLettersOrMore" + regexp.MustCompile(`\W`).ReplaceAllString(v, "") // one for each
			})
		}
		settings(t, part, env)
		longerThanGrace(t, part, s.Grace)
	}
	for name, s := range file.Services {
		if !slices.Contains(parts, name) && !regexp.MustCompile(`:\d+\.\d+`).MatchString(s.Image) {
			t.Errorf("%s runs %q, which is not pinned", name, s.Image)
		}
		for other, need := range s.Needs {
			if _, ok := file.Services[other]; !ok || need.Condition != "service_healthy" {
				t.Errorf("%s waits for %s to be %s", name, other, need.Condition)
			}
		}
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/systemd/waystone@.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := map[string][]string{} // "Section.Key"
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		key, value, ok := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case !ok || section == "":
			t.Fatalf("the line %q is neither a section nor key=value", line)
		default:
			unit[section+"."+key] = append(unit[section+"."+key], value)
		}
	}
	if got := unit["Service.ExecStart"]; !slices.Equal(got, []string{"/usr/local/bin/waystone serve %i"}) {
		t.Errorf("it starts %q", got)
	}
	for _, part := range parts {
		env := map[string]string{}
		for _, pair := range unit["Service.Environment"] {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = strings.ReplaceAll(value, "%S", "/var/lib")
		}
		settings(t, part, env)
		if got := unit["Service.TimeoutStopSec"]; len(got) != 1 {
			t.Errorf("TimeoutStopSec is %q", got)
		} else {
			longerThanGrace(t, part, got[0])
		}
	}
}
