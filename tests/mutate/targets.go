package main

// target is a package in which mistakes are made.
type target struct {
	pkg   string
	count int      // of mistakes
	also  []string // packages whose tests count too
}

// targets are the core packages.
func targets() []target {
	return []target{
		{pkg: "internal/wire", count: 12, also: []string{"internal/packets"}},
		{pkg: "internal/game/zone", count: 16},
		{pkg: "internal/service/world", count: 20},
		{pkg: "internal/service/packet", count: 24},
		{pkg: "internal/service/packet/connection", count: 14, also: []string{"internal/service/packet"}},
		{pkg: "internal/service/auth", count: 20},
		{pkg: "internal/utils/fairpool", count: 10},
		{pkg: "internal/service/character", count: 10},
		{pkg: "internal/service/database/watch", count: 14, also: []string{"internal/service/database"}},
		{pkg: "internal/service/launcher", count: 12},
		{pkg: "internal/rpc", count: 16},
		{pkg: "internal/store", count: 12},
		{pkg: "internal/store/cached", count: 20},
		{pkg: "internal/store/sqlite", count: 14},
		{pkg: "internal/store/postgres", count: 14},
		{pkg: "internal/utils/rediscache", count: 10},
		{pkg: "internal/utils/health", count: 8},
	}
}
