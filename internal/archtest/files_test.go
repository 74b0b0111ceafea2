package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackageComments: every package says in one comment what it is.
func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if strings.HasPrefix(p.path(), "gen/") || len(p.GoFiles) == 0 || strings.Contains(p.path(), "/internal/db") {
			continue
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command " + filepath.Base(p.ImportPath) + " "
		}
		var found []string
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				found = append(found, name)
				if !strings.HasPrefix(f.Doc.Text(), want) {
					t.Errorf("%s/%s: the package comment must begin with %q", p.path(), name, want)
				}
			}
		}
		if len(found) != 1 {
			t.Errorf("%s has %d package comments, want exactly one: %v", p.path(), len(found), found)
		}
	}
}

// TestNoInit: tables are literals that "find usages" can follow, not filled by
// init functions.
func TestNoInit(t *testing.T) {
	for _, p := range packages(t) {
		if strings.HasPrefix(p.path(), "gen/") {
			continue
		}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s/%s has an init function: wire it in internal/app instead", p.path(), name)
				}
			}
		}
	}
}

// TestUtilsIsAFolder: the name utils groups packages and never becomes one.
func TestUtilsIsAFolder(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(rootDir(t), "internal", "utils", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) > 0 {
		t.Errorf("internal/utils holds folders only; move %v into the package that it is about", names)
	}
}

// TestSimulationHasNoClock: time and randomness come into the simulation from
// outside, so that a zone can be stepped by hand and replayed.
func TestSimulationHasNoClock(t *testing.T) {
	forbidden := regexp.MustCompile(`\b(time\.(Now|Since|Until|After|AfterFunc|Tick|NewTicker|NewTimer|Sleep)|rand\.(Int|IntN|Float64|Float32|N|Perm|Shuffle|Uint32|Uint64))\(`)
	for _, p := range packages(t) {
		if !strings.HasPrefix(p.path(), "internal/game") {
			continue
		}
		for _, name := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if m := forbidden.Find(b); m != nil {
				t.Errorf("%s/%s calls %s…): let the caller pass time and randomness in", p.path(), name, m)
			}
		}
	}
}

// TestEveryPartHasAReadme: an operator finds the part's own page beside it.
func TestEveryPartHasAReadme(t *testing.T) {
	for _, part := range []string{
		"internal/service/auth", "internal/service/character", "internal/service/database",
		"internal/service/packet", "internal/service/world", "internal/service/launcher", "internal/utils",
		"internal/store/sqlite", "internal/store/postgres", "tests", "tests/fakes",
	} {
		if _, err := os.Stat(filepath.Join(rootDir(t), part, "README.md")); err != nil {
			t.Errorf("%s has no README.md", part)
		}
	}
}

// TestLinks: relative links in the documents lead to files that exist.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	n := 0
	err := filepath.WalkDir(rootDir(t), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != rootDir(t) || d.Name() == "data" && filepath.Dir(path) == rootDir(t) || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			n++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", strings.TrimPrefix(path, rootDir(t)+"/"), m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Error("no links found")
	}
}
