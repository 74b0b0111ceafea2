package config

import (
	"errors"
	"slices"
)

// LoadOption changes how Load works.
type LoadOption func(*loading)

type loading struct {
	defaultFile string
	elsewhere   []*Registry
}

// DefaultFile names the file that is read when neither --config nor the
// environment names one. It has to exist; "" means none.
func DefaultFile(path string) LoadOption {
	return func(l *loading) { l.defaultFile = path }
}

// AlsoKnown accepts and ignores file keys that another registry knows, so that
// one file can serve commands with different settings.
func AlsoKnown(other *Registry) LoadOption {
	return func(l *loading) { l.elsewhere = append(l.elsewhere, other) }
}

// Load sets every setting from the strongest source that names it (flags, the
// environment, the file, its default), runs all checks, and returns the
// arguments that are no flags. Flags and other arguments may be mixed; "--"
// ends the flags. An environment variable that is set but empty counts as not
// set. env is usually os.LookupEnv.
//
// The error is ErrHelp, or everything that is wrong at once, one sentence a
// line. A value that a stronger source overrides is not looked at.
func (r *Registry) Load(args []string, env func(string) (string, bool), opts ...LoadOption) ([]string, error) {
	var l loading
	for _, opt := range opts {
		opt(&l)
	}
	parsed, err := r.parseArgs(args)
	if errors.Is(err, ErrHelp) {
		return nil, ErrHelp
	}
	errs := []error{err}

	path, by := l.defaultFile, "the default settings file"
	if v, ok := env(r.FileEnv()); ok && v != "" {
		path, by = v, r.FileEnv()
	}
	if parsed.file != "" {
		path, by = parsed.file, parsed.fileBy
	}
	var fromFile map[*setting]given
	if path != "" {
		fromFile, err = r.readFile(path, by, l.elsewhere)
		errs = append(errs, err)
	}

	// Checks may look at several settings, so all are set before any is checked.
	wrong := make([]error, len(r.settings))
	for i, s := range r.settings {
		wrong[i] = s.load(parsed.values, env, fromFile)
	}
	for i, s := range r.settings {
		if wrong[i] == nil {
			wrong[i] = s.validate()
		}
	}
	errs = append(errs, wrong...)
	return slices.Clone(parsed.rest), errors.Join(errs...)
}

// given is a text and the name by which it was given.
type given struct{ text, by string }

func (s *setting) load(flags map[*setting]given, env func(string) (string, bool), file map[*setting]given) error {
	if g, ok := flags[s]; ok {
		return s.set(g.text, FromFlag, g.by)
	}
	if v, ok := env(s.env); ok && v != "" {
		return s.set(v, FromEnv, s.env)
	}
	if g, ok := file[s]; ok {
		return s.set(g.text, FromFile, g.by)
	}
	return s.reset()
}
