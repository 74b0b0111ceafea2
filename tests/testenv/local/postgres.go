package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresSettings suit throw-away data: nothing waits for a disk, and
// everything that a test may want to try is allowed.
var postgresSettings = []string{ //nolint:gochecknoglobals // a constant list
	"listen_addresses=127.0.0.1",
	"fsync=off",
	"full_page_writes=off",
	"wal_level=logical",
	"max_connections=200",
	"max_wal_senders=64",
	"max_replication_slots=64",
	"max_prepared_transactions=20",
	"shared_buffers=64MB",
	"max_wal_size=256MB", // of disk per server; a checkpoint costs next to nothing here
	"autovacuum=off",     // no database lives long enough
	"timezone=UTC",
	"log_timezone=UTC",
	"log_line_prefix=%m [%p] %d ",
}

// HavePostgres reports, as an error, what this machine lacks to run
// PostgreSQL.
func HavePostgres() error {
	_, err := postgresBin()
	return err
}

// Postgres makes a new cluster and starts it, within a minute each. Settings
// are of the form "name=value", as in postgresql.conf without quotes, and win
// over the package's own. The superuser is postgres, without a password; text
// is UTF-8, and sorted by code point.
func Postgres(ctx context.Context, settings ...string) (*Server, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	dir, err := newDirectory("pg")
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := initdb(ctx, filepath.Join(bin, "initdb"), dir); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	return start(ctx, program{
		name: "postgres",
		path: filepath.Join(bin, "postgres"),
		args: func(dir string, port int) ([]string, error) {
			args := []string{"-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port), "-c", "unix_socket_directories=" + dir}
			for _, s := range slices.Concat(postgresSettings, settings) {
				args = append(args, "-c", s)
			}
			return args, nil
		},
		urlOf: func(addr string) string { return "postgres://postgres@" + addr + "/postgres?sslmode=disable" },
		ping:  pingPostgres,
		stop:  syscall.SIGINT,
		close: syscall.SIGQUIT,
		swept: removeSharedMemory,
	}, dir)
}

func initdb(ctx context.Context, path string, dir *directory) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	cmd := command(path, []string{
		"-D", filepath.Join(dir.path, "data"), "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--lc-messages=C", "--no-sync", "--no-instructions",
	}, dir, syscall.SIGTERM)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("initdb: %w", dir.explain(err))
	}
	release := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) })
	defer release()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("initdb: %w:\n%s", errors.Join(err, context.Cause(ctx)), tail(out.String()))
	}
	return nil
}

func pingPostgres(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// postgresBin finds the folder of initdb and postgres: the newest version of
// those that Debian keeps beside each other, else the one on the PATH.
func postgresBin() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0, the oldest, for other names
		return n
	}
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("PostgreSQL's initdb is neither below /usr/lib/postgresql nor on the PATH: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// removeSharedMemory removes the few bytes of System V shared memory that a
// killed PostgreSQL leaves in the kernel; its id is on the seventh line of the
// file that an orderly end removes.
func removeSharedMemory(dir string) {
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 7 {
		return
	}
	if key := strings.Fields(lines[6]); len(key) == 2 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = exec.CommandContext(ctx, "ipcrm", "-m", key[1]).Run() //nolint:gosec // a number of PostgreSQL's own; without ipcrm the bytes stay until a reboot
	}
}
