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
		return registerMac(exe, env)
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

// registerMac makes a small application that passes links to the launcher. macOS
// gives links only to applications, as an event that a plain program does not get.
func registerMac(exe string, env func(string) string) (string, error) {
	home := env("HOME")
	if home == "" {
		return "", errors.New("HOME is not set; set it to your own folder")
	}
	app := filepath.Join(home, "Applications", "Waystone Launcher.app")
	if err := os.MkdirAll(filepath.Dir(app), 0o755); err != nil { //nolint:gosec // applications are public
		return "", fmt.Errorf("make the folder for applications: %w", err)
	}
	for _, args := range MacCommands(exe, app) {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil { //nolint:gosec // fixed arguments and own paths
			return "", fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, strings.TrimSpace(string(out)))
		}
	}
	return "made " + app + "; waystone:// links now open the launcher", nil
}

// MacCommands returns the commands that make an application at app, in their order.
// The application passes waystone:// links to the launcher at exe.
func MacCommands(exe, app string) [][]string {
	program := `quoted form of "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(exe) + `"`
	const apart = ` & " </dev/null >/dev/null 2>&1 &"`
	plist := filepath.Join(app, "Contents", "Info.plist")
	return [][]string{
		{
			"/usr/bin/osacompile", "-o", app,
			"-e", "on open location theLink",
			"-e", "do shell script " + program + ` & " run " & quoted form of theLink` + apart,
			"-e", "end open location",
			"-e", "on run",
			"-e", "do shell script " + program + ` & " setup"` + apart,
			"-e", "end run",
		},
		{"/usr/bin/plutil", "-replace", "CFBundleIdentifier", "-string", "org.waystone.launcher", plist},
		{"/usr/bin/plutil", "-replace", "LSUIElement", "-bool", "YES", plist},
		{"/usr/bin/plutil", "-replace", "CFBundleURLTypes", "-json", `[{"CFBundleURLName":"Waystone","CFBundleURLSchemes":["waystone"]}]`, plist},
		// The changes made the signature of osacompile invalid.
		{"/usr/bin/codesign", "--force", "--sign", "-", app},
		{"/System/Library/Frameworks/CoreServices.framework/Frameworks/LaunchServices.framework/Support/lsregister", "-f", app},
	}
}
