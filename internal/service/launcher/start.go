package launcher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// resolveTimeout limits the look-up of a host name.
const resolveTimeout = 10 * time.Second

// Command builds the command that starts the client for a link. It has the classic
// client's own arguments, each a separate argument, without a shell. The client
// cannot resolve names, so ip is the address of the link's host.
func Command(c *Config, l Link, ip netip.Addr) (*exec.Cmd, error) {
	if err := checkClient(c); err != nil {
		return nil, err
	}
	if err := l.Validate(); err != nil {
		return nil, err
	}
	args := []string{
		"_server", ip.String(), "_port", strconv.Itoa(int(l.Port)),
		"_direct", "_userid", l.User, "_pw", l.Ticket,
	}
	name := c.Client
	if c.Runner != "" {
		name, args = c.Runner, append([]string{c.Client}, args...)
	}
	cmd := exec.Command(name, args...) //nolint:gosec // the player's own program; the arguments are checked by Validate
	cmd.Dir = c.Directory
	if cmd.Dir == "" {
		cmd.Dir = filepath.Dir(c.Client)
	}
	return cmd, nil
}

// clientError says that there is no game client to start.
type clientError struct {
	problem string // what is wrong
	advice  string // what to do on a terminal
}

func (e *clientError) Error() string { return e.problem + "; " + e.advice }

// checkClient reports whether there is a game client to start. Its errors are
// *clientError.
func checkClient(c *Config) error {
	if c.Client == "" {
		return &clientError{
			"no game client is set",
			fmt.Sprintf("write a line `client = PATH` into %s, or run `waystone-launcher client PATH`", c.Path),
		}
	}
	if _, err := os.Stat(c.Client); err != nil {
		return &clientError{
			fmt.Sprintf("the game client %s is not there", c.Client),
			"run `waystone-launcher client PATH` with its place",
		}
	}
	return nil
}

// Resolve returns the first IPv4 address of a host.
func Resolve(ctx context.Context, host string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("find the address of %s: %w", host, err)
	}
	if len(addrs) == 0 {
		return netip.Addr{}, errors.New("find the address of " + host + ": it has no IPv4 address")
	}
	return addrs[0].Unmap(), nil
}

// Start runs the client for a link and does not wait for it. It returns the
// started process.
func Start(ctx context.Context, c *Config, l Link) (*os.Process, error) {
	ip, err := Resolve(ctx, l.Host)
	if err != nil {
		return nil, err
	}
	cmd, err := Command(c, l, ip)
	if err != nil {
		return nil, err
	}
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, &clientError{
			fmt.Sprintf("the game client %s cannot be started: %v", c.Client, err),
			"run `waystone-launcher client PATH` with its place",
		}
	}
	return cmd.Process, nil
}
