package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// helpWidth is the column at which help text is wrapped.
const helpWidth = 78

// WriteHelp writes every setting with its flag, variable, default, range and
// usage, section by section. Values that are set now do not appear in it.
func (r *Registry) WriteHelp(w io.Writer) error {
	b := bufio.NewWriter(w)
	wrap(b, "", fmt.Sprintf("Settings of %s. Flags come before environment variables, these before "+
		"the file (--config PATH or %s), the file before the defaults.", r.program, r.FileEnv()))
	for _, sec := range r.sections {
		if len(sec.settings) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s\n", strings.ToUpper(sec.name))
		wrap(b, "  ", sec.doc)
		for _, s := range sec.settings {
			d := s.describe()
			fmt.Fprintf(b, "\n  %s", d.Flag)
			if !s.isBool() {
				fmt.Fprintf(b, "=%s", placeholder(d.Type))
			}
			fmt.Fprintf(b, "\n      %s, key %s\n", d.Env, d.Key)
			wrap(b, "      ", d.Usage+limits(d))
		}
	}
	return b.Flush()
}

func placeholder(typ string) string {
	return strings.ToUpper(strings.ReplaceAll(typ, " ", "-"))
}

func limits(d Setting) string {
	text := ""
	if d.Range != "" {
		text = " Must be " + d.Range + "."
	}
	if d.Default != "" {
		text += " Default: " + d.Default + "."
	}
	return text
}

// wrap writes text as a paragraph, every line indented.
func wrap(w io.Writer, indent, text string) {
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column == 0:
			column, _ = fmt.Fprint(w, indent, word)
		case column+1+utf8.RuneCountInString(word) > helpWidth:
			fmt.Fprintln(w)
			column, _ = fmt.Fprint(w, indent, word)
		default:
			n, _ := fmt.Fprint(w, " ", word)
			column += n
		}
	}
	if column > 0 {
		fmt.Fprintln(w)
	}
}

// MaxUsage bounds a usage text, in characters.
const MaxUsage = 400

// CheckUsage says what keeps a usage text from being a sentence: it begins
// with a capital letter or a digit, ends with a full stop, stands on one line
// and has at most MaxUsage characters. Tests run it over Registry.Settings.
func CheckUsage(usage string) error {
	first, _ := utf8.DecodeRuneInString(usage)
	switch {
	case !unicode.IsUpper(first) && !unicode.IsDigit(first):
		return errors.New("must begin with a capital letter")
	case !strings.HasSuffix(usage, "."):
		return errors.New("must end with a full stop")
	case strings.ContainsAny(usage, "\r\n\t"):
		return errors.New("must stand on one line")
	case utf8.RuneCountInString(usage) > MaxUsage:
		return fmt.Errorf("must have at most %d characters", MaxUsage)
	}
	return nil
}
