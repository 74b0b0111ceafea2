package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/utils/nearest"
)

// minTypo is the length from which a variable that is nearly one of ours is
// taken for a mistyped one, whatever it begins with; maxTypo is how many letters
// may differ then.
const (
	minTypo = 8
	maxTypo = 2
)

// foreign returns the test for variables that others set and that begin like
// ours: what Kubernetes tells every container of a service (SERVICE_PORT is
// tcp://… then), and the session manager of a desktop.
func foreign(environ []string) func(name string) bool {
	var services []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if service, ok := strings.CutSuffix(name, "_PORT"); ok && linked.MatchString(value) {
			services = append(services, service)
		}
	}
	return func(name string) bool {
		return name == "SESSION_MANAGER" || slices.ContainsFunc(services, func(service string) bool {
			rest, ok := strings.CutPrefix(name, service+"_")
			return ok && (rest == "PORT" || strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "SERVICE_"))
		})
	}
}

var linked = regexp.MustCompile(`^(tcp|udp|sctp)://`)

// UnknownVariables returns a sentence for every variable of the environment that
// none of the registries knows and that was probably meant for one: it begins
// with the first word of a known variable, or is nearly a known one. Another
// program's variable may begin like ours, so that the caller warns only.
func UnknownVariables(environ []string, registries ...*Registry) []string {
	known, prefixes := map[string]bool{}, map[string]bool{}
	for _, r := range registries {
		known[r.FileEnv()] = true
		for name := range r.byEnv {
			known[name] = true
		}
	}
	for name := range known {
		if first, _, more := strings.Cut(name, "_"); more {
			prefixes[first] = true
		}
	}
	names := slices.Sorted(maps.Keys(known))
	others := foreign(environ)
	var unknown []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value == "" || known[name] {
			continue
		}
		first, _, more := strings.Cut(name, "_")
		if ours := more && prefixes[first]; !others(name) && (ours || typo(name, names)) {
			unknown = append(unknown, fmt.Sprintf("%s: no such setting%s", name, registries[0].suggest(name, names)))
		}
	}
	slices.Sort(unknown)
	return unknown
}

// typo reports whether a name is nearly one of the known ones.
func typo(name string, known []string) bool {
	near := nearest.Name(name, known)
	return near != "" && len(name) >= minTypo && nearest.Distance(name, near) <= maxTypo
}
