package image_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sourceRoot is the build's context.
const sourceRoot = "../.."

// ignored reads .dockerignore: "*" and then what is let in again, by its name
// in the root, or left out wherever it is ("**/PATTERN").
func ignored(t *testing.T) func(name string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sourceRoot, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	in, out := map[string]bool{}, []string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line == "*" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "!") && !strings.ContainsAny(line, "*/"):
			in[line[1:]] = true
		case strings.HasPrefix(line, "**/") && !strings.Contains(line[3:], "/"):
			out = append(out, line[3:])
		default:
			t.Fatalf(".dockerignore: the line %q is not known here", line)
		}
	}
	if !strings.Contains(string(text), "\n*\n") {
		t.Fatal(".dockerignore does not leave out everything first")
	}
	return func(name string) bool {
		first, _, _ := strings.Cut(name, "/")
		for _, pattern := range out {
			if ok, _ := path.Match(pattern, path.Base(name)); ok {
				return true
			}
		}
		return !in[first]
	}
}

// send copies the context into a directory, as docker build sends it.
func send(t *testing.T, to string) {
	t.Helper()
	ignored := ignored(t)
	err := fs.WalkDir(os.DirFS(sourceRoot), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case ignored(name) && d.IsDir():
			return fs.SkipDir
		case ignored(name):
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		return copyFile(filepath.Join(sourceRoot, name), filepath.Join(to, name), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string, mode os.FileMode) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // an image's directories are for all
		return err
	}
	return os.WriteFile(to, b, mode)
}

// pinned is a base image with a full version.
var pinned = regexp.MustCompile(`^golang:1\.\d+\.\d+-\w+$`)

// build does what the first stage says, in order, in a directory that stands
// for the stage's root, and returns that.
func build(t *testing.T, s stage) (root string) {
	t.Helper()
	if !pinned.MatchString(s.base) {
		t.Errorf("the base image %s is not pinned", s.base)
	}
	root = t.TempDir()
	dir := root
	env := os.Environ()
	for _, i := range s.instructions {
		switch i.name {
		case "WORKDIR":
			dir = filepath.Join(root, i.args)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		case "COPY":
			copyIn(t, dir, strings.Fields(i.args))
		case "ARG":
			name, value, ok := strings.Cut(i.args, "=")
			if !ok || strings.ContainsAny(value, "\"$ ") {
				t.Fatalf("ARG %s: must have a plain default", i.args)
			}
			env = append(env, name+"="+value)
		case "RUN":
			cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", i.args)
			cmd.Dir, cmd.Env = dir, env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("RUN %s: %v\n%s", i.args, err, out)
			}
		default:
			t.Fatalf("%s is not expected in the stage that builds", i.name)
		}
	}
	return root
}

// copyIn copies files of the context, or all of it.
func copyIn(t *testing.T, dir string, words []string) {
	t.Helper()
	if len(words) == 2 && words[0] == "." && words[1] == "." {
		send(t, dir)
		return
	}
	ignored := ignored(t)
	for _, name := range words[:len(words)-1] {
		if ignored(name) || strings.Contains(name, "/") || words[len(words)-1] != "./" {
			t.Fatalf("COPY %v: must be files in the root that .dockerignore lets in", words)
		}
		if err := copyFile(filepath.Join(sourceRoot, name), filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// assemble puts what the last stage copies into a root of its own. What the
// build has not made belongs to its base image, and is taken from this machine.
func assemble(t *testing.T, built string, im image) (root string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "root")
	for _, c := range im.copies {
		from, mode := filepath.Join(built, c[0]), os.FileMode(0o755)
		if _, err := os.Stat(from); err != nil {
			from, mode = c[0], 0o644
		}
		if err := copyFile(from, filepath.Join(root, c[1]), mode); err != nil {
			t.Fatal(fmt.Errorf("COPY %s: %w", c[0], err))
		}
	}
	return root
}
