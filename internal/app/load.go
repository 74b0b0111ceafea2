package app

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// known returns the settings under every name that they can have: for all parts in
// one process, for a part that runs alone, and for the bots.
func known() []*config.Registry {
	all, alone, bots := config.New("waystone"), config.New("waystone"), config.New("waystone")
	register(all, parts())
	register(alone, parts()[:1])
	(&botSettings{}).register(bots.Section("Bot", ""))
	return []*config.Registry{all, alone, bots}
}

// takeSettings lets a command take every setting as a flag. Which settings apply
// depends on the parts among its arguments; this is decided when they are loaded.
func takeSettings(c *cobra.Command, hidden bool) {
	for _, r := range known()[:2] {
		r.AddFlags(c.Flags(), hidden)
	}
	cli.ListedBy(c, "all settings", "waystone serve")
}

// settingsHint ends the description of a command that takes settings and does
// not list them.
const settingsHint = "\n\nThe command takes settings too, such as --database-url or --waystone-data. `waystone\nserve --help` lists all of them."

// helpWithSettings lets the help of a command list the settings of the parts
// among its arguments, section by section, below the command's own flags.
func helpWithSettings(c *cobra.Command) {
	c.SetUsageFunc(func(c *cobra.Command) error {
		own := pflag.NewFlagSet(c.Name(), pflag.ContinueOnError)
		own.SortFlags = false
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !config.IsSetting(f) {
				own.AddFlag(f)
			}
		})
		w := c.OutOrStderr()
		fmt.Fprintf(w, "Usage:\n  %s\n\nExamples:\n%s\n\nFlags:\n%s\n", c.UseLine(), c.Example, own.FlagUsages())
		chosen, err := chooseParts(c.Flags().Args())
		if err != nil {
			chosen = parts()
		}
		r := config.New("waystone")
		register(r, chosen)
		return r.WriteHelp(w)
	})
}

// loadServing reads the settings of a process that serves, or of a command that asks
// what such a process would do.
func loadServing(p Process, r *config.Registry, s *settings, flags *pflag.FlagSet) error {
	if err := checkPrefixes(p, s, flags); err != nil {
		return err
	}
	return r.Load(flags, p.Env)
}

// load reads the settings for a command that does not serve. The environment or the
// file may be those of a part; settings that only that part has are ignored.
func load(p Process, r *config.Registry, flags *pflag.FlagSet) error {
	p.warnUnknown()
	return r.Load(flags, p.Env, config.AlsoKnown(known()...))
}

// warnUnknown prints a warning for each variable that looks like a setting and is
// none.
func (p Process) warnUnknown() {
	for _, sentence := range config.UnknownVariables(p.Env, known()...) {
		fmt.Fprintln(p.Stderr, "waystone: warning:", sentence)
	}
}

// checkPrefixes refuses LISTEN_ADDR and SERVICE_PORT if several parts run, and the
// names with a part in front if one part runs alone: there they have no meaning.
func checkPrefixes(p Process, s *settings, flags *pflag.FlagSet) error {
	given := func(name string) bool {
		if v, ok := p.lookup(name); ok && v != "" {
			return true
		}
		f := flags.Lookup(strings.ReplaceAll(strings.ToLower(name), "_", "-"))
		return f != nil && f.Changed
	}
	for _, name := range []string{"LISTEN_ADDR", "SERVICE_PORT"} {
		if len(s.parts) > 1 && given(name) {
			return fmt.Errorf("%s does not say which of the parts in this process it is for: set %s_%s", name, strings.ToUpper(s.parts[0].name), name)
		}
		if len(s.parts) == 1 {
			if prefixed := strings.ToUpper(s.parts[0].name) + "_" + name; given(prefixed) {
				return fmt.Errorf("%s is for several parts in one process: this one runs %s alone, so set %s", prefixed, s.parts[0].name, name)
			}
		}
	}
	return nil
}
