package app

import (
	"context"
	"log/slog"
)

// shares is how many connections each port may have, out of the descriptors that
// the process may open. Without shares, many connections on one port could block
// all other ports, because a port without free descriptors cannot accept.
type shares struct {
	files   int // that the process may open; 0: not bounded
	clients int // of all stages together
	rpc     int // of one gRPC port
	ops     int // of the operations port; 0: no limit
}

// leastReserve is the minimum number of descriptors that are not for clients: a
// process with all parts has about 40 open before the first connection.
const leastReserve = 64

// shares divides the descriptors. A quarter, and at least leastReserve, is not for
// clients: each gRPC port and the operations port get 1/32 of all, and the rest is
// for databases and files. Without clients, gRPC gets half.
func (s *settings) shares(files int) shares {
	sh := shares{files: files, clients: s.packet.MaxConnections, rpc: s.rpcMax}
	if files == 0 {
		return sh
	}
	sh.ops = max(4, files/32)
	if !s.runs(partPacket) {
		sh.rpc = min(sh.rpc, max(4, files/2/len(s.parts)))
		return sh
	}
	sh.rpc = min(sh.rpc, max(4, files/32))
	sh.clients = min(sh.clients, max(1, files-max(leastReserve, files/4)))
	return sh
}

// log logs where the system allows less than the settings, and warns if it is less
// than half.
func (sh shares) log(log *slog.Logger, s *settings) {
	level := func(share, setting int) slog.Level {
		if share < setting/2 {
			return slog.LevelWarn
		}
		return slog.LevelInfo
	}
	if s.runs(partPacket) && sh.clients < s.packet.MaxConnections {
		log.Log(context.Background(), level(sh.clients, s.packet.MaxConnections), "fewer clients can connect than PACKET_MAX_CONNECTIONS says: the process may not open more files; raise ulimit -n",
			"clients", sh.clients, "setting", s.packet.MaxConnections, "files", sh.files)
	}
	if sh.rpc < s.rpcMax {
		log.Log(context.Background(), level(sh.rpc, s.rpcMax), "fewer parts can connect than RPC_MAX_CONNECTIONS says: the process may not open more files; raise ulimit -n",
			"connections", sh.rpc, "setting", s.rpcMax, "files", sh.files)
	}
}
