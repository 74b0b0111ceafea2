package rediscache_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// redisServer is a Redis process that a test can stop, freeze and start again.
type redisServer struct {
	port string
	dir  string
	cmd  *exec.Cmd
}

// newRedisServer chooses a port, without starting anything.
func newRedisServer(t *testing.T) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not in PATH")
		}
		t.Skip("redis-server is not in PATH: install Redis, or set TEST_REDIS_URL for the tests that need no server of their own")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := &redisServer{port: port, dir: t.TempDir()}
	t.Cleanup(s.stop)
	return s
}

func (s *redisServer) url() string { return "redis://127.0.0.1:" + s.port }

// start runs the server until stop, and returns once it answers.
func (s *redisServer) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.Command("redis-server", "--port", s.port, "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--dir", s.dir)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "redis-server answers", func() error {
		reply, err := s.command("PING")
		if err == nil && !strings.HasPrefix(reply, "+PONG") {
			err = fmt.Errorf("it says %q", reply)
		}
		return err
	})
}

func (s *redisServer) stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()         // killed, so always an error
		s.cmd = nil
	}
}

// freeze makes the server silent with its connections left open; thaw ends that.
// The kill command is used because these signals have no name on every system.
func (s *redisServer) freeze() error { return s.signal("-STOP") }
func (s *redisServer) thaw() error   { return s.signal("-CONT") }

func (s *redisServer) signal(name string) error {
	return exec.Command("kill", name, strconv.Itoa(s.cmd.Process.Pid)).Run()
}

// command sends one inline command and returns the first part of the reply.
func (s *redisServer) command(line string) (string, error) {
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.port)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n", line); err != nil {
		return "", err
	}
	reply := make([]byte, 512)
	n, err := conn.Read(reply)
	return string(reply[:n]), err
}

// eventually polls, for what happens in another process in its own time.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s: %v", what, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
