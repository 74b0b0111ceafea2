package cli_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/utils/cli"
)

// call runs a small program that has a command and a group of one.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	root := &cobra.Command{Use: "prog", Version: "1.2"}
	move := &cobra.Command{
		Use: "move NAME", Short: "Move something", Args: cli.Arguments(1, 1, "a NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			switch args[0] {
			case "mountain":
				return errors.New("it is too heavy")
			case "nothing":
				return cli.Usagef("nothing is not moved")
			}
			c.Println("moved", args[0])
			return nil
		},
	}
	move.Flags().Int("far", 1, "how far")
	move.Flags().String("to", "", "where to")
	cli.ListedBy(move, "all ways", "prog ways")
	group := &cobra.Command{Use: "group", Short: "A group"}
	group.AddCommand(&cobra.Command{Use: "list", Short: "List it", Args: cli.NoArguments, RunE: func(c *cobra.Command, _ []string) error {
		c.Println("nothing here")
		return nil
	}})
	root.AddCommand(move, group)
	var out, errs bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&errs)
	status = cli.Run(t.Context(), root, args)
	return status, out.String(), errs.String()
}

func TestExitStatuses(t *testing.T) {
	t.Parallel()
	for line, c := range map[string]struct {
		status int
		says   string // on standard error, "" for nothing
	}{
		"":                           {cli.OK, ""},
		"move table":                 {cli.OK, ""},
		"move --far 3 table":         {cli.OK, ""},
		"move table --far=3":         {cli.OK, ""},
		"group help list":            {cli.OK, ""},
		"help group":                 {cli.OK, ""},
		"-v":                         {cli.OK, ""},
		"move mountain":              {cli.Failed, "prog: it is too heavy\n"},
		"move nothing":               {cli.Wrong, "prog: nothing is not moved\n"},
		"move":                       {cli.Wrong, "prog: move needs a NAME; `prog move --help` shows how it is called\n"},
		"move table chair":           {cli.Wrong, "prog: unexpected argument \"chair\"; `prog move --help` shows how it is called\n"},
		"move table http://secret/":  {cli.Wrong, "prog: unexpected argument; `prog move --help` shows how it is called\n"},
		"mov table":                  {cli.Wrong, "prog: unknown command \"mov\"; did you mean move? `prog --help` lists the commands\n"},
		"mov --far":                  {cli.Wrong, "prog: unknown command \"mov\"; did you mean move? `prog --help` lists the commands\n"},
		"waystone://play?ticket=x":   {cli.Wrong, "prog: unknown command; `prog --help` lists the commands\n"},
		"group lst":                  {cli.Wrong, "prog: unknown command \"lst\" of prog group; did you mean list? `prog group --help` lists the commands\n"},
		"group help lst":             {cli.Wrong, "prog: unknown command \"lst\" of prog group; did you mean list? `prog group --help` lists the commands\n"},
		"help mov":                   {cli.Wrong, "prog: unknown command \"mov\"; did you mean move? `prog --help` lists the commands\n"},
		"group list all":             {cli.Wrong, "prog: unexpected argument \"all\"; `prog group list --help` shows how it is called\n"},
		"group list --al":            {cli.Wrong, "prog: unknown flag --al; `prog group list --help` lists the flags\n"},
		"move table --fra 3":         {cli.Wrong, "prog: unknown flag --fra; did you mean --far? `prog ways --help` lists all ways\n"},
		"move table -far 3":          {cli.Wrong, "prog: unknown flag -far; did you mean --far? `prog ways --help` lists all ways\n"},
		"move table --secret=canary": {cli.Wrong, "prog: unknown flag --secret; `prog ways --help` lists all ways\n"},
		"move table --far":           {cli.Wrong, "prog: --far needs a value: write --far=VALUE\n"},
		"move table --to --far 3":    {cli.Wrong, "prog: --to needs a value: write --to=VALUE\n"},
		"move table --far x":         {cli.Wrong, "prog: --far=\"x\": must be a whole number\n"},
		"move table --to --far-away": {cli.OK, ""},
		"completion nope":            {cli.Wrong, "prog: unknown command \"nope\" of prog completion; `prog completion --help` lists the commands\n"},
		"completion bash more":       {cli.Wrong, "prog: unknown command \"more\" for \"prog completion bash\"\n"},
	} {
		status, _, errs := call(t, strings.Fields(line)...)
		if status != c.status || errs != c.says {
			t.Errorf("%q: status %d, want %d; it said %q, want %q", line, status, c.status, errs, c.says)
		}
	}
}

func TestHelpGoesToStandardOutput(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"": "Usage:\n  prog", "--help": "Usage:\n  prog", "help": "Usage:\n  prog", "help move": "prog move NAME [flags]", "move -h": "prog move NAME [flags]",
		"group": "prog group [command]", "group help": "prog group [command]", "group help list": "prog group list", "help group list": "prog group list",
		"--version": "1.2\n", "-v": "1.2\n", "completion zsh": "#compdef prog",
	} {
		if status, out, errs := call(t, strings.Fields(line)...); status != cli.OK || !strings.Contains(out, want) || errs != "" {
			t.Errorf("%q: status %d, printed %q and %q", line, status, out, errs)
		}
	}
}
