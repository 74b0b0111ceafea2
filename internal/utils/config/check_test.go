package config_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	url := func(p *string) func() error { return config.URL(p, "redis", "rediss") }
	for _, c := range []struct {
		name  string
		check func(*string) func() error
		text  string
		ok    bool
	}{
		{"url", url, "", true},
		{"url", url, "redis://127.0.0.1:6379", true},
		{"url", url, "rediss://u:p@h/1", true},
		{"url", url, "http://h", false},
		{"url", url, "redis://", false},
		{"url", url, "redis://h:port", false},
		{"url", url, "127.0.0.1:6379", false},
		{"required", config.Required, "x", true},
		{"required", config.Required, " ", false},
		{"host and port", config.HostPort, "", true},
		{"host and port", config.HostPort, ":0", true},
		{"host and port", config.HostPort, "127.0.0.1:8080", true},
		{"host and port", config.HostPort, "[::1]:8080", true},
		{"host and port", config.HostPort, "db_1.local:8080", true},
		{"host and port", config.HostPort, "127.0.0.1", false},
		{"host and port", config.HostPort, "h:65536", false},
		{"host and port", config.HostPort, "h:http", false},
		{"host and port", config.HostPort, "a b:1", false},
		{"hosts and ports", config.HostPorts, "", true},
		{"hosts and ports", config.HostPorts, "a:1, b:2", true},
		{"hosts and ports", config.HostPorts, "a:1,b", false},
		{"hosts and ports", config.HostPorts, "a:0", false},
		{"hosts and ports", config.HostPorts, ":1", false},
		{"address", config.Address, "0.0.0.0", true},
		{"address", config.Address, "::", true},
		{"address", config.Address, "localhost", true},
		{"address", config.Address, "", false},
		{"address", config.Address, "127.0.0.1:80", false},
	} {
		if err := c.check(&c.text)(); (err == nil) != c.ok {
			t.Errorf("%s %q: %v", c.name, c.text, err)
		}
	}
}

func TestPortOrZero(t *testing.T) {
	t.Parallel()
	var port int
	r := config.New("waystone")
	r.Section("s", "Ports.").Int(&port, "port", 1, "Port.", config.PortOrZero())
	if err := load(t, r, []string{"--port=0"}, nil); err != nil || port != 0 {
		t.Errorf("port %d, %v", port, err)
	}
	if err := load(t, r, []string{"--port=65536"}, nil); err == nil {
		t.Error("65536 was accepted")
	}
}
