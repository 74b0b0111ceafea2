//go:build !unix || aix || solaris || illumos

package sqlite

import "os"

func writable(string) error { return nil }

func openToOthers(string) bool { return false }

// lockFile locks nothing: what SQLite itself locks has to do.
func lockFile(*os.File, bool) (bool, error) { return true, nil }

func ownAs(*os.File, string) {}

func runs(int) bool { return true }
