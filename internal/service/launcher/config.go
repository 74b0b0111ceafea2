package launcher

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Config is the player's own file. It says which program is the game client,
// at which website the player signed in last, and which servers a link may
// lead to.
//
//	client = /home/me/rose/client.exe
//	runner = wine
//	directory = /home/me/rose
//	site = https://site.example
//	allow = play.example.org
type Config struct {
	Path      string   // where the file is
	Client    string   // program that is the game client
	Runner    string   // program that starts it, such as wine; empty for none
	Directory string   // where the client runs; its own folder when empty
	Site      string   // address of the website, as CheckSite returns it; empty for none
	Allowed   []string // hosts that links may lead to, lower case
}

// ConfigPath returns where the file is: WAYSTONE_LAUNCHER_CONFIG, or
// waystone/launcher.conf in the user's folder for settings.
func ConfigPath(env func(string) string) (string, error) {
	if p := env("WAYSTONE_LAUNCHER_CONFIG"); p != "" {
		return p, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for settings: %w; set WAYSTONE_LAUNCHER_CONFIG to a file", err)
	}
	return filepath.Join(dir, "waystone", "launcher.conf"), nil
}

// LoadConfig reads the file. A file that does not exist counts as empty.
func LoadConfig(path string) (*Config, error) {
	c := &Config{Path: path}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the launcher's settings: %w", err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || value == "" {
			return nil, fmt.Errorf("%s line %d: want key = value", path, n)
		}
		switch key {
		case "client":
			c.Client = value
		case "runner":
			c.Runner = value
		case "directory":
			c.Directory = value
		case "site":
			if c.Site, err = CheckSite(value); err != nil {
				return nil, fmt.Errorf("%s line %d: %w", path, n, err)
			}
		case "allow":
			if err := ValidateHost(value); err != nil {
				return nil, fmt.Errorf("%s line %d: allow = %s: %w", path, n, value, err)
			}
			c.Allow(value)
		default:
			return nil, fmt.Errorf("%s line %d: unknown key %q; known are client, runner, directory, site, allow", path, n, key)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read the launcher's settings: %w", err)
	}
	return c, nil
}

// Save writes the file; only its owner can read it. After a crash, the file is
// either the old one or the new one.
func (c *Config) Save() error {
	var b strings.Builder
	b.WriteString("# Settings of waystone-launcher.\n")
	for _, kv := range [][2]string{{"client", c.Client}, {"runner", c.Runner}, {"directory", c.Directory}, {"site", c.Site}} {
		if strings.ContainsFunc(kv[1], unicode.IsControl) {
			return fmt.Errorf("save the launcher's settings: %s %q has a line break or another control character, which the file cannot hold; rename it", kv[0], kv[1])
		}
		if kv[1] != "" {
			fmt.Fprintf(&b, "%s = %s\n", kv[0], kv[1])
		}
	}
	for _, h := range c.Allowed {
		fmt.Fprintf(&b, "allow = %s\n", h)
	}
	if err := replaceFile(c.Path, b.String()); err != nil {
		return fmt.Errorf("save the launcher's settings: %w", err)
	}
	return nil
}

// Allows reports whether links may lead to a host.
func (c *Config) Allows(host string) bool {
	return slices.Contains(c.Allowed, strings.ToLower(host))
}

// Allow adds a host and reports whether it was new.
func (c *Config) Allow(host string) bool {
	if c.Allows(host) {
		return false
	}
	c.Allowed = append(c.Allowed, strings.ToLower(host))
	slices.Sort(c.Allowed)
	return true
}

// Forbid removes a host and reports whether it was there.
func (c *Config) Forbid(host string) bool {
	i := slices.Index(c.Allowed, strings.ToLower(host))
	if i < 0 {
		return false
	}
	c.Allowed = slices.Delete(c.Allowed, i, i+1)
	return true
}
