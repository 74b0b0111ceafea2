package launcher

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// session is a stored sign-in. The token alone is enough to act as the player, so
// it is sent only to its own site.
type session struct {
	Site  string `json:"site"`  // as CheckSite returns it
	Token string `json:"token"` // of a better-auth session
}

// sessionPath is in the folder of the settings: launcher.session for launcher.conf.
func sessionPath(config string) string {
	return strings.TrimSuffix(config, ".conf") + ".session"
}

// loadSession reads the file. Without one, the error is fs.ErrNotExist. A file that
// other users may read is refused; on Windows the user's folder protects it.
func loadSession(path string) (session, error) {
	f, err := os.Open(path)
	if err != nil {
		return session{}, fmt.Errorf("read the session: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return session{}, fmt.Errorf("read the session: %w", err)
	}
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return session{}, fmt.Errorf("other users of this PC may read %s; end that session on the website, remove the file, and run `waystone-launcher login` again", path)
	}
	var s session
	if json.NewDecoder(f).Decode(&s) != nil || !tokenRE.MatchString(s.Token) {
		return session{}, fmt.Errorf("%s is damaged; remove it and run `waystone-launcher login` again", path)
	}
	if s.Site, err = CheckSite(s.Site); err != nil {
		return session{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s session) save(path string) error {
	b, err := json.Marshal(s)
	if err == nil {
		err = replaceFile(path, string(b)+"\n")
	}
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return nil
}

func removeSession(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the session: %w", err)
	}
	return nil
}

// replaceFile writes a file that only its owner may read. After a crash, the file
// is either the old one or the new one.
func replaceFile(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".launcher-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.WriteString(content)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
