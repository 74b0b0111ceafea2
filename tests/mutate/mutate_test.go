package main

import (
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const sample = `package sample

// Smaller returns the smaller of two numbers below 10, and an error if a is not.
func Smaller(a, b int) (int, error) {
	if a >= 10 {
		return 0, errTooLarge
	}
	if a < b {
		return a, nil
	}
	return b, nil
}
`

func TestFindNamesEachMistakeOnce(t *testing.T) {
	t.Parallel()
	found, err := inFile("sample/sample.go", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	var kinds []string
	for _, m := range found {
		if ids[m.id()] {
			t.Errorf("%s has the id of another", m)
		}
		ids[m.id()] = true
		kinds = append(kinds, m.kind+" "+m.is)
		changed := m.apply([]byte(sample))
		if _, err := format.Source(changed); err != nil || string(changed) == sample {
			t.Errorf("%s makes %s: %v", m, changed, err)
		}
	}
	want := []string{
		"check dropped false && (a >= 10)", "operator a > 10", "number 11",
		"check dropped false && (a < b)", "operator a <= b",
	}
	if got := strings.Join(kinds, "; "); got != strings.Join(want, "; ") {
		t.Errorf("got %s", got)
	}
}

func TestIDsStayWhenAnotherFunctionChanges(t *testing.T) {
	t.Parallel()
	before, err := inFile("sample/sample.go", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	after, err := inFile("sample/sample.go", []byte(strings.Replace(sample, "// Smaller", "func other(a int) bool { return a < 3 }\n\n// Smaller", 1)))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, m := range after {
		there[m.id()] = true
	}
	for _, m := range before {
		if !there[m.id()] {
			t.Errorf("%s has another id", m)
		}
	}
}

// A mistake that the test notices is killed, one that it does not notice
// survives, and one that does not compile is no mistake.
func TestJudge(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module sample\n\ngo 1.26\n")
	write("sample/sample.go", strings.Replace(sample, "package sample\n", "package sample\n\nimport \"errors\"\n\nvar errTooLarge = errors.New(\"too large\")\n", 1))
	write("sample/sample_test.go", "package sample\n\nimport \"testing\"\n\nfunc TestSmaller(t *testing.T) {\n\tif got, err := Smaller(1, 2); got != 1 || err != nil {\n\t\tt.Fatal(got, err)\n\t}\n}\n")
	root, err := absolute(root)
	if err != nil {
		t.Fatal(err)
	}
	j := judge{root: root, scratch: t.TempDir(), timeout: time.Minute}
	of := target{pkg: "sample"}
	found, err := find(root, "sample")
	if err != nil {
		t.Fatal(err)
	}
	for is, want := range map[string]verdict{"a > 10": survived, "false && (a < b)": killed} {
		i := slices.IndexFunc(found, func(m mutation) bool { return m.is == is })
		if v, err := j.judge(t.Context(), of, found[i]); err != nil || v != want {
			t.Errorf("%s: verdict %d, %v, want %d", is, v, err, want)
		}
	}
	broken := found[0]
	broken.with = "no such name"
	if v, err := j.judge(t.Context(), of, broken); err != nil || v != refused {
		t.Errorf("a mistake that does not compile: verdict %d, %v", v, err)
	}
}

// Every target is there, and has as many mistakes as are asked for.
func TestTargetsAreThere(t *testing.T) {
	t.Parallel()
	root, err := absolute("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range targets() {
		found, err := find(root, of.pkg)
		if err != nil {
			t.Error(err)
		} else if len(found) < of.count {
			t.Errorf("%s has %d places for a mistake, want at least %d", of.pkg, len(found), of.count)
		}
	}
}

func TestParseEquivalent(t *testing.T) {
	t.Parallel()
	if _, err := parseEquivalent(equivalentText); err != nil {
		t.Error(err)
	}
	got, err := parseEquivalent("# a comment\n\n0123abcd the same by symmetry\n")
	if err != nil || got["0123abcd"] != "the same by symmetry" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"0123abcd\n", "0123abcd  \n", "xyz reason\n", "0123abcd a\n0123abcd b\n"} {
		if _, err := parseEquivalent(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
