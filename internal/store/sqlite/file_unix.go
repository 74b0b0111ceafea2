//go:build unix && !aix && !solaris && !illumos

package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// writable returns an error if this process may not write a file. It does not
// open the file, because closing it would end the locks of SQLite in this
// process.
func writable(path string) error {
	const mayWrite = 2 // W_OK
	if err := syscall.Access(path, mayWrite); err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// openToOthers reports whether users who are neither the owner nor of the group may
// read or write a file.
func openToOthers(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o006 != 0
}

// lockFile locks an open file until it is closed or the process has ended,
// alone or with others that share it; false if others have it.
func lockFile(f *os.File, alone bool) (bool, error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) //nolint:gosec // a descriptor
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

// ownAs gives a file to the owner of another, as far as this process may.
func ownAs(f *os.File, other string) {
	info, err := os.Stat(other)
	if err != nil {
		return
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		_ = f.Chown(int(st.Uid), int(st.Gid)) // if this fails, the lock works all the same
	}
}

// runs reports whether there is a process with an id.
func runs(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
