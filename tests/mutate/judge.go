package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// verdict is what the tests said of a mistake.
type verdict int

const (
	killed   verdict = iota // a test failed
	survived                // all passed
	refused                 // it does not compile, so it is no mistake that could be made
)

// judge runs tests over a tree with a mistake in it.
type judge struct {
	root    string
	scratch string
	timeout time.Duration
}

// baseline runs the tests as the tree is: they have to pass.
func (j judge) baseline(ctx context.Context, t target) error {
	if out, err := j.test(ctx, t, ""); err != nil {
		return fmt.Errorf("the tests of %s fail without any mistake: %w\n%s", t.pkg, err, out)
	}
	return nil
}

// judge makes one mistake and returns what the tests of the target say of it.
func (j judge) judge(ctx context.Context, t target, m mutation) (verdict, error) {
	path := filepath.Join(j.root, filepath.FromSlash(m.file))
	source, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	changed := filepath.Join(j.scratch, m.id()+".go")
	if err := os.WriteFile(changed, m.apply(source), 0o600); err != nil { //nolint:gosec // in a folder of ours, named by a hash
		return 0, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return 0, err
	}
	list := filepath.Join(j.scratch, m.id()+".json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return 0, err
	}
	out, err := j.test(ctx, t, list)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err == nil:
		return survived, nil
	case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")):
		return refused, nil
	}
	return killed, nil
}

// test runs the tests of a target. A mistake may make them wait for ever, so
// they are given a time; running out of it is a failure like any other.
func (j judge) test(ctx context.Context, t target, overlay string) ([]byte, error) {
	args := []string{"test", "-count=1", "-failfast", "-vet=off", "-timeout", j.timeout.String()}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	for _, pkg := range append([]string{t.pkg}, t.also...) {
		args = append(args, "./"+pkg)
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // arguments are from the table of targets
	cmd.Dir = j.root
	return cmd.CombinedOutput()
}
