package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waystone-mmo/waystone/internal/utils/nearest"
)

// listing is the annotation of a command that says where its flags are listed.
const listing = "listing"

// ListedBy names another command whose help lists flags that this one takes too.
func ListedBy(c *cobra.Command, what, command string) {
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[listing] = fmt.Sprintf("`%s --help` lists %s", command, what)
}

// Arguments returns the check of a command that takes from low to high
// arguments; need completes "NAME needs …" when there are too few.
func Arguments(low, high int, need string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < low:
			return Usagef("%s needs %s; `%s --help` shows how it is called", below(c), need, c.CommandPath())
		case len(args) > high:
			return Usagef("unexpected argument%s; `%s --help` shows how it is called", quoted(args[high]), c.CommandPath())
		}
		return nil
	}
}

// NoArguments is the check of a command that takes none.
func NoArguments(c *cobra.Command, args []string) error { return Arguments(0, 0, "")(c, args) }

// below is the path of a command without the program's name.
func below(c *cobra.Command) string {
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
}

// word is an argument that may be repeated in a message: a play link, a URL or
// another text that can hold a secret is not one.
var word = regexp.MustCompile(`^[\pL\pN@._-]{1,32}$`)

func quoted(arg string) string {
	if !word.MatchString(arg) {
		return ""
	}
	return fmt.Sprintf(" %q", arg)
}

// NoSuchCommand is the check of a command that only has others below it.
func NoSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := ";"
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		meant = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	of := ""
	if c.HasParent() {
		of = " of " + c.CommandPath()
	}
	return Usagef("unknown command%s%s%s `%s --help` lists the commands", quoted(args[0]), of, meant, c.CommandPath())
}

// flagError says what was wrong with a flag. A command that does not exist is
// the first thing wrong with a line, whatever flags come behind it.
func flagError(c *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	if c.HasSubCommands() && c.Flags().NArg() > 0 {
		return NoSuchCommand(c, c.Flags().Args())
	}
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(c, unknown)
	case errors.As(err, &missing):
		return errNoValue(missing.GetSpecifiedName())
	case errors.As(err, &invalid):
		return Usagef("--%s=%q: %w", invalid.GetFlag().Name, invalid.GetValue(), mustBe(invalid))
	}
	return usageError{err}
}

// unknownFlag names what is near. pflag reads a single dash as letters, each a
// flag, so that it knows -check as -c; what was meant is the whole of it.
func unknownFlag(c *cobra.Command, e *pflag.NotExistError) error {
	name, given := e.GetSpecifiedName(), "--"+e.GetSpecifiedName()
	if letters, _, _ := strings.Cut(e.GetSpecifiedShortnames(), "="); letters != "" {
		name, given = letters, "-"+letters
	}
	where, ok := c.Annotations[listing]
	if !ok {
		where = fmt.Sprintf("`%s --help` lists the flags", c.CommandPath())
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	meant := nearest.Suggest(name, "--", known)
	if meant == "" {
		meant = ";"
	}
	return Usagef("unknown flag %s%s %s", given, meant, where)
}

func errNoValue(name string) error {
	return Usagef("--%s needs a value: write --%s=VALUE", name, name)
}

// longFlag returns the name in --name or --name=value.
func longFlag(arg string) (name string, ok bool) {
	name, ok = strings.CutPrefix(arg, "--")
	name, _, _ = strings.Cut(name, "=")
	return name, ok && name != ""
}

// mustBe completes "--flag=value: …". pflag's own types speak of the function
// that failed, those of ours in a sentence.
func mustBe(e *pflag.InvalidValueError) error {
	switch e.GetFlag().Value.Type() {
	case "bool":
		return errors.New("must be true or false")
	case "int", "uint16", "uint32":
		return errors.New("must be a whole number")
	}
	return e.Unwrap()
}
