package local

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// redisDatabases is how many logical databases a Redis of ours has, so that
// every test can have one.
const redisDatabases = 1024

// HaveRedis reports, as an error, what this machine lacks to run Redis.
func HaveRedis() error {
	_, err := exec.LookPath("redis-server")
	return err
}

// Redis starts an empty Redis that keeps nothing on disk: after Stop or Kill it
// comes back empty. Settings are of the form "name=value" with the names of
// redis.conf ("maxmemory=1mb") and win over the package's own.
func Redis(ctx context.Context, settings ...string) (*Server, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("redis-server is not on the PATH: %w", err)
	}
	dir, err := newDirectory("redis")
	if err != nil {
		return nil, fmt.Errorf("start redis: %w", err)
	}
	return start(ctx, program{
		name: "redis",
		path: path,
		args: func(dir string, port int) []string {
			args := []string{
				"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
				"--save", "", "--appendonly", "no", "--daemonize", "no",
				"--databases", strconv.Itoa(redisDatabases), "--enable-debug-command", "local",
			}
			for _, s := range settings {
				name, value, _ := strings.Cut(s, "=")
				args = append(args, "--"+name, value)
			}
			return args
		},
		urlOf: func(addr string) string { return "redis://" + addr + "/0" },
		ping:  pingRedis,
		stop:  syscall.SIGTERM,
		close: syscall.SIGTERM,
	}, dir)
}

// pingRedis takes any answer for a sign of life but "still loading": a
// setting may ask for a password.
func pingRedis(ctx context.Context, rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	} else if err := conn.SetDeadline(time.Now().Add(stopWithin)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if strings.HasPrefix(line, "-LOADING") {
		return fmt.Errorf("redis answers %q", strings.TrimSpace(line))
	}
	return nil
}
