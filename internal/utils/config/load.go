package config

import (
	"errors"
	"fmt"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// LoadOption changes how Load works.
type LoadOption func(*loading)

type loading struct {
	elsewhere []*Registry
}

// AlsoKnown accepts and ignores keys of the file that other registries know, so
// that one file can serve commands with different settings.
func AlsoKnown(others ...*Registry) LoadOption {
	return func(l *loading) { l.elsewhere = append(l.elsewhere, others...) }
}

// layer is one source of values, by their keys. names has what to call a value
// in a message.
type layer struct {
	source Source
	values *koanf.Koanf
	name   func(*setting) string
}

// Load sets every setting from the strongest source that names it (flags that
// AddFlags has added and somebody has parsed, the environment, the file, its
// default) and runs all checks. flags may be nil. The environment is a list of
// NAME=value, as os.Environ returns it; a variable that is set but empty counts
// as not set.
//
// The error is everything that is wrong at once, one sentence a line. A value
// that a stronger source overrides is not looked at.
func (r *Registry) Load(flags *pflag.FlagSet, environ []string, opts ...LoadOption) error {
	var l loading
	for _, opt := range opts {
		opt(&l)
	}
	if flags == nil {
		flags = pflag.NewFlagSet("", pflag.ContinueOnError)
	}
	fromFile, err := r.fileLayer(flags, environ, l.elsewhere)
	layers := []layer{r.defaultLayer(), fromFile, r.envLayer(environ), r.flagLayer(flags)}
	all := koanf.New(".")
	for _, l := range layers {
		if err := all.Merge(l.values); err != nil {
			return fmt.Errorf("put the settings together: %w", err)
		}
	}

	// Checks may look at several settings, so all are set before any is checked.
	errs := []error{err}
	wrong := make([]error, len(r.settings))
	for i, s := range r.settings {
		wrong[i] = s.load(all, layers)
	}
	for i, s := range r.settings {
		if wrong[i] == nil {
			wrong[i] = s.validate()
		}
	}
	return errors.Join(append(errs, wrong...)...)
}

// load takes the value that came out on top, and the layer that it is from.
func (s *setting) load(all *koanf.Koanf, layers []layer) error {
	top := layers[0]
	for _, l := range layers {
		if l.values.Exists(s.key) {
			top = l
		}
	}
	return s.set(all.String(s.key), top.source, top.name(s))
}

func (r *Registry) defaultLayer() layer {
	defaults := map[string]any{}
	for _, s := range r.settings {
		defaults[s.key] = s.def
	}
	return layer{FromDefault, read(confmap.Provider(defaults, "."), nil), func(s *setting) string { return s.env }}
}

func (r *Registry) envLayer(environ []string) layer {
	provider := env.Provider(".", env.Opt{
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			s, known := r.byEnv[name]
			if !known || value == "" {
				return "", nil
			}
			return s.key, value
		},
	})
	return layer{FromEnv, read(provider, nil), func(s *setting) string { return s.env }}
}

func (r *Registry) flagLayer(flags *pflag.FlagSet) layer {
	provider := posflag.ProviderWithFlag(flags, ".", nil, func(f *pflag.Flag) (string, any) {
		s, known := r.byFlag[f.Name]
		if !known || !IsSetting(f) {
			return "", nil
		}
		return s.key, f.Value.String()
	})
	return layer{FromFlag, read(provider, nil), func(s *setting) string { return "--" + s.name }}
}

// read loads one source. Those of the process's own memory cannot fail.
func read(p koanf.Provider, parser koanf.Parser) *koanf.Koanf {
	k := koanf.New(".")
	if err := k.Load(p, parser); err != nil {
		panic(err)
	}
	return k
}
