package world

import (
	"sync/atomic"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
	"github.com/waystone-mmo/waystone/internal/store"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// player is a character in the world.
type player struct {
	user       *user
	character  *store.Character // as it was loaded; never changed
	generation int64
	host       *host
	maxHP      uint32
	maxMP      uint32

	// route leads to the player's client; nil while the link is lost. Only
	// the host changes it.
	route atomic.Pointer[route]

	// The rest belongs to the host.

	state  store.CharacterState // as it is, the position as of the last look
	saved  store.CharacterState // as it was handed to the saver
	entity zone.ID              // 0 until the player has entered
	lostAt time.Time            // when the link was lost; zero while it is not
	gone   bool                 // out of the world
	line   uint64               // number of the last line of chat

	hotbar  store.Hotbar // as it is
	altered bool         // hotbar has not been handed to the saver
}

// route is the connection to a player's client: a number on a stream.
type route struct {
	stream *stream
	number uint64
}

// tell sends a message to this player only.
func (p *player) tell(m *worldv1.ConnectResponse) {
	if r := p.route.Load(); r != nil {
		r.tell(m)
	}
}

func (r *route) tell(m *worldv1.ConnectResponse) {
	m.Players = []uint64{r.number}
	r.stream.send(m)
}

// look notes where the player's entity is.
func (p *player) look(e zone.Entity) {
	p.state.Position = store.Position{
		Zone: p.host.info.ID, X: float32(e.Pos.X), Y: float32(e.Pos.Y),
	}
}

func (p *player) place() data.Point {
	return data.Point{X: float64(p.state.Position.X), Y: float64(p.state.Position.Y)}
}
