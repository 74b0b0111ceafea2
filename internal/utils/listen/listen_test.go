package listen_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/utils/listen"
)

func TestAnIPv4AddressMeansIPv4Alone(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"0.0.0.0": "tcp4", "127.0.0.1": "tcp4", "::": "tcp", "::1": "tcp", "localhost": "tcp", "": "tcp",
	} {
		if got := listen.Network(host); got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
	ln, err := net.Listen(listen.Network("0.0.0.0"), "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if nc, err := net.Dial("tcp", net.JoinHostPort("::1", port)); err == nil {
		_ = nc.Close()
		t.Error("0.0.0.0 takes IPv6")
	}
	nc, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.Close()
}

func TestBound(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := listen.Bound(inner, 1)
	defer ln.Close()
	accepted := make(chan net.Conn)
	go func() { // ends with the listener
		defer close(accepted)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			accepted <- nc
		}
	}()
	dial := func() net.Conn {
		nc, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		return nc
	}
	dial()
	first := <-accepted
	refused := dial()
	_ = refused.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := refused.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("a connection above the bound reads %v", err)
	}
	_ = first.Close()
	_ = first.Close() // makes room once
	third := dial()
	second := <-accepted
	defer second.Close()
	if _, err := io.WriteString(second, "x"); err != nil {
		t.Error(err)
	}
	if _, err := third.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error) //nolint:errorlint // as the connection returns it
	return ok && e.Timeout()
}
