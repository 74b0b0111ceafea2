package packet

import (
	"context"

	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// Reasons of Server.Ready.
const (
	reasonAway   = "away"
	reasonSilent = "silent"
)

// reasonUnheard is the reason of Server.Watches.
const reasonUnheard = "unheard"

// ReadyReasons are the reasons of Server.Ready; see health.Check.
func ReadyReasons() []string { return []string{reasonAway, reasonSilent} }

// WatchesReasons are the reasons of Server.Watches; see health.Check.
func WatchesReasons() []string { return []string{reasonUnheard} }

// Ready reports whether players can enter: the world is there and does not stand
// still.
func (s *Server) Ready(context.Context) error { return s.world.ready() }

// Watches reports whether the gateway gets the changes of sessions and users. While
// it does not, it checks regularly.
func (s *Server) Watches(context.Context) error {
	if !s.watch.up() {
		return health.Because(reasonUnheard, errNoWatch)
	}
	return nil
}
