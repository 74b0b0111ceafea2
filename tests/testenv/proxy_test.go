package testenv_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// echo answers every line with itself.
func echo(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					if _, err := conn.Write(append(lines.Bytes(), '\n')); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

func TestProxy(t *testing.T) {
	t.Parallel()
	p := testenv.NewProxy(t, echo(t))
	ask := func(patience time.Duration) (time.Duration, error) {
		conn, err := net.Dial("tcp", p.Addr())
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		began := time.Now()
		if err := conn.SetDeadline(began.Add(patience)); err != nil {
			return 0, err
		}
		if _, err := conn.Write([]byte("hello\n")); err != nil {
			return 0, err
		}
		_, err = bufio.NewReader(conn).ReadString('\n')
		return time.Since(began), err
	}
	healed := func() {
		t.Helper()
		p.Heal(t)
		if _, err := ask(10 * time.Second); err != nil {
			t.Fatalf("healed: %v", err)
		}
	}
	healed()
	p.Slow(t, 300*time.Millisecond)
	if took, err := ask(10 * time.Second); err != nil || took < 300*time.Millisecond {
		t.Errorf("slow: %s, %v", took, err)
	}
	healed()
	p.Blackhole(t)
	if _, err := ask(200 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("black hole: %v", err)
	}
	healed()
	p.Cut()
	if _, err := ask(10 * time.Second); err == nil {
		t.Error("cut: it answers")
	}
	healed()
	if got := p.URL(t, "redis://user:word@127.0.0.1:1/3"); got != "redis://user:word@"+p.Addr()+"/3" {
		t.Errorf("URL %s", got)
	}
}
