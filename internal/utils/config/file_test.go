package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

func TestFileForms(t *testing.T) {
	t.Parallel()
	want := settings{
		Port: 7, URL: "postgres://u:p@h/d#1", Level: "debug", Peers: []string{"a", "b"},
		Grace: 5 * time.Second, Verbose: true, Money: 3, Rate: 2,
	}
	for name, text := range map[string]string{
		"a.conf": "\ufeff# a comment\n\nservice_port = 7\nDATABASE_URL=postgres://u:p@h/d#1\n log-level = \"debug\" \r\n" +
			"peers = a,b\ngrace=5s\nverbose = on\nmoney = 3\nrate = 2\n",
		"a.yaml": "# a comment\nservice_port: 7\ndatabase_url: postgres://u:p@h/d#1\nlog-level: \"debug\"\n" +
			"peers: [a, b]\ngrace: 5s\nverbose: true\nmoney: 3\nrate: 2\n",
		"a.yml": "{service_port: 7, database_url: 'postgres://u:p@h/d#1', log_level: debug, peers: 'a, b', " +
			"grace: 5s, verbose: yes, money: 3, rate: 2}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, v := register(t)
			if err := load(t, r, []string{"--config", write(t, name, text)}, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, *v); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFileErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, text, want string }{
		{"unknown key", "a.conf", "\nservce_port = 1\n", "FILE line 2: servce_port: no such setting; did you mean service_port?"},
		{"unknown key in YAML", "a.yaml", "a: 1\n", "FILE line 1: a: no such setting; `waystone serve --help` lists all settings"},
		{"bad value", "a.conf", "service_port = 0\n", `FILE line 1: service_port="0": must be a port from 1 to 65535`},
		{"twice", "a.conf", "money = 1\nMONEY = 2\n", "FILE: line 2: MONEY: is already set in line 1; keep one of the two"},
		{"twice in YAML", "a.yaml", "money: 1\nmoney: 2\n", "FILE: line 2: money: is already set in line 1; keep one of the two"},
		{"no equals sign", "a.conf", "canary\n", "FILE: line 1: must read key = value"},
		{"open quote", "a.conf", "database_url = \"canary\n", "FILE: line 1: database_url: the quotes of the value do not close"},
		{"nested", "a.yaml", "money:\n  gold: 1\n", "FILE: line 1: money: must be a single value or a list of them"},
		{"list of lists", "a.yaml", "peers: [[a]]\n", "FILE: line 1: peers: must be a single value or a list of them"},
		{"no map", "a.yaml", "- money\n", "FILE: line 1: must be a map of settings, written key: value"},
		{"no YAML", "a.yaml", "money: 1\ndatabase_url: *canary\n", "FILE: line 1: must be a map of settings in YAML"},
		{"too large", "a.conf", strings.Repeat("#", config.MaxFileSize+1), `--config="FILE": must be a file of at most 1048576 bytes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, _ := register(t)
			path := write(t, c.file, c.text)
			err := load(t, r, []string{"--config", path}, nil)
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.ReplaceAll(err.Error(), path, "FILE")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(got, "canary") {
				t.Error("the error quotes a value")
			}
		})
	}
}

func TestFileSharedWithOtherCommands(t *testing.T) {
	t.Parallel()
	other, _ := register(t)
	var bots int
	r := config.New("waystone")
	r.Section("bot", "Bots.").Int(&bots, "bots", 1, "Number of bots.", config.Min(1))
	path := write(t, "a.conf", "service_port = 7\nbots = 3\n")
	environ := []string{"WAYSTONE_CONFIG=" + path}
	if err := r.Load(nil, environ, config.AlsoKnown(other)); err != nil || bots != 3 {
		t.Errorf("%d bots, %v", bots, err)
	}
	if err := r.Load(nil, environ); err == nil {
		t.Error("a key of another command was accepted unasked")
	}
}

// A value is what stands in the file: the digits of a token are no number, and
// "$" and "#" belong to a password.
func TestFileValuesStayAsWritten(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a.conf": "token = 0012\nurl = p$HOME#x y\n",
		"a.yaml": "token: 0012\nurl: p$HOME#x y\n",
	} {
		var token, url string
		r := config.New("waystone")
		s := r.Section("s", "Secrets.")
		s.String(&token, "token", "", "Token.", config.Secret())
		s.String(&url, "url", "", "URL.")
		if err := r.Load(nil, []string{"WAYSTONE_CONFIG=" + write(t, name, text)}); err != nil || token != "0012" || url != "p$HOME#x y" {
			t.Errorf("%s: token %q, url %q, %v", name, token, url, err)
		}
	}
}
