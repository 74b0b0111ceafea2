package archtest_test

import (
	"regexp"
	"strings"
	"testing"
)

// rule forbids imports: packages whose path matches from may not import one
// that matches to, unless it matches except. Paths of ours are taken below
// the module ("internal/store"), others as they are.
type rule struct {
	from, to, except string
	deps             bool // also what is imported by what is imported
	why              string
}

var rules = []rule{
	{
		from: `^internal/service/(\w+)(/|$)`, to: `^internal/service/(\w+)(/|$)`,
		why: "a part that imports another cannot be deployed alone: let internal/app pass in a client",
	},
	{
		from: `^internal/game(/|$)`, to: `^(net(/.*)?|database/sql(/.*)?|os/exec|internal/(store|packets|wire|rpc|service|app)(/.*)?|gen/.*)$`,
		why: "the simulation must be replayable: internal/service/world translates between stored, simulated and wire types",
	},
	{
		from: `^internal/store$`, to: `^internal/store/`,
		why: "the contract does not know its implementations",
	},
	{
		from: `^internal/(service|store/(cached|guest|remote|storetest|storepb))(/|$)`, to: `^internal/store/(sqlite|postgres|cached|remote)(/|$)`,
		except: `^internal/store/(sqlite|postgres|cached|remote)/internal/`,
		why:    "only internal/app and tests choose an implementation of the store",
	},
	{
		from: `^(cmd|internal)(/|$)`, to: `^(github\.com/jackc/pgx/.*|modernc\.org/sqlite.*|github\.com/redis/rueidis.*)$`,
		except: `^internal/(store/postgres|store/sqlite|utils/rediscache)(/|$)`,
		why:    "drivers stay in the adapter that translates their errors: store/postgres, store/sqlite, utils/rediscache",
	},
	{
		from: `^internal/utils/`, to: `^(internal/[^u].*|gen/.*)$`,
		why: "utils know one thing each and nothing of ours",
	},
	{
		from: `^internal/packets(/|$)`, to: `^(gen/.*|internal/(service|store|rpc|app|game).*)$`,
		why: "the client's protocol stands alone: gateway, bot and dump tool share it",
	},
	{
		from: `^internal/(service|store|game|wire|packets|rpc|utils)(/|$)`, to: `^internal/app(/|$)`,
		why: "internal/app is the composition root: it sees everything and nothing sees it",
	},
	{
		from: `^internal/service/launcher(/|$)|^cmd/waystone-launcher$`, to: `^(google\.golang\.org/grpc.*|internal/(app|store|rpc|game|wire|packets)(/.*)?|gen/.*)$`, deps: true,
		why: "the launcher ships to players and must stay small: no server code in it",
	},
	{
		from: `^cmd/`, to: `^(testing|internal/store/storetest(/.*)?|tests/.*)$`, deps: true,
		why: "what is linked into a binary carries no test code",
	},
}

// TestImports holds every package to the rules.
func TestImports(t *testing.T) {
	pkgs := packages(t)
	for _, r := range rules {
		from, to := regexp.MustCompile(r.from), regexp.MustCompile(r.to)
		except := regexp.MustCompile(`^$`)
		if r.except != "" {
			except = regexp.MustCompile(r.except)
		}
		matched := false
		for _, p := range pkgs {
			m := from.FindStringSubmatch(p.path())
			if m == nil || except.MatchString(p.path()) {
				continue
			}
			matched = true
			imports := p.Imports
			if r.deps {
				imports = p.Deps
			}
			for _, imp := range imports {
				imp = strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
				n := to.FindStringSubmatch(imp)
				if n == nil || except.MatchString(imp) {
					continue
				}
				if len(m) > 1 && len(n) > 1 && m[1] != "" && m[1] == n[1] {
					continue // inside one part
				}
				t.Errorf("%s imports %s: %s", p.path(), imp, r.why)
			}
		}
		if !matched {
			t.Errorf("rule %q matches no package: it has moved, or the rule is dead", r.from)
		}
	}
}

// TestStandardLibraryOnly: the byte codec and the error vocabulary are used by
// everything, so they depend on nothing.
func TestStandardLibraryOnly(t *testing.T) {
	std := standard(t)
	want := map[string]bool{"internal/wire": false, "internal/errs": false}
	for _, p := range packages(t) {
		if _, ok := want[p.path()]; !ok {
			continue
		}
		want[p.path()] = true
		for _, imp := range p.Imports {
			if !std[imp] {
				t.Errorf("%s imports %s: it may import the standard library only", p.path(), imp)
			}
		}
	}
	for path, found := range want {
		if !found {
			t.Errorf("package %s has moved: move the rule with it", path)
		}
	}
}
