package config

import (
	"strconv"
	"time"
)

// Section is a group of settings under one heading, in the order of
// registration. Every registering method sets the target to its default at
// once, and panics when the name is already registered.
type Section struct {
	registry *Registry
	name     string
	doc      string
	settings []*setting
}

// String registers a text setting.
func (s *Section) String(p *string, name, def, usage string, opts ...Option) {
	register(s, p, name, def, usage, opts, kind[string]{
		name:   "text",
		parse:  func(text string) (string, error) { return text, nil },
		format: func(v string) string { return v },
		items:  func(v string) []string { return []string{v} },
	})
}

// Strings registers a list setting, written as items separated by commas.
// Blanks around an item are dropped and so are empty items.
func (s *Section) Strings(p *[]string, name string, def []string, usage string, opts ...Option) {
	register(s, p, name, def, usage, opts, kind[[]string]{
		name:   "list",
		parse:  func(text string) ([]string, error) { return splitList(text), nil },
		format: joinList,
		items:  func(v []string) []string { return v },
	})
}

// Bool registers a switch. On the command line its name alone means true.
func (s *Section) Bool(p *bool, name string, def bool, usage string, opts ...Option) {
	register(s, p, name, def, usage, opts, kind[bool]{
		name:   "true or false",
		parse:  parseBool,
		format: strconv.FormatBool,
	})
}

// Int registers a whole number.
func (s *Section) Int(p *int, name string, def int, usage string, opts ...Option) {
	register(s, p, name, def, usage, opts, kind[int]{
		name:   "whole number",
		parse:  parseInt,
		format: strconv.Itoa,
		number: func(v int) number { return number{whole: int64(v)} },
	})
}

// Int64 registers a whole number of 64 bits.
func (s *Section) Int64(p *int64, name string, def int64, usage string, opts ...Option) {
	register(s, p, name, def, usage, opts, kind[int64]{
		name:   "whole number",
		parse:  parseInt64,
		format: func(v int64) string { return strconv.FormatInt(v, 10) },
		number: func(v int64) number { return number{whole: v} },
	})
}

// Float64 registers a number with a fraction. Infinities and NaN are refused.
func (s *Section) Float64(p *float64, name string, def float64, usage string, opts ...Option) {
	register(s, p, name, def, usage, opts, kind[float64]{
		name:   "number",
		parse:  parseFloat,
		format: func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) },
		number: func(v float64) number { return number{fraction: v, isFraction: true} },
	})
}

// Duration registers a length of time, as ParseDuration reads it: 250ms, 1m30s, 7d.
func (s *Section) Duration(p *time.Duration, name string, def time.Duration, usage string, opts ...Option) {
	register(s, p, name, def, usage, opts, kind[time.Duration]{
		name:   "duration",
		parse:  ParseDuration,
		format: FormatDuration,
		number: func(v time.Duration) number { return number{whole: int64(v), isDuration: true} },
	})
}

// Value is what Var registers: a type that reads and prints itself. Set's
// error says what would be right ("must be a colour"), and not what was wrong.
type Value interface {
	Set(text string) error
	String() string
}

// Var registers a setting of the caller's own type; typ names the type in help
// and documentation. What v prints now is the default. When a load fails, v
// may already hold the value that failed.
func (s *Section) Var(v Value, name, typ, usage string, opts ...Option) {
	s.registry.add(newSetting(s, name, typ, v.String(), usage, opts, v))
}

// register builds the setting for a typed pointer and sets its default.
func register[T any](s *Section, p *T, name string, def T, usage string, opts []Option, k kind[T]) {
	*p = def
	t := &typed[T]{p: p, kind: k}
	s.registry.add(newSetting(s, name, k.name, k.format(def), usage, opts, t))
}
