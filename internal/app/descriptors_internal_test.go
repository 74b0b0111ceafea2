package app

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/service/packet"
)

func TestShares(t *testing.T) {
	t.Parallel()
	all, world := parts(), []part{{name: partWorld, port: 1}}
	for name, c := range map[string]struct {
		parts []part
		files int
		want  shares
	}{
		"not bounded": {all, 0, shares{0, 20000, 256, 0}},
		"few":         {all, 120, shares{120, 56, 4, 4}},
		"too few":     {all, 50, shares{50, 1, 4, 4}},
		"usual":       {all, 1024, shares{1024, 768, 32, 32}},
		"many":        {all, 1 << 20, shares{1 << 20, 20000, 256, 1 << 15}},
		"no clients":  {world, 1024, shares{1024, 20000, 256, 32}},
		"few of them": {world, 120, shares{120, 20000, 60, 4}},
	} {
		s := &settings{parts: c.parts, rpcMax: 256, packet: packet.Config{MaxConnections: 20000}}
		if got := s.shares(c.files); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
