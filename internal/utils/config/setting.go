package config

import (
	"errors"
	"fmt"
)

// Source tells where a value came from.
type Source string

// The sources of a value, weakest first.
const (
	FromDefault Source = "default"
	FromFile    Source = "file"
	FromEnv     Source = "env"
	FromFlag    Source = "flag"
)

// Setting describes one setting for documentation, the config command and the
// status page. Default and Value show nothing of a secret.
type Setting struct {
	Section string `json:"section"`
	Name    string `json:"name"`             // service-port
	Flag    string `json:"flag"`             // --service-port
	Env     string `json:"env"`              // SERVICE_PORT
	Key     string `json:"key"`              // service_port, in the file
	Type    string `json:"type"`             // whole number, duration, …
	Default string `json:"default"`          // as it would be written
	Usage   string `json:"usage"`            // one or more sentences
	Range   string `json:"range,omitempty"`  // completes "must be …"
	Secret  bool   `json:"secret,omitempty"` // nothing of it is shown
	// SecretURL is a URL of which all but the password is shown.
	SecretURL bool   `json:"secret_url,omitempty"`
	Value     string `json:"value"`  // the current one
	Source    Source `json:"source"` // where Value came from
}

// setting is the registration itself.
type setting struct {
	section        *Section
	name, env, key string
	typ, def       string
	usage          string
	rangeText      string
	short          string // letter of the flag
	secret         secret
	value          Value
	checks         []func() error

	// How the last load set it: the name it was given by and the text given.
	source  Source
	givenBy string
	given   string
}

func newSetting(sec *Section, name, typ, def, usage string, opts []Option, v Value) *setting {
	s := &setting{
		section: sec, name: name, env: upperSnake(name), key: lowerSnake(name),
		typ: typ, def: def, usage: usage, value: v, source: FromDefault,
	}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

func (s *setting) isBool() bool {
	_, ok := s.value.(*typed[bool])
	return ok
}

// set parses text and remembers who gave it.
func (s *setting) set(text string, source Source, givenBy string) error {
	s.source, s.givenBy, s.given = source, givenBy, text
	if err := s.value.Set(text); err != nil {
		return s.wrong(err)
	}
	return nil
}

// validate runs the checks up to the first that fails.
func (s *setting) validate() error {
	for _, check := range s.checks {
		if err := check(); err != nil {
			return s.wrong(err)
		}
	}
	return nil
}

// wrong makes the sentence: name="value": what would be right. The value of a
// secret is left out.
func (s *setting) wrong(err error) error {
	name := s.givenBy
	if name == "" {
		name = s.env
	}
	text := s.given
	if s.source == FromDefault {
		text = s.value.String()
	}
	if s.secret != notSecret {
		return fmt.Errorf("%s: %w", name, s.secret.without(err, text))
	}
	return fmt.Errorf("%s=%q: %w", name, text, err)
}

func (s *setting) describe() Setting {
	return Setting{
		Section: s.section.name,
		Name:    s.name,
		Flag:    "--" + s.name,
		Env:     s.env,
		Key:     s.key,
		Type:    s.typ,
		Default: s.secret.mask(s.def),
		Usage:   s.usage,
		Range:   s.rangeText,
		Secret:  s.secret == wholeSecret, SecretURL: s.secret == urlSecret,
		Value:  s.secret.mask(s.value.String()),
		Source: s.source,
	}
}

// Settings describes every setting with its current value, section by section
// in the order of registration.
func (r *Registry) Settings() []Setting {
	all := make([]Setting, 0, len(r.settings))
	for _, sec := range r.sections {
		for _, s := range sec.settings {
			all = append(all, s.describe())
		}
	}
	return all
}

// Changed returns the settings that were not left at their default, by the
// name of their environment variable, secrets masked.
func (r *Registry) Changed() map[string]string {
	changed := map[string]string{}
	for _, s := range r.settings {
		if s.source != FromDefault && s.value.String() != s.def {
			changed[s.env] = s.secret.mask(s.value.String())
		}
	}
	return changed
}

// Validate runs the checks of every setting against its current value and
// joins what is wrong, one sentence a line.
func (r *Registry) Validate() error {
	var errs []error
	for _, s := range r.settings {
		errs = append(errs, s.validate())
	}
	return errors.Join(errs...)
}

// SectionDocs returns what each section is about, by its name.
func (r *Registry) SectionDocs() map[string]string {
	docs := make(map[string]string, len(r.sections))
	for _, s := range r.sections {
		docs[s.name] = s.doc
	}
	return docs
}
