package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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
	_, err := redisBin()
	return err
}

// redisBin finds the server: Redis, or Valkey, which went on from it.
func redisBin() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither redis-server nor valkey-server is on the PATH")
}

// redisVersion is the first that a test may have use DEBUG on.
const redisVersion = 7

// checkRedis returns an error when a server is older than redisVersion.
func checkRedis(ctx context.Context, path string) error {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", path, err)
	}
	return checkRedisVersion(path, string(out))
}

// checkRedisVersion reads what --version prints: "Redis server v=7.0.15 sha=…".
func checkRedisVersion(path, line string) error {
	_, version, _ := strings.Cut(line, " v=")
	version, _, _ = strings.Cut(version, " ")
	major, _, _ := strings.Cut(version, ".")
	switch n, err := strconv.Atoi(major); {
	case err != nil:
		return fmt.Errorf("%s --version says %q, which names no version", path, strings.TrimSpace(line))
	case n < redisVersion:
		return fmt.Errorf("%s is version %s, and the tests need %d or later (for enable-debug-command): install a newer Redis, or Valkey, and put it first on the PATH", path, version, redisVersion)
	}
	return nil
}

// Redis starts an empty Redis that keeps nothing on disk: after Stop or Kill it
// comes back empty. Settings are of the form "name=value" with the names of
// redis.conf ("maxmemory=1mb") and win over the package's own.
func Redis(ctx context.Context, settings ...string) (*Server, error) {
	return startRedis(ctx, "redis", func(dir string, port int) ([]string, error) {
		args := []string{
			"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
			"--save", "", "--appendonly", "no", "--daemonize", "no",
			"--databases", strconv.Itoa(redisDatabases), "--enable-debug-command", "local",
			"--repl-diskless-sync-delay", "0", // a replica has nobody to wait for
		}
		return append(args, options(settings)...), nil
	})
}

// Sentinel starts a Redis Sentinel that watches the master at 127.0.0.1 under a
// name, and calls it down when quorum Sentinels have had no answer for
// downAfter. Settings are of the form "name=value", as in sentinel.conf. What it
// learns it keeps over Stop and Kill.
func Sentinel(ctx context.Context, name string, masterPort, quorum int, downAfter time.Duration, settings ...string) (*Server, error) {
	return startRedis(ctx, "redis-sentinel", func(dir string, port int) ([]string, error) {
		lines := []string{
			"port " + strconv.Itoa(port), "bind 127.0.0.1", "dir " + dir,
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d", name, masterPort, quorum),
			fmt.Sprintf("sentinel down-after-milliseconds %s %d", name, downAfter.Milliseconds()),
			// If two Sentinels try to become leader at once, they start again after
			// this.
			fmt.Sprintf("sentinel failover-timeout %s %d", name, (4 * downAfter).Milliseconds()),
		}
		for _, s := range settings {
			key, value, _ := strings.Cut(s, "=")
			lines = append(lines, key+" "+value)
		}
		file := filepath.Join(dir, "sentinel-"+strconv.Itoa(port)+".conf")
		if err := writeOnce(file, strings.Join(lines, "\n")+"\n"); err != nil {
			return nil, err
		}
		return []string{file, "--sentinel"}, nil
	})
}

// ClusterNode starts a Redis that is ready to join a cluster, and calls another
// node down when it has had no answer for nodeTimeout. Settings are those of
// [Redis]. It keeps its place in the cluster over Stop and Kill, not its keys.
func ClusterNode(ctx context.Context, nodeTimeout time.Duration, settings ...string) (*Server, error) {
	bus, err := FreePort() // by default it would be a port that belongs to outgoing connections
	if err != nil {
		return nil, err
	}
	return Redis(ctx, append([]string{
		"cluster-enabled=yes",
		"cluster-port=" + strconv.Itoa(bus),
		"cluster-node-timeout=" + strconv.FormatInt(nodeTimeout.Milliseconds(), 10),
		// A replica that was cut off from its master for long takes over all the same.
		"cluster-replica-validity-factor=0",
		// A replica counts once it has had something from its master.
		"repl-ping-replica-period=1",
	}, settings...)...)
}

// startRedis starts the server with what args says for a directory and a port.
func startRedis(ctx context.Context, name string, args func(dir string, port int) ([]string, error)) (*Server, error) {
	path, err := redisBin()
	if err != nil {
		return nil, err
	}
	if err := checkRedis(ctx, path); err != nil {
		return nil, err
	}
	dir, err := newDirectory(name)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return start(ctx, program{
		name:  name,
		path:  path,
		args:  args,
		urlOf: func(addr string) string { return "redis://" + addr + "/0" },
		ping:  pingRedis,
		stop:  syscall.SIGTERM,
		close: syscall.SIGTERM,
	}, dir)
}

// options turns settings into arguments; a value of several words is several.
func options(settings []string) []string {
	var args []string
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		args = append(args, "--"+name)
		if words := strings.Fields(value); len(words) > 1 {
			args = append(args, words...)
		} else {
			args = append(args, value)
		}
	}
	return args
}

// writeOnce makes a file that the owner of its directory may change, unless it
// is there.
func writeOnce(name, text string) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	acc, err := serverAccount()
	if err != nil {
		return err
	}
	return os.Chown(name, acc.uid, acc.gid)
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
