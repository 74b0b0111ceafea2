// Package discovery turns a setting into the addresses of a service.
//
//	host:port,host:port           a list that stays as it is
//	static:///host:port,host:port the same, spelled out
//	dns:///name:port              all addresses of a name, asked for again when
//	                              a connection is lost (headless services)
//
// Resolvers are handed to the connection that uses them (DialOptions); nothing
// is registered globally.
package discovery

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
)

// The schemes that Parse knows.
const (
	Static = "static"
	DNS    = "dns"
)

// MaxAddrs bounds the length of a static list.
const MaxAddrs = 256

// Target is where a service is found. The zero value is nowhere.
type Target struct {
	// Scheme is Static or DNS.
	Scheme string
	// Addrs are the host:port of a static list, or the one name:port of DNS.
	Addrs []string

	server string // the DNS server of dns://server/name, or ""
}

// Parse reads a target. The error says what would be right, and quotes the part
// that is not.
func Parse(text string) (Target, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Target{}, errors.New("must be host:port,… or dns:///name:port, and is empty")
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = Static, "/"+text
	}
	server, list, ok := strings.Cut(rest, "/")
	switch scheme {
	case Static:
		if !ok || server != "" {
			return Target{}, fmt.Errorf("%q: must have three slashes: static:///host:port,host:port", text)
		}
		addrs, err := parseList(list)
		return Target{Scheme: Static, Addrs: addrs}, err
	case DNS:
		if !ok {
			return Target{}, fmt.Errorf("%q: must have three slashes: dns:///name:port", text)
		}
		if err := checkAddr(list); err != nil {
			return Target{}, err
		}
		return Target{Scheme: DNS, Addrs: []string{list}, server: server}, nil
	default:
		return Target{}, fmt.Errorf("%q: the scheme %q is unknown; known are host:port,…, static:/// and dns:///", text, scheme)
	}
}

func parseList(list string) ([]string, error) {
	var addrs []string
	for addr := range strings.SplitSeq(list, ",") {
		addr = strings.TrimSpace(addr)
		if err := checkAddr(addr); err != nil {
			return nil, err
		}
		if slices.Contains(addrs, addr) {
			return nil, fmt.Errorf("%q: is in the list twice", addr)
		}
		addrs = append(addrs, addr)
	}
	if len(addrs) > MaxAddrs {
		return nil, fmt.Errorf("a list of %d addresses: must have at most %d", len(addrs), MaxAddrs)
	}
	return addrs, nil
}

func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || strings.ContainsAny(host, "/ \t@?#") {
		return fmt.Errorf("%q: must be host:port, such as 127.0.0.1:50052", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q: must have a port from 1 to 65535", addr)
	}
	return nil
}

// String is the target as grpc.NewClient takes it, together with DialOptions.
func (t Target) String() string {
	return t.Scheme + "://" + t.server + "/" + strings.Join(t.Addrs, ",")
}

// Loopback reports whether every address is on this machine's loopback, so that
// calls never leave it. A name other than localhost is taken to be elsewhere.
func (t Target) Loopback() bool {
	for _, addr := range t.Addrs {
		host, _, _ := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return len(t.Addrs) > 0
}

// DialOptions teaches a connection to resolve String.
func (t Target) DialOptions() []grpc.DialOption {
	if t.Scheme == Static {
		return []grpc.DialOption{grpc.WithResolvers(staticBuilder{addrs: t.Addrs})}
	}
	return nil // gRPC knows DNS itself
}

// staticBuilder makes resolvers that report a fixed list once.
type staticBuilder struct{ addrs []string }

func (staticBuilder) Scheme() string { return Static }

// Build reports the addresses. Each is its own server name, so that TLS checks
// the host that is dialled and not the whole list.
func (b staticBuilder) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	endpoints := make([]resolver.Endpoint, len(b.addrs))
	for i, addr := range b.addrs {
		endpoints[i].Addresses = []resolver.Address{{Addr: addr, ServerName: addr}}
	}
	if err := cc.UpdateState(resolver.State{Endpoints: endpoints}); err != nil {
		return nil, fmt.Errorf("use the addresses %s: %w", strings.Join(b.addrs, ","), err)
	}
	return staticResolver{}, nil
}

// OverrideAuthority names one host where gRPC would name the list.
func (b staticBuilder) OverrideAuthority(resolver.Target) string { return b.addrs[0] }

// staticResolver has nothing left to do: its addresses never change.
type staticResolver struct{}

func (staticResolver) ResolveNow(resolver.ResolveNowOptions) {}
func (staticResolver) Close()                                {}
