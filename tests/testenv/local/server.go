package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// readyWithin bounds a start; a busy machine needs seconds, not minutes.
	readyWithin = 60 * time.Second
	// stopWithin bounds an orderly end before the process is killed.
	stopWithin = 20 * time.Second
	// attempts is how many ports are tried: somebody may take a free one first.
	attempts = 5
)

// program is what differs between the two servers.
type program struct {
	name  string // in messages and directory names
	path  string // the executable
	args  func(dir string, port int) ([]string, error)
	urlOf func(addr string) string
	ping  func(ctx context.Context, url string) error
	stop  syscall.Signal // an orderly end that does not wait for clients
	close syscall.Signal // the quickest end that leaves nothing behind; also for orphans
	swept func(dir string)
}

// Server is one server process that its owner may stop, kill, freeze and start
// again; address and data stay the same throughout. Its methods may be called
// from several goroutines, one after the other takes effect.
type Server struct {
	program program
	dir     *directory
	port    int

	mu     sync.Mutex
	proc   *process // nil while stopped
	frozen []int    // process ids to wake, parent last
	closed bool
}

// start runs a program whose directory is prepared on the first port that it
// can have.
func start(ctx context.Context, p program, dir *directory) (*Server, error) {
	s := &Server{program: p, dir: dir}
	var err error
	for range attempts {
		if s.port, err = FreePort(); err != nil {
			break
		}
		if err = s.Start(ctx); err == nil {
			return s, nil
		}
		if !portTaken(s.log()) {
			break
		}
	}
	return nil, errors.Join(err, s.Close())
}

// Port is the TCP port.
func (s *Server) Port() int { return s.port }

// Addr is host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is what a client connects with: the superuser of database postgres, or
// database 0 of Redis.
func (s *Server) URL() string { return s.program.urlOf(s.Addr()) }

// Start starts a stopped or killed server and returns when it answers, within
// a minute. It does nothing while the server runs.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("start %s: it has been closed", s.program.name)
	}
	if s.proc != nil && !s.proc.gone() {
		return nil
	}
	args, err := s.program.args(s.dir.path, s.port)
	if err != nil {
		return fmt.Errorf("start %s: %w", s.program.name, err)
	}
	proc, err := launch(s.program.path, args, s.dir, s.program.close)
	if err != nil {
		return fmt.Errorf("start %s: %w", s.program.name, err)
	}
	if err := s.await(ctx, proc); err != nil {
		err = errors.Join(err, killAll(proc))
		return fmt.Errorf("start %s: %w; its log ends:\n%s", s.program.name, err, tail(s.log()))
	}
	s.proc, s.frozen = proc, nil
	return nil
}

// await polls: neither server tells its parent when it is ready.
func (s *Server) await(ctx context.Context, proc *process) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	var last error
	for {
		attempt, done := context.WithTimeout(ctx, 2*time.Second)
		err := s.program.ping(attempt, s.URL())
		done()
		if proc.gone() { // then the answer, if any, was somebody else's
			return fmt.Errorf("it ended at once: %s", proc.outcome())
		}
		if err == nil {
			return nil
		}
		last = err
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready within %s: %w", readyWithin, last)
		case <-proc.exited:
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Running reports whether the server runs, frozen or not.
func (s *Server) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc != nil && !s.proc.gone()
}

// Stop ends the server in order: clients are disconnected, data is kept. It
// does nothing when the server does not run.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end(s.program.stop)
}

// Kill ends the server as a power cut would, workers included; data that was
// written stays, and Start recovers it. It does nothing when it does not run.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return nil
	}
	err := killAll(s.proc)
	s.proc, s.frozen = nil, nil
	return err
}

// Freeze makes the server stand still, workers included: connections stay
// open and nothing answers until Thaw.
func (s *Server) Freeze() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil || s.frozen != nil {
		return fmt.Errorf("freeze %s: it must be running", s.program.name)
	}
	pids, err := suspend(s.proc.pid())
	if err != nil {
		wake(pids)
		return fmt.Errorf("freeze %s: %w", s.program.name, err)
	}
	s.frozen = pids
	return nil
}

// Thaw lets a frozen server go on where it stood. It does nothing when the
// server is not frozen.
func (s *Server) Thaw() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.thaw()
	return nil
}

func (s *Server) thaw() {
	wake(s.frozen)
	s.frozen = nil
}

// Close ends the server for good and removes its directory. Closing twice does
// nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.end(s.program.close)
	if s.program.swept != nil {
		s.program.swept(s.dir.path)
	}
	return errors.Join(err, s.dir.remove())
}

// end signals the process and waits; mu is held.
func (s *Server) end(sig syscall.Signal) error {
	if s.proc == nil {
		return nil
	}
	proc := s.proc
	s.thaw()
	s.proc = nil
	if proc.gone() {
		return nil
	}
	if err := proc.signal(sig); err != nil {
		return fmt.Errorf("stop %s: %w", s.program.name, err)
	}
	select {
	case <-proc.exited:
		return nil
	case <-time.After(stopWithin):
		return errors.Join(fmt.Errorf("stop %s: still there %s after %s, killed", s.program.name, stopWithin, sig), killAll(proc))
	}
}

// log is what the server has written so far.
func (s *Server) log() string {
	b, err := os.ReadFile(filepath.Join(s.dir.path, logName))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func portTaken(log string) bool { return strings.Contains(strings.ToLower(log), "already in use") }

// tail is the last twenty lines.
func tail(log string) string {
	lines := bytes.Split(bytes.TrimSpace([]byte(log)), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-20):], []byte("\n")))
}
