package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Option refines one setting at its registration.
type Option func(*setting)

// Env names the environment variable; without it, the setting's name in upper
// snake case is used (service-port: SERVICE_PORT).
func Env(name string) Option {
	return func(s *setting) { s.env = name }
}

// Short gives the flag a one-letter form too: Short("n") for -n.
func Short(letter string) Option {
	return func(s *setting) { s.short = letter }
}

// Secret keeps the whole value out of help, documentation, Settings and errors:
// a token, a password.
func Secret() Option {
	return func(s *setting) { s.secret = wholeSecret }
}

// SecretURL keeps the password in a URL out of the same places; the rest of it
// is shown.
func SecretURL() Option {
	return func(s *setting) { s.secret = urlSecret }
}

// Check adds a rule that is run by Load and Validate once all values are set.
// The error completes a sentence that begins with the setting and its value
// ("must be a directory"); it must not repeat the value.
func Check(check func() error) Option {
	return func(s *setting) { s.checks = append(s.checks, check) }
}

// Range accepts numbers and durations from min to max, both included. Bounds
// are int, int64, float64 or time.Duration, as the setting is.
func Range(min, max any) Option {
	return func(s *setting) {
		low, high := s.bound(min), s.bound(max)
		if high.less(low) {
			panic(fmt.Sprintf("config: the range of %q is empty", s.name))
		}
		s.between(low, high, fmt.Sprintf("from %s to %s", low, high))
	}
}

// Min accepts numbers and durations of at least min.
func Min(min any) Option {
	return func(s *setting) {
		low := s.bound(min)
		s.rangeText = fmt.Sprintf("at least %s", low)
		s.checks = append(s.checks, func() error {
			if s.number().less(low) {
				return fmt.Errorf("must be %s", s.rangeText)
			}
			return nil
		})
	}
}

// Port accepts the numbers of TCP ports, 1 to 65535.
func Port() Option {
	return func(s *setting) {
		s.between(s.bound(1), s.bound(65535), "a port from 1 to 65535")
	}
}

// PortOrZero accepts the numbers of TCP ports and 0, which lets the system
// choose a free one.
func PortOrZero() Option {
	return func(s *setting) {
		s.between(s.bound(0), s.bound(65535), "a port from 1 to 65535, or 0 for any free one")
	}
}

// OneOf accepts only these texts; in a list, every item has to be one of them.
func OneOf(allowed ...string) Option {
	return func(s *setting) {
		v, ok := s.value.(itemized)
		if ok {
			_, ok = v.asItems()
		}
		if !ok {
			panic(fmt.Sprintf("config: OneOf applies to texts and lists, not to %q", s.name))
		}
		s.rangeText = "one of " + strings.Join(allowed, ", ")
		s.checks = append(s.checks, func() error {
			items, _ := v.asItems()
			for _, item := range items {
				if !slices.Contains(allowed, item) {
					return fmt.Errorf("must be %s", s.rangeText)
				}
			}
			return nil
		})
	}
}

// between adds the rule low ≤ value ≤ high; text completes "must be …".
func (s *setting) between(low, high number, text string) {
	s.rangeText = text
	s.checks = append(s.checks, func() error {
		if n := s.number(); n.less(low) || high.less(n) {
			return fmt.Errorf("must be %s", text)
		}
		return nil
	})
}

// number is the current value of a setting that bound has accepted.
func (s *setting) number() number {
	n, _ := s.value.(ranged).asNumber()
	return n
}

// bound turns an option's bound into the setting's own kind of number.
func (s *setting) bound(v any) number {
	r, ok := s.value.(ranged)
	var n number
	if ok {
		n, ok = r.asNumber()
	}
	if !ok {
		panic(fmt.Sprintf("config: Range, Min and Port apply to numbers and durations, not to %q", s.name))
	}
	switch v := v.(type) {
	case time.Duration:
		if n.isDuration {
			n.whole = int64(v)
			return n
		}
	case int:
		return s.wholeBound(n, int64(v))
	case int64:
		return s.wholeBound(n, v)
	case float64:
		if n.isFraction {
			n.fraction = v
			return n
		}
	}
	panic(fmt.Sprintf("config: %v (%T) is no bound for %q, a %s", v, v, s.name, s.typ))
}

func (s *setting) wholeBound(n number, v int64) number {
	switch {
	case n.isFraction:
		n.fraction = float64(v)
	case n.isDuration && v != 0:
		panic(fmt.Sprintf("config: the bound %d of %q needs a unit: write a time.Duration", v, s.name))
	default:
		n.whole = v
	}
	return n
}
