package launcher

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Register makes the desktop open waystone:// links with the program at exe,
// for this user only, and returns a sentence that says what was done.
func Register(goos, exe string, env func(string) string) (string, error) {
	switch goos {
	case "windows":
		return registerWindows(exe)
	case "darwin":
		return "", errors.New("macOS opens links only with programs in a bundle; start the game with `waystone-launcher run LINK` instead")
	}
	return registerXDG(exe, env)
}

func registerXDG(exe string, env func(string) string) (string, error) {
	dir := env("XDG_DATA_HOME")
	if dir == "" {
		home := env("HOME")
		if home == "" {
			return "", errors.New("neither XDG_DATA_HOME nor HOME is set; set one to the folder where desktop files belong")
		}
		dir = filepath.Join(home, ".local", "share")
	}
	dir = filepath.Join(dir, "applications")
	const name = "waystone-launcher.desktop"
	content := "[Desktop Entry]\nType=Application\nName=Waystone Launcher\nNoDisplay=true\n" +
		"Exec=" + desktopQuote(exe) + " run %u\nMimeType=x-scheme-handler/waystone;\n"
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // desktop files are public
		return "", fmt.Errorf("write the desktop file: %w", err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // desktop files are public
		return "", fmt.Errorf("write the desktop file: %w", err)
	}
	xdg, err := exec.LookPath("xdg-mime")
	if err != nil {
		return "wrote " + path + "; xdg-mime is not installed, so choose the launcher when the browser asks", nil
	}
	if out, err := exec.Command(xdg, "default", name, "x-scheme-handler/waystone").CombinedOutput(); err != nil { //nolint:gosec // fixed arguments
		return "", fmt.Errorf("xdg-mime default: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return "wrote " + path + "; waystone:// links now open the launcher", nil
}

// desktopQuote quotes a path for the Exec key of a desktop file.
func desktopQuote(s string) string {
	r := strings.NewReplacer(`\`, `\\\\`, `"`, `\\"`, "`", "\\\\`", `$`, `\\$`, `%`, `%%`)
	return `"` + r.Replace(s) + `"`
}

func registerWindows(exe string) (string, error) {
	const key = `HKCU\Software\Classes\waystone`
	for _, args := range [][]string{
		{"add", key, "/ve", "/d", "URL:Waystone", "/f"},
		{"add", key, "/v", "URL Protocol", "/d", "", "/f"},
		{"add", key + `\shell\open\command`, "/ve", "/d", `"` + exe + `" run "%1"`, "/f"},
	} {
		if out, err := exec.Command("reg", args...).CombinedOutput(); err != nil { //nolint:gosec // fixed arguments
			return "", fmt.Errorf("reg add: %w: %s", err, strings.TrimSpace(string(out)))
		}
	}
	return "waystone:// links now open the launcher", nil
}
