package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/waystone-mmo/waystone/tests/testenv"
	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// grace is what the command gets to end after a signal. A second signal ends
// it at once.
const grace = 20 * time.Second

// run starts the servers, runs the command and stops the servers. The status
// is the command's, 1 when it never ran.
func run(command []string) (status int, err error) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	servers, err := start(signals)
	defer func() { err = errors.Join(err, servers.close()) }()
	if err != nil {
		return 1, err
	}
	return child(command, servers.env(), signals)
}

// servers are those that this command started; the others are nil.
type servers struct{ postgres, redis *local.Server }

// start starts what no variable names. A signal that comes meanwhile ends it.
func start(signals <-chan os.Signal) (servers, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var s servers
	g, ctx := errgroup.WithContext(ctx)
	if os.Getenv(testenv.DatabaseURLVariable) == "" {
		g.Go(func() (err error) { s.postgres, err = local.Postgres(ctx); return err })
	}
	if os.Getenv(testenv.RedisURLVariable) == "" {
		g.Go(func() (err error) { s.redis, err = local.Redis(ctx); return err })
	}
	done := make(chan error, 1)
	go func() { done <- g.Wait() }()
	select {
	case err := <-done:
		return s, err
	case sig := <-signals:
		cancel(fmt.Errorf("%s before the servers were up", sig))
		<-done //nolint:errcheck // it follows from the signal
		return s, context.Cause(ctx)
	}
}

func (s servers) env() []string {
	env := os.Environ()
	if s.postgres != nil {
		env = append(env, testenv.DatabaseURLVariable+"="+s.postgres.URL())
	}
	if s.redis != nil {
		env = append(env, testenv.RedisURLVariable+"="+s.redis.URL())
	}
	return env
}

func (s servers) close() error {
	var errs []error
	for _, server := range []*local.Server{s.postgres, s.redis} {
		if server != nil {
			errs = append(errs, server.Close())
		}
	}
	return errors.Join(errs...)
}

// child runs the command in a process group of its own, so that a signal
// reaches all of its processes exactly once, whether it came to this process
// alone or from a terminal.
func child(command, env []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec // to run it is the whole purpose
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	group := -cmd.Process.Pid
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()

	var overdue <-chan time.Time
	for {
		select {
		case err := <-done:
			_ = syscall.Kill(group, syscall.SIGKILL) // whatever it left running; usually nothing
			return exitStatus(err)
		case sig := <-signals:
			if overdue != nil {
				sig = syscall.SIGKILL
			}
			overdue = time.After(grace)
			if s, ok := sig.(syscall.Signal); ok {
				_ = syscall.Kill(group, s) // it may have ended just now
			}
		case <-overdue:
			_ = syscall.Kill(group, syscall.SIGKILL)
		}
	}
}

// exitStatus follows the shell: 128 and the number of the signal that ended
// the command.
func exitStatus(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit):
		return 1, err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return exit.ExitCode(), nil
}
