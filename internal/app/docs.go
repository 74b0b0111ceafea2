package app

import "github.com/waystone-mmo/waystone/internal/utils/config"

// Registry returns the settings of a process that runs all parts, for the
// reference of settings.
func Registry() *config.Registry {
	r := config.New("waystone")
	register(r, parts())
	return r
}
