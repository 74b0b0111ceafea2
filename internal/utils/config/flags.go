package config

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// helpWidth is the column at which help text is wrapped.
const helpWidth = 100

// settingFlag is the annotation of a flag that stands for a setting; its value
// is the setting's environment variable.
const settingFlag = "setting"

// IsSetting reports whether a flag was added by AddFlags and stands for a
// setting.
func IsSetting(f *pflag.Flag) bool { return len(f.Annotations[settingFlag]) > 0 }

// AddFlags adds a flag for every setting to flags, and --config for the file.
// Names that are there already are passed by, so that several registries can
// add theirs. A hidden flag works like any other and is not in the help.
func (r *Registry) AddFlags(flags *pflag.FlagSet, hidden bool) {
	if flags.Lookup("config") == nil {
		flags.String("config", "", fmt.Sprintf("`PATH` of a file of settings (%s)", r.FileEnv()))
		flags.Lookup("config").Hidden = hidden
	}
	for _, s := range r.settings {
		if flags.Lookup(s.name) == nil {
			flags.AddFlag(s.flag())
			flags.Lookup(s.name).Hidden = hidden
		}
	}
}

// flag returns the setting as a flag that only keeps the text: what it means is
// decided when all sources are put together.
func (s *setting) flag() *pflag.Flag {
	d := s.describe()
	text := &flagText{text: d.Default, typ: flagType(d.Type)}
	usage := d.Usage
	if d.Range != "" {
		usage += " Must be " + d.Range + "."
	}
	f := &pflag.Flag{
		Name: s.name, Shorthand: s.short, Usage: usage + " (" + s.env + ")", Value: text, DefValue: text.text,
		Annotations: map[string][]string{settingFlag: {s.env}},
	}
	if s.isBool() {
		f.NoOptDefVal = "true"
	}
	return f
}

// flagType is how the help names the type: a switch, "bool", takes no value.
func flagType(typ string) string {
	switch typ {
	case "true or false":
		return "bool"
	case "whole number":
		return "number"
	}
	return typ
}

// flagText is a flag's value as it was typed.
type flagText struct{ text, typ string }

func (f *flagText) String() string { return f.text }
func (f *flagText) Type() string   { return f.typ }

func (f *flagText) Set(text string) error {
	f.text = text
	return nil
}

// wrap breaks a paragraph into lines, as pflag does with the text of a flag.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch n := utf8.RuneCountInString(word); {
		case column == 0:
			column = n
		case column+1+n > helpWidth:
			b.WriteByte('\n')
			column = n
		default:
			b.WriteByte(' ')
			column += 1 + n
		}
		b.WriteString(word)
	}
	return b.String() + "\n"
}

// WriteHelp writes every setting with its flag, variable, default, range and
// usage, section by section. Values that are set now do not appear in it.
func (r *Registry) WriteHelp(w io.Writer) error {
	var b strings.Builder
	b.WriteString(wrap("Settings. A flag comes before the environment variable in parentheses, that before the file that --config or " +
		r.FileEnv() + " names, and that before the default. The key in the file is the variable's name in lower case."))
	for _, sec := range r.sections {
		if len(sec.settings) == 0 {
			continue
		}
		flags := pflag.NewFlagSet(sec.name, pflag.ContinueOnError)
		flags.SortFlags = false
		for _, s := range sec.settings {
			flags.AddFlag(s.flag())
		}
		fmt.Fprintf(&b, "\n%s\n%s", wrap(sec.name+": "+sec.doc), flags.FlagUsagesWrapped(helpWidth))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
