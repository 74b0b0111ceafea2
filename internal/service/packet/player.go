package packet

import (
	"time"

	"golang.org/x/time/rate"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// player is a connection of the game stage as the world knows it.
type player struct {
	id          uint64 // on the stream; never used twice
	conn        *connection.Conn
	play        *play
	characterID string

	joined chan *worldv1.Joined // one answer to the join that a handler waits for
	left   chan struct{}        // closed when the world has removed the player

	// Guarded by worldLink.mu.
	entity  uint32 // 0 before the zone was entered
	leaving bool
	gone    bool

	// Kept in case the stream is lost; see gap.go. Guarded by worldLink.mu.
	returning bool                    // not in the zone again yet
	brought   bool                    // and asked for on this stream
	motion    *worldv1.ConnectRequest // latest walk or stop; nil if another action came after it
	movedAt   time.Time
	spoken    uint64  // number of the latest line of chat
	lines     []*line // by rising number
	notices   *rate.Limiter
	hotbar    map[uint8]packets.HotbarSlot // changes of the quick bar, by slot; nil for none

	sight *sight // what the client shows, and what is still to be shown
}
