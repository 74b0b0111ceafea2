package app

import (
	"context"
	"fmt"
	"net"
	"text/tabwriter"

	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// runHealth asks a server whether it can serve. Without a target it asks the
// operations endpoint that the settings of this process would open.
func runHealth(ctx context.Context, p Process) error {
	var target string
	chosen, args := parts(), p.Args
	if len(args) > 0 {
		if c, rest, err := splitParts(args); err == nil {
			chosen, args = c, rest
		} else {
			target, args = args[0], args[1:]
		}
	}
	r := config.New("waystone")
	s := register(r, chosen)
	if target != "" {
		if err := load(p, r, args); err != nil {
			return err
		}
	} else {
		if err := loadServing(p, r, s, args); err != nil {
			return err
		}
		target = "http://" + s.localOps() + "/readyz"
	}
	if err := health.Probe(ctx, target); err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, "ok")
	return nil
}

// localOps is where this machine reaches the operations endpoint.
func (s *settings) localOps() string {
	host, port, err := net.SplitHostPort(s.opsListen())
	if err != nil {
		return s.opsListen()
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func runConfig(_ context.Context, p Process) error {
	chosen, args, err := splitParts(p.Args)
	if err != nil {
		return err
	}
	r := config.New("waystone")
	s := register(r, chosen)
	if err := loadServing(p, r, s, args); err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	for _, set := range r.Settings() {
		fmt.Fprintf(w, "%s\t%s\t(%s)\n", set.Env, set.Value, set.Source)
	}
	return w.Flush()
}
