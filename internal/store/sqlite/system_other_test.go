//go:build !linux

package sqlite_test

import "errors"

func mount(string) error   { return errors.ErrUnsupported }
func unmount(string) error { return nil }
func becomeNobody() error  { return errors.ErrUnsupported }
