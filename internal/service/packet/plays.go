package packet

import (
	"sync"
	"time"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// play is a play record that has, or is about to have, connections here.
type play struct {
	id         string
	generation int64
	userID     string
	sessionID  string

	// guarded by plays.mu
	conns   map[packets.Stage]*connection.Conn
	pending time.Time // until then the client may still join the next stage
	ended   bool
}

func (p *play) ref() *databasev1.PlayRef {
	return &databasev1.PlayRef{PlayId: p.id, Generation: p.generation}
}

// plays are the play records that this gateway looks after.
type plays struct {
	now func() time.Time

	mu   sync.Mutex
	byID map[string]*play
}

func newPlays(now func() time.Time) *plays {
	return &plays{now: now, byID: map[string]*play{}}
}

// attach notes that a play has a connection at a stage. The connection it had
// at that stage before is returned and must be closed, and so must all those
// of the user's earlier plays.
func (ps *plays) attach(rec *databasev1.Play, c *connection.Conn) (p *play, superseded []*connection.Conn) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p = ps.byID[rec.GetId()]
	if p == nil {
		p = &play{
			id: rec.GetId(), generation: rec.GetGeneration(), userID: rec.GetUserId(), sessionID: rec.GetSessionId(),
			conns: map[packets.Stage]*connection.Conn{},
		}
		ps.byID[p.id] = p
	}
	for id, other := range ps.byID {
		if other.userID == p.userID && other.generation < p.generation {
			for _, oc := range other.conns {
				superseded = append(superseded, oc)
			}
			other.ended = true
			delete(ps.byID, id)
		}
	}
	if old := p.conns[c.Stage()]; old != nil && old != c {
		superseded = append(superseded, old)
	}
	p.conns[c.Stage()] = c
	p.pending = time.Time{}
	return p, superseded
}

// handedOver notes that the client was sent to the next stage: the play may be
// without a connection as long as the token is good.
func (ps *plays) handedOver(p *play) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p.pending = ps.now().Add(store.HandOverLifetime)
}

// detach notes that a connection has ended. A client that left an unfinished
// game stage on purpose does not come back with a token.
func (ps *plays) detach(p *play, c *connection.Conn, leftByItself bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p.conns[c.Stage()] == c {
		delete(p.conns, c.Stage())
	}
	if leftByItself && c.Stage() == packets.Game {
		p.pending = time.Time{}
	}
}

// at returns the play's connection at a stage, or nil.
func (ps *plays) at(p *play, st packets.Stage) *connection.Conn {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return p.conns[st]
}

// due returns the plays to renew, and takes out those that have neither a
// connection nor a hand-over left. Of these the ones to be ended are those whose
// player has left; one that was handed over may have gone on at another gateway,
// and its lease ends it otherwise. stray are connections
// of the world stage that wait for a player who never came to the game stage,
// or has left it without a word; they are to be closed.
func (ps *plays) due() (renew, end []*play, stray []*connection.Conn) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	now := ps.now()
	for id, p := range ps.byID {
		if c := p.conns[packets.World]; c != nil && p.conns[packets.Game] == nil && c.State() == worldPlaying && !p.pending.After(now) {
			stray = append(stray, c)
		}
		switch {
		case len(p.conns) > 0:
			renew = append(renew, p)
		case !p.pending.After(now):
			p.ended = true
			delete(ps.byID, id)
			if p.pending.IsZero() {
				end = append(end, p)
			}
		}
	}
	return renew, end, stray
}

// drop takes a play out and returns its connections, which are to be closed.
func (ps *plays) drop(p *play) []*connection.Conn {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.byID[p.id] == p {
		delete(ps.byID, p.id)
	}
	p.ended = true
	conns := make([]*connection.Conn, 0, len(p.conns))
	for _, c := range p.conns {
		conns = append(conns, c)
	}
	return conns
}

// all returns every play that is looked after.
func (ps *plays) all() []*play {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	list := make([]*play, 0, len(ps.byID))
	for _, p := range ps.byID {
		list = append(list, p)
	}
	return list
}
