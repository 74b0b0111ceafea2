package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/waystone-mmo/waystone"

// pkg is what go list tells of a package.
type pkg struct {
	Dir, ImportPath, Name, Doc string
	Standard                   bool
	GoFiles                    []string
	TestGoFiles                []string
	XTestGoFiles               []string
	Imports                    []string
	Deps                       []string
}

// path is the import path below the module: "internal/store".
func (p pkg) path() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

var root = sync.OnceValues(func() (string, error) {
	return filepath.Abs("../..")
})

func rootDir(t *testing.T) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var listed = sync.OnceValues(func() ([]pkg, error) {
	dir, err := root()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,ImportPath,Name,Doc,Standard,GoFiles,TestGoFiles,XTestGoFiles,Imports,Deps", "./...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(err.Error() + ": " + stderr.String())
	}
	var pkgs []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
})

// packages returns the packages of this module.
func packages(t *testing.T) []pkg {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	var ours []pkg
	for _, p := range all {
		if p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/") {
			ours = append(ours, p)
		}
	}
	if len(ours) < 10 {
		t.Fatalf("go list found only %d packages of ours", len(ours))
	}
	return ours
}

// standard reports which import paths belong to the standard library.
func standard(t *testing.T) map[string]bool {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	std := map[string]bool{}
	for _, p := range all {
		if p.Standard {
			std[p.ImportPath] = true
		}
	}
	return std
}
