package app

import "runtime/debug"

// hashingGCPercent is GOGC of a process with the auth part.
const hashingGCPercent = 200

// collectLater lets the garbage collector run half as often while passwords are
// hashed, unless the environment sets GOGC. Every hash leaves 32 MiB of garbage.
// With Go's default of 100 the collector would run after every second or third
// hash, stop the other hashes each time, and scan all other memory.
func collectLater(env func(string) (string, bool)) {
	if v, ok := env("GOGC"); ok && v != "" {
		return // Go's runtime has read it
	}
	debug.SetGCPercent(hashingGCPercent)
}
