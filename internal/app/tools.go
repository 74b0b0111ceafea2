package app

import (
	"fmt"
	"net"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/health"
)

func healthCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use:   "health [TARGET | PART…]",
		Short: "Ask a running server whether it can serve",
		Long: "Ask a running server whether it can serve. If it can, the command prints ok and the exit\nstatus is 0. If not, it prints why, and the exit status is 1. Use it as the health check\nof a container. Lines that begin with degraded say what is wrong with a server that can\nstill serve.\n\n" +
			"TARGET is the URL of a /readyz, or host:port of a gRPC service. Without TARGET, the\ncommand asks the operations endpoint that a server with the same settings would open:\na server of all parts, or of the named parts." + settingsHint,
		Example: "  waystone health\n  waystone health packet\n  waystone health http://10.0.0.5:8085/readyz",
		RunE: func(c *cobra.Command, args []string) error {
			return runHealth(c, p, args)
		},
	}
	takeSettings(c, true)
	return c
}

func runHealth(c *cobra.Command, p Process, args []string) error {
	chosen, err := chooseParts(args)
	target := ""
	if err != nil && len(args) == 1 {
		chosen, target = parts(), args[0]
	} else if err != nil {
		return err
	}
	r := config.New("waystone")
	s := register(r, chosen)
	if target != "" {
		if err := load(p, r, c.Flags()); err != nil {
			return err
		}
	} else {
		if err := loadServing(p, r, s, c.Flags()); err != nil {
			return err
		}
		target = "http://" + s.localOps() + "/readyz"
	}
	failing, err := health.Probe(c.Context(), target)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, "ok")
	for _, f := range failing {
		fmt.Fprintf(p.Stdout, "degraded: %s\n", f)
	}
	return nil
}

// localOps is the address of the operations endpoint on this machine.
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

func configCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use:       "config [PART…]",
		Short:     "Print every setting, its value and its source",
		Long:      "Print every setting of a process that runs all parts or the named parts: the value, and\nwhether it comes from a flag, the environment (env), the file or the default. Passwords\nand tokens are printed as ***." + settingsHint,
		Example:   "  waystone config\n  waystone config packet --config /etc/waystone.conf",
		ValidArgs: partNames(),
		RunE: func(c *cobra.Command, args []string) error {
			return runConfig(c, p, args)
		},
	}
	takeSettings(c, true)
	return c
}

func runConfig(c *cobra.Command, p Process, args []string) error {
	chosen, err := chooseParts(args)
	if err != nil {
		return err
	}
	r := config.New("waystone")
	s := register(r, chosen)
	if err := loadServing(p, r, s, c.Flags()); err != nil {
		return err
	}
	p.warnUnknown()
	w := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	for _, set := range r.Settings() {
		fmt.Fprintf(w, "%s\t%s\t(%s)\n", set.Env, set.Value, set.Source)
	}
	return w.Flush()
}
