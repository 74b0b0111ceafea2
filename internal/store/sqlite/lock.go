package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// fileLock is a lock on <path>-lock. All processes that have the database open
// hold it together; a restore holds it alone. The system releases it when its
// process has ended in any way. SQLite's own locks cannot be used for this:
// they are held only for a short time, and opening and closing the database
// file without SQLite would release them.
type fileLock struct{ file *os.File }

// LockSuffix is what the lock's name adds to that of the database. The file
// stays; it is empty or holds the process id of a server.
const LockSuffix = "-lock"

// takeLock takes the lock of a database, alone or together with others; nil if
// another process holds it.
func takeLock(path string, alone bool) (*fileLock, error) {
	name := path + LockSuffix
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // beside the operator's own path
	if errors.Is(err, fs.ErrPermission) {
		f, err = os.Open(name) //nolint:gosec // as above; another user has made it
	}
	if err != nil {
		return nil, err
	}
	ownAs(f, path)
	ok, err := lockFile(f, alone)
	if err != nil || !ok {
		return nil, errors.Join(err, f.Close())
	}
	return &fileLock{f}, nil
}

// sign writes the process id of a server into the lock, so that others can name
// it. If the lock file is read-only, nothing is written.
func (l *fileLock) sign() {
	if err := l.file.Truncate(0); err == nil {
		_, _ = l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // it is for the reader alone
	}
}

func (l *fileLock) close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

// Sign lets `waystone db restore` name this process as the one that serves.
func (s *Store) Sign() {
	if s.lock != nil {
		s.lock.sign()
	}
}

// errInUse says which process has a database open.
func errInUse(path string) *errs.Error {
	who := "another waystone process"
	how := "stop the server, or wait for the command to end"
	if text, err := os.ReadFile(path + LockSuffix); err == nil { //nolint:gosec // as takeLock
		if pid, err := strconv.Atoi(string(bytes.TrimSpace(text))); err == nil && runs(pid) {
			who, how = fmt.Sprintf("the server with process id %d", pid), fmt.Sprintf("stop it (kill %d, or by its service manager)", pid)
		}
	}
	return errs.New(errs.FailedPrecondition, "DATABASE_IN_USE", fmt.Sprintf("%s has the database %s open: %s, and try again", who, path, how))
}

// errRestoring refuses to open a file that is being replaced.
func errRestoring(path string) *errs.Error {
	return errs.New(errs.FailedPrecondition, "DATABASE_IN_USE",
		fmt.Sprintf("the database %s is being restored by another waystone process: try again when that has ended", path))
}
