package launcher

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// maxLog is the maximum size of the log, in bytes. A larger one becomes the older
// of the two files that are kept.
const maxLog = 256 << 10

// LogPath returns where the log is: WAYSTONE_LAUNCHER_LOG, or
// waystone/launcher.log in the user's folder for caches.
func LogPath(env func(string) string) (string, error) {
	if p := env("WAYSTONE_LAUNCHER_LOG"); p != "" {
		return p, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for the log: %w; set WAYSTONE_LAUNCHER_LOG to a file", err)
	}
	return filepath.Join(dir, "waystone", "launcher.log"), nil
}

// openLog returns a logger that appends to the file, and a function that closes it.
// If the log cannot be written, there is none, and the player can still play.
func openLog(path string) (*slog.Logger, io.Closer, error) {
	none, nothing := slog.New(slog.DiscardHandler), io.NopCloser(nil)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return none, nothing, fmt.Errorf("keep a log: %w", err)
	}
	// If two launchers start at once, the other one may already have moved the
	// file.
	if st, err := os.Stat(path); err == nil && st.Size() >= maxLog {
		if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return none, nothing, fmt.Errorf("keep a log: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return none, nothing, fmt.Errorf("keep a log: %w", err)
	}
	return slog.New(slog.NewTextHandler(f, nil)), f, nil
}

// logger returns the log of this run.
func (m *Launcher) logger() *slog.Logger {
	return cmp.Or(m.log, slog.New(slog.DiscardHandler))
}
