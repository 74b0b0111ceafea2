package e2e_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// wrapper stands for a program of systemd, which acts on a folder in place of
// this machine.
const wrapper = `#!/bin/sh
case ${0##*/} in
systemctl)
	echo "$*" >>"$ROOT/systemctl"
	[ "$1" != enable ] || { shift 2; for u; do [ -e "$ROOT/etc/systemd/system/$u.service" ] || exit 1; done; } ;;
*) exec "/usr/bin/${0##*/}" --root="$ROOT" "$@" ;;
esac
`

// TestInstall does the runnable steps of deploy/README.md in a folder, and starts
// the server as the unit that is installed there says.
func TestInstall(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"systemd-sysusers", "systemd-tmpfiles", "systemd-analyze"} {
		if _, err := os.Stat("/usr/bin/" + program); err != nil || os.Geteuid() != 0 {
			testenv.Missing(t, "the test of deploy/README.md needs root, and the programs of systemd")
		}
	}
	root, work, tools := t.TempDir(), t.TempDir(), t.TempDir()
	page, err := os.ReadFile("../../deploy/README.md")
	if err != nil {
		t.Fatal(err)
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{filepath.Join(repository, "deploy"): "deploy", filepath.Dir(binary(t, "waystone")): "bin"} {
		if err := os.Symlink(from, filepath.Join(work, to)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"systemctl", "systemd-sysusers", "systemd-tmpfiles"} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte(wrapper), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	blocks := regexp.MustCompile("(?s)```sh runnable\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 2 {
		t.Fatalf("deploy/README.md has %d runnable blocks", len(blocks))
	}
	for _, b := range blocks {
		steps := regexp.MustCompile(` /(usr|etc|var)/`).ReplaceAllString(b[1], " $$ROOT/$1/")
		cmd := exec.Command("sh", "-euc", steps) //nolint:gosec // the page under test
		cmd.Dir, cmd.Env = work, append(os.Environ(), "ROOT="+root, "PATH="+tools+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", b[1], err, out)
		}
	}
	for name, mode := range map[string]os.FileMode{"": 0o750, "waystone.env": 0o640, "common.env": 0o640, "database.env": 0o640, "packet.env": 0o640} {
		info, err := os.Stat(filepath.Join(root, "etc/waystone", name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != mode {
			t.Errorf("/etc/waystone/%s has the mode %v", name, info.Mode())
		}
	}
	unit := installedUnit(t, root)
	judged(t, root)

	// The first start, without a setting of ours but for the ports.
	p := ports(t, 8)
	env := map[string]string{
		"OPS_LISTEN_ADDR":       "127.0.0.1:" + p[0],
		"DATABASE_SERVICE_PORT": p[1], "AUTH_SERVICE_PORT": p[2], "CHARACTER_SERVICE_PORT": p[3], "WORLD_SERVICE_PORT": p[4],
		"PACKET_LOGIN_PORT": p[5], "PACKET_WORLD_PORT": p[6], "PACKET_GAME_PORT": p[7], "DRAIN_DELAY": "0s",
	}
	maps.Copy(env, unit.env)
	proc := runCommand(t, env, exec.Command(unit.command[0], unit.command[1:]...)) //nolint:gosec // of the unit under test
	proc.ready("127.0.0.1:" + p[0])
	proc.stop()
	if _, err := os.Stat(filepath.Join(root, "var/lib/waystone/waystone.db")); err != nil {
		t.Errorf("the database is not in the server's folder: %v", err)
	}
}

// unit is how an installed service is started.
type unit struct {
	command []string
	env     map[string]string
}

func installedUnit(t *testing.T, root string) unit {
	t.Helper()
	u := unit{env: map[string]string{}}
	add := func(text string) {
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
				u.env[name] = strings.ReplaceAll(value, "%S", root+"/var/lib")
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "etc/systemd/system/waystone.service"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key {
		case "ExecStart":
			u.command = strings.Fields(root + value)
		case "Environment":
			add(value)
		case "EnvironmentFile":
			file, err := os.ReadFile(root + strings.TrimPrefix(value, "-"))
			if err != nil {
				t.Fatal(err)
			}
			add(string(file))
		}
	}
	if len(u.command) == 0 {
		t.Fatal("the unit starts nothing")
	}
	return u
}

// judged asks systemd for its verdict on the units, whose program is where it was
// installed: no fault, and an exposure of 2.0 at most of 10.
func judged(t *testing.T, root string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"waystone.service", "waystone@.service"} {
		text, err := os.ReadFile(filepath.Join(root, "etc/systemd/system", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		placed := strings.ReplaceAll(string(text), "/usr/local/bin/waystone", root+"/usr/local/bin/waystone")
		if err := os.WriteFile(path, []byte(placed), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"verify", "--man=no", path}, {"security", "--offline=true", "--threshold=20", path}} {
			if out, err := exec.Command("/usr/bin/systemd-analyze", args...).CombinedOutput(); err != nil { //nolint:gosec // fixed
				t.Errorf("systemd-analyze %v: %v\n%s", args, err, out)
			}
		}
	}
}
