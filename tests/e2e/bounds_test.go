package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"
)

// allParts is the environment of all parts in one process, on ports that are
// free, and those ports by setting.
func allParts(t *testing.T) (env, port map[string]string) {
	t.Helper()
	names := []string{
		"DATABASE_SERVICE_PORT", "AUTH_SERVICE_PORT", "CHARACTER_SERVICE_PORT", "WORLD_SERVICE_PORT",
		"PACKET_LOGIN_PORT", "PACKET_WORLD_PORT", "PACKET_GAME_PORT", "OPS",
	}
	env, port = map[string]string{"WAYSTONE_DATA": t.TempDir(), "DRAIN_DELAY": "0s"}, map[string]string{}
	for i, p := range ports(t, len(names)) {
		env[names[i]], port[names[i]] = p, p
	}
	delete(env, "OPS")
	env["OPS_LISTEN_ADDR"] = "127.0.0.1:" + port["OPS"]
	return env, port
}

// TestIdleClientsLeaveDescriptorsToOtherPorts: with few descriptors, clients
// that only connect shut nobody out of the operations port and gRPC.
func TestIdleClientsLeaveDescriptorsToOtherPorts(t *testing.T) {
	t.Parallel()
	env, port := allParts(t)
	p := runCommand(t, env, exec.Command("sh", "-c", `ulimit -n 120 && exec "$0" serve`, binary(t, "waystone"))) //nolint:gosec // the binary under test
	ops := "127.0.0.1:" + port["OPS"]
	p.ready(ops)
	if !strings.Contains(p.out.String(), "fewer clients can connect") {
		t.Error("the start says nothing of the bound")
	}
	for range 300 {
		nc, err := net.Dial("tcp", "127.0.0.1:"+port["PACKET_LOGIN_PORT"])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
	}
	for range 3 {
		client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get("http://" + ops + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("readiness has status %d", resp.StatusCode)
		}
		for _, name := range []string{"DATABASE_SERVICE_PORT", "AUTH_SERVICE_PORT", "CHARACTER_SERVICE_PORT", "WORLD_SERVICE_PORT"} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			cc := plain(t, "127.0.0.1:"+port[name])
			if _, err := grpc_health_v1.NewHealthClient(cc).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			_ = cc.Close()
			cancel()
		}
	}
}

// TestAFloodOfConnectionsIsAFewLines of the log, which say how many there were.
func TestAFloodOfConnectionsIsAFewLines(t *testing.T) {
	t.Parallel()
	env, port := allParts(t)
	env["PACKET_MAX_CONNECTIONS"] = "1"
	p := run(t, env, "serve")
	p.ready("127.0.0.1:" + port["OPS"])
	const flood = 2000
	began := time.Now()
	for range flood {
		nc, err := net.Dial("tcp", "127.0.0.1:"+port["PACKET_LOGIN_PORT"])
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
	}
	counted := fmt.Sprintf(`waystone_packet_closed_total{reason="too_many",stage="login"} %d`+"\n", flood-1) // the last one has a place
	p.until("has closed all but one", func() bool {
		resp, err := http.Get("http://127.0.0.1:" + port["OPS"] + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(resp.Body)
		return err == nil && strings.Contains(string(page), counted)
	})
	p.stop()
	seconds := int(time.Since(began)/time.Second) + 2
	lines, told := 0, 0
	dropped := regexp.MustCompile(`dropped=(\d+)`)
	for line := range strings.Lines(p.out.String()) {
		if !strings.Contains(line, `msg="connection closed" reason=too_many`) {
			continue
		}
		lines++
		if n := dropped.FindStringSubmatch(line); n != nil {
			more, _ := strconv.Atoi(n[1]) // as the pattern has it
			told += more
		} else {
			told++
		}
	}
	if lines > seconds*21 {
		t.Errorf("%d lines in %d seconds", lines, seconds)
	}
	if told != flood-1 {
		t.Errorf("the lines tell of %d connections, want %d", told, flood-1)
	}
}

// TestAnIPv4AddressTakesNoIPv6 on any port.
func TestAnIPv4AddressTakesNoIPv6(t *testing.T) {
	t.Parallel()
	env, port := allParts(t)
	for _, part := range []string{"DATABASE", "AUTH", "CHARACTER", "WORLD", "PACKET"} {
		env[part+"_LISTEN_ADDR"] = "0.0.0.0"
	}
	env["OPS_LISTEN_ADDR"] = "0.0.0.0:" + port["OPS"]
	p := run(t, env, "serve")
	p.ready("127.0.0.1:" + port["OPS"])
	for name, number := range port {
		if nc, err := net.Dial("tcp", net.JoinHostPort("::1", number)); err == nil {
			_ = nc.Close()
			t.Errorf("%s takes IPv6", name)
		}
		nc, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", number))
		if err != nil {
			t.Errorf("%s does not take IPv4: %v", name, err)
			continue
		}
		_ = nc.Close()
	}
}
