package config

import (
	"errors"
	"fmt"
	"strings"
)

// arguments is a command line taken apart.
type arguments struct {
	values map[*setting]given
	file   string // of --config
	fileBy string
	rest   []string
}

// parseArgs accepts -name and --name, --name=value and --name value, and a
// switch without a value. The last of a repeated flag counts.
func (r *Registry) parseArgs(args []string) (arguments, error) {
	out := arguments{values: map[*setting]given{}}
	var errs []error
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			out.rest = append(out.rest, args...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			out.rest = append(out.rest, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		by := "--" + name
		if name == "h" || name == "help" {
			return arguments{}, ErrHelp
		}
		s, known := r.byFlag[name]
		switch {
		case name != "config" && !known:
			errs = append(errs, fmt.Errorf("%s: no such setting%s", by, r.suggest(name, "--", r.flagNames())))
			continue
		case hasValue:
		case known && s.isBool():
			value = "true"
		case len(args) == 0 || r.isFlag(args[0]):
			errs = append(errs, fmt.Errorf("%s: needs a value: write %s=VALUE", by, by))
			continue
		default:
			value, args = args[0], args[1:]
		}
		if name == "config" {
			if value == "" {
				errs = append(errs, errors.New("--config: needs the path of a file"))
			}
			out.file, out.fileBy = value, by
			continue
		}
		out.values[s] = given{text: value, by: by}
	}
	return out, errors.Join(errs...)
}

// isFlag reports whether arg is a flag that this registry knows; any other
// text, "-1" for one, may be the value of the flag before it.
func (r *Registry) isFlag(arg string) bool {
	if !strings.HasPrefix(arg, "-") {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
	_, ok := r.byFlag[name]
	return ok || name == "config" || name == "help"
}

func (r *Registry) flagNames() []string {
	names := []string{"config", "help"}
	for _, s := range r.settings {
		names = append(names, s.name)
	}
	return names
}
