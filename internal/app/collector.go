package app

import "runtime/debug"

// hashingGCPercent is GOGC of a process with the auth part.
const hashingGCPercent = 200

// collectLater lets the garbage collector run half as often while passwords are
// hashed, unless the environment sets GOGC. Every hash leaves 32 MiB behind, so
// that by Go's default of 100 it would run after every second or third, stop
// the other hashes each time, and look through all else that lives.
func collectLater(env func(string) (string, bool)) {
	if v, ok := env("GOGC"); ok && v != "" {
		return // Go's runtime has read it
	}
	debug.SetGCPercent(hashingGCPercent)
}
