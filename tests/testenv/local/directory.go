package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	dirPrefix = "waystone-testenv-"
	lockName  = "owner.lock"
	logName   = "server.log"
)

// account is the user that a server runs as; nil means the owner's own.
type account struct{ uid, gid int }

// serverAccount returns nobody for root, whom PostgreSQL refuses.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is documented: run as ourselves
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("root must run the servers as another user: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, fmt.Errorf("user nobody: %w", err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, fmt.Errorf("user nobody: %w", err)
	}
	return &account{uid, gid}, nil
}

// directory holds all that one server writes. The owner keeps a lock file in
// it locked, and the kernel drops that lock with the owner.
type directory struct {
	path string
	user *account
	lock *os.File
}

// base is the directory below which servers write: TMPDIR if it is set, else
// one in memory if there is one. PostgreSQL makes some 300 files for each
// database, which takes 6 ms there and 150 ms on a disk, whatever fsync says.
func base() string {
	if os.Getenv("TMPDIR") == "" {
		if dir := memoryDir(); dir != "" {
			return dir
		}
	}
	return os.TempDir()
}

// newDirectory first removes what killed owners left.
func newDirectory(kind string) (*directory, error) {
	base := base()
	sweep(base)
	acc, err := serverAccount()
	if err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(base, dirPrefix+kind+"-")
	if err != nil {
		return nil, err
	}
	d := &directory{path: path, user: acc}
	if err := d.claim(); err != nil {
		return nil, errors.Join(err, d.remove())
	}
	return d, nil
}

func (d *directory) claim() error {
	var err error
	if d.lock, err = os.OpenFile(filepath.Join(d.path, lockName), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w", d.lock.Name(), err)
	}
	if d.user == nil {
		return nil
	}
	return os.Chown(d.path, d.user.uid, d.user.gid)
}

// explain adds to the error of a program that could not be started in the
// directory what is in the way, when that is a directory above it: TMPDIR of root
// may be closed to the user that the program runs as.
func (d *directory) explain(err error) error {
	if d.user == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	for dir := filepath.Dir(d.path); ; dir = filepath.Dir(dir) {
		info, e := os.Stat(dir)
		if e == nil && info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%w: it runs as the user nobody, who may not enter %s (mode %04o): set TMPDIR, now %q, to a directory that every user may enter, such as /tmp",
				err, dir, info.Mode().Perm(), os.TempDir())
		}
		if dir == filepath.Dir(dir) {
			return err
		}
	}
}

func (d *directory) remove() error {
	err := os.RemoveAll(d.path)
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// sweep removes the directories below base whose owner is gone. What it may
// not open belongs to another user and is left alone.
func sweep(base string) {
	locks, err := filepath.Glob(filepath.Join(base, dirPrefix+"*", lockName))
	if err != nil {
		return
	}
	for _, name := range locks {
		info, err := os.Stat(name)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue // its owner may be between creating and locking it
		}
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(filepath.Dir(name)) // the next start tries again
		}
		_ = f.Close()
	}
}
