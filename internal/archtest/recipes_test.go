package archtest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// source returns the text of the Go files in a folder, tests or all others,
// one after the other.
func source(t *testing.T, dir string, tests bool) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(rootDir(t), dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// methods returns the names of all methods that a part's own code declares.
func methods(t *testing.T, part string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, p := range packages(t) {
		if p.path() != "internal/service/"+part {
			continue
		}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
					found[fn.Name.Name] = true
				}
			}
		}
	}
	return found
}

// TestEveryRPCIsImplemented: parts embed the generated servers that refuse
// every call, so the compiler does not miss a method.
func TestEveryRPCIsImplemented(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(rootDir(t), "gen", "waystone", "*", "v1", "*_grpc.pb.go"))
	if err != nil {
		t.Fatal(err)
	}
	fullName := regexp.MustCompile(`_FullMethodName += "/waystone\.(\w+)\.v1\.\w+/(\w+)"`)
	n := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fullName.FindAllStringSubmatch(string(b), -1) {
			n++
			if part, method := m[1], m[2]; !methods(t, part)[method] {
				t.Errorf("internal/service/%s has no method %s: every call of it is refused", part, method)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d methods found", n)
	}
}

// TestWorldMessagesAreCarried: what players do and what they perceive passes
// through switches that drop what they do not know.
func TestWorldMessagesAreCarried(t *testing.T) {
	events := regexp.MustCompile(`(?m)^func \(\*(\w+)\) +event\(\)`)
	requests := regexp.MustCompile(`(?m)^type ConnectRequest_(\w+) struct`)
	responses := regexp.MustCompile(`(?m)^type ConnectResponse_(\w+) struct`)
	for _, c := range []struct {
		from string
		find *regexp.Regexp
		by   string
		uses string // what the code of by has for it, %s stands for the name
	}{
		{"internal/game/zone", events, "internal/service/world", `case \*zone\.%s:`},
		{"gen/waystone/world/v1", requests, "internal/service/packet", `worldv1\.ConnectRequest_%s\b`},
		{"gen/waystone/world/v1", requests, "internal/service/world", `worldv1\.ConnectRequest_%s\b`},
		{"gen/waystone/world/v1", responses, "internal/service/world", `worldv1\.ConnectResponse_%s\b`},
		{"gen/waystone/world/v1", responses, "internal/service/packet", `worldv1\.ConnectResponse_%s\b|\.Get%[1]s\(\)`},
	} {
		found := c.find.FindAllStringSubmatch(source(t, c.from, false), -1)
		if len(found) < 5 {
			t.Errorf("%s: only %d found by %s", c.from, len(found), c.find)
		}
		code := source(t, c.by, false)
		for _, m := range found {
			if !regexp.MustCompile(fmt.Sprintf(c.uses, m[1])).MatchString(code) {
				t.Errorf("%s has no place for %s of %s", c.by, m[1], c.from)
			}
		}
	}
}

// TestEveryEngineIsWhole: an engine, which is what lies in internal/store and
// has tables of its own, passes the suite, has its page and can be chosen.
func TestEveryEngineIsWhole(t *testing.T) {
	engine := regexp.MustCompile(`^internal/store/\w+$`)
	others := regexp.MustCompile(`/(cached|guest|remote|siteschema|storepb|storetest)$`)
	chooser := source(t, "internal/app", false)
	n := 0
	for _, p := range packages(t) {
		if !engine.MatchString(p.path()) || others.MatchString(p.path()) {
			continue
		}
		n++
		tests := source(t, p.path(), true)
		for _, call := range []string{"storetest.Run(", "storetest.Bench("} {
			if !strings.Contains(tests, call) {
				t.Errorf("no test of %s calls %s…)", p.path(), call)
			}
		}
		if _, err := os.Stat(filepath.Join(p.Dir, "README.md")); err != nil {
			t.Errorf("%s has no README.md", p.path())
		}
		if !strings.Contains(chooser, `"`+p.ImportPath+`"`) {
			t.Errorf("internal/app cannot open %s", p.path())
		}
	}
	if n < 2 {
		t.Errorf("only %d engines found", n)
	}
}
