// Package config turns one registration per setting into everything that has
// to agree about it: the command line flag, the environment variable, the file
// key, the help text, the documentation and the masked value on a status page.
//
// A setting is a pointer into somebody's configuration struct. Its owner
// registers it once:
//
//	s := registry.Section("database", "Where data is kept.")
//	s.Int(&cfg.Port, "service-port", 50052, "Port of the gRPC service.", config.Port())
//	s.String(&cfg.URL, "database-url", "", "URL of the store.", config.Secret(),
//		config.Check(config.URL(&cfg.URL, "postgres", "sqlite")))
//
// and Registry.Load fills it from flags, else the environment, else a file,
// else the default. Registry.AddFlags gives the flags to a command, pflag parses
// them, and koanf puts the sources on top of each other. A Registry belongs to
// one goroutine until Load has returned; after that, any number of goroutines
// may read it.
package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// settingName is the shape of a name: words of small letters and digits,
// joined by "-" or ".".
var settingName = regexp.MustCompile(`^[a-z][a-z0-9]*([-.][a-z0-9]+)*$`)

// Registry holds the settings of one program, in the order of registration.
type Registry struct {
	program  string
	sections []*Section
	settings []*setting
	byFlag   map[string]*setting
	byEnv    map[string]*setting
	byKey    map[string]*setting
}

// New returns an empty registry. The program's name also makes the environment
// variable that points to a file: "waystone" gives WAYSTONE_CONFIG.
func New(program string) *Registry {
	return &Registry{
		program: program,
		byFlag:  map[string]*setting{},
		byEnv:   map[string]*setting{},
		byKey:   map[string]*setting{},
	}
}

// Section starts a group of settings under a heading; doc is one sentence
// about the group. Asking for a name again returns the section it already has,
// so that several packages can add to one group.
func (r *Registry) Section(name, doc string) *Section {
	for _, s := range r.sections {
		if s.name == name {
			return s
		}
	}
	s := &Section{registry: r, name: name, doc: doc}
	r.sections = append(r.sections, s)
	return s
}

// FileEnv is the environment variable that names the settings file.
func (r *Registry) FileEnv() string { return upperSnake(r.program) + "_CONFIG" }

// add registers a setting and panics when its name, variable or file key is
// malformed or taken: that is a mistake in the program, not in its use.
func (r *Registry) add(s *setting) {
	if !settingName.MatchString(s.name) {
		panic(fmt.Sprintf("config: the name %q is not made of small letters, digits, - and .", s.name))
	}
	if s.name == "config" || s.name == "help" {
		panic(fmt.Sprintf("config: the name %q is reserved", s.name))
	}
	if s.env == r.FileEnv() {
		panic(fmt.Sprintf("config: %s is reserved for the settings file, not for %q", s.env, s.name))
	}
	for _, taken := range []struct {
		index map[string]*setting
		name  string
		what  string
	}{
		{r.byFlag, s.name, "name"},
		{r.byEnv, s.env, "environment variable"},
		{r.byKey, s.key, "file key"},
	} {
		if other, ok := taken.index[taken.name]; ok {
			panic(fmt.Sprintf("config: the %s %q of section %q is already registered by section %q",
				taken.what, taken.name, s.section.name, other.section.name))
		}
		taken.index[taken.name] = s
	}
	r.settings = append(r.settings, s)
	s.section.settings = append(s.section.settings, s)
}

// upperSnake turns "service-port" into "SERVICE_PORT".
func upperSnake(name string) string { return strings.ToUpper(lowerSnake(name)) }

// lowerSnake turns "service-port" into "service_port".
func lowerSnake(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return unicode.ToLower(r)
	}, name)
}
