package testenv

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

// Proxy stands between a client and a server and spoils the connections
// through it. It belongs to one test.
type Proxy struct {
	proxy *toxiproxy.Proxy
}

// NewProxy returns a proxy in front of host:port.
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &Proxy{toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", upstream)}
	if err := p.proxy.Start(); err != nil {
		t.Fatalf("start a proxy in front of %s: %v", upstream, err)
	}
	t.Cleanup(p.proxy.Stop)
	return p
}

// Addr is where clients connect.
func (p *Proxy) Addr() string { return p.proxy.Listen }

// URL is the URL of a server with the proxy's address in place of its own.
func (p *Proxy) URL(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("the URL of the server: %v", err)
	}
	u.Host = p.Addr()
	return u.String()
}

// Slow delays every answer.
func (p *Proxy) Slow(t testing.TB, by time.Duration) {
	t.Helper()
	p.add(t, fmt.Sprintf(`{"type": "latency", "stream": "downstream", "attributes": {"latency": %d}}`, by.Milliseconds()))
}

// Blackhole swallows everything in both directions; connections stay open.
func (p *Proxy) Blackhole(t testing.TB) {
	t.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		p.add(t, fmt.Sprintf(`{"type": "timeout", "stream": %q, "attributes": {"timeout": 0}}`, stream))
	}
}

// Cut ends all connections and refuses new ones.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Heal takes every fault away. Connections that were swallowed are ended.
func (p *Proxy) Heal(t testing.TB) {
	t.Helper()
	p.proxy.Toxics.ResetToxics(t.Context())
	p.proxy.Lock()
	enabled := p.proxy.Enabled
	p.proxy.Unlock()
	if !enabled {
		if err := p.proxy.Start(); err != nil {
			t.Errorf("start the proxy again: %v", err)
		}
	}
}

func (p *Proxy) add(t testing.TB, toxic string) {
	t.Helper()
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Fatalf("add %s: %v", toxic, err)
	}
}

// ProxyLeftovers tells a look for goroutines that are left over which are the
// proxy's: one that is given a fault while a connection through it ends may
// leave the pipe of that connection behind.
func ProxyLeftovers() []goleak.Option {
	const link = "github.com/Shopify/toxiproxy/v2.(*ToxicLink)."
	return []goleak.Option{
		goleak.IgnoreAnyFunction(link + "read"),
		goleak.IgnoreAnyFunction(link + "write"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"),
	}
}
