package sqlite_test

import (
	"errors"
	"syscall"
)

func mount(dir string) error   { return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m") }
func unmount(dir string) error { return syscall.Unmount(dir, 0) }

// becomeNobody gives this process the rights of a user without any.
func becomeNobody() error {
	const nobody = 65534
	return errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody))
}
