package discovery_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/waystone-mmo/waystone/internal/utils/discovery"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		addrs      []string
		loopback   bool
	}{
		{"127.0.0.1:50052", "static:///127.0.0.1:50052", []string{"127.0.0.1:50052"}, true},
		{" a:1, b:2 ", "static:///a:1,b:2", []string{"a:1", "b:2"}, false},
		{"localhost:1,[::1]:2", "static:///localhost:1,[::1]:2", []string{"localhost:1", "[::1]:2"}, true},
		{"static:///a:1,b:2", "static:///a:1,b:2", []string{"a:1", "b:2"}, false},
		{"dns:///database.game.svc:50052", "dns:///database.game.svc:50052", []string{"database.game.svc:50052"}, false},
		{"dns://10.0.0.53/database:50052", "dns://10.0.0.53/database:50052", []string{"database:50052"}, false},
	} {
		got, err := discovery.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got.String() != c.want || !cmp.Equal(got.Addrs, c.addrs) || got.Loopback() != c.loopback {
			t.Errorf("%s: %s, %v, loopback %v", c.text, got, got.Addrs, got.Loopback())
		}
		if again, err := discovery.Parse(got.String()); err != nil || again.String() != got.String() {
			t.Errorf("%s does not parse back: %v", got, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	long := make([]string, discovery.MaxAddrs+1)
	for i := range long {
		long[i] = fmt.Sprintf("h:%d", i+1)
	}
	for text, want := range map[string]string{
		"":                       "must be host:port,… or dns:///name:port, and is empty",
		"127.0.0.1":              `"127.0.0.1": must be host:port, such as 127.0.0.1:50052`,
		":50052":                 `":50052": must be host:port, such as 127.0.0.1:50052`,
		"a:1,,b:2":               `"": must be host:port, such as 127.0.0.1:50052`,
		"a:0":                    `"a:0": must have a port from 1 to 65535`,
		"a:grpc":                 `"a:grpc": must have a port from 1 to 65535`,
		"a:1,a:1":                `"a:1": is in the list twice`,
		"static://a:1":           `"static://a:1": must have three slashes: static:///host:port,host:port`,
		"static://a:1/b:2":       `"static://a:1/b:2": must have three slashes: static:///host:port,host:port`,
		"dns://a:1":              `"dns://a:1": must have three slashes: dns:///name:port`,
		"dns:///a":               `"a": must be host:port, such as 127.0.0.1:50052`,
		"http://a:1":             `"http://a:1": the scheme "http" is unknown; known are host:port,…, static:/// and dns:///`,
		strings.Join(long, ","):  "a list of 257 addresses: must have at most 256",
		strings.Join(long, ", "): "a list of 257 addresses: must have at most 256",
	} {
		if _, err := discovery.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%.40s: got %v, want %s", text, err, want)
		}
	}
}

// TestDial reaches real servers through each scheme, and looks at the host that
// the servers are asked for.
func TestDial(t *testing.T) {
	t.Parallel()
	authorities := make(chan string, 10)
	address := func() string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer(grpc.UnaryInterceptor(
			func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
				authorities <- authority(ctx)
				return handler(ctx, req)
			}))
		healthpb.RegisterHealthServer(server, health.NewServer())
		var running sync.WaitGroup
		running.Go(func() {
			if err := server.Serve(listener); err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(func() { server.Stop(); running.Wait() })
		return listener.Addr().String()
	}
	a, b := address(), address()
	_, port, err := net.SplitHostPort(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{a, a + "," + b, "static:///" + b + "," + a, "dns:///localhost:" + port} {
		target, err := discovery.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		opts := append(target.DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		conn, err := grpc.NewClient(target.String(), opts...)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		cancel()
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := <-authorities; got != target.Addrs[0] {
			t.Errorf("%s: asked for the host %q", text, got)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// authority is the host that a call asks for.
func authority(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	return strings.Join(md.Get(":authority"), ",")
}
