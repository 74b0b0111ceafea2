package packet

import (
	"slices"
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
	stamp      store.PasswordStamp
	ended      chan struct{} // closed when nothing of it is left here

	// guarded by plays.mu
	conns   map[packets.Stage]*connection.Conn
	basics  []uint16  // the basic skills of its characters, as of the last choice
	pending time.Time // until then the client may still join the next stage
	ending  bool      // it takes no more connections
	// refreshed is when its session was last prolonged, or was found not to be due;
	// zero before the first time.
	refreshed time.Time

	// guarded by worldLink.mu
	players []*player // that the world has not removed yet
	out     bool      // no more may join the world
}

func (p *play) ref() *databasev1.PlayRef {
	return &databasev1.PlayRef{PlayId: p.id, Generation: p.generation}
}

func (p *play) subject() store.SessionSubject {
	return store.SessionSubject{SessionID: p.sessionID, UserID: p.userID, Stamp: p.stamp}
}

// set is a set of plays.
type set map[*play]struct{}

// index finds plays by one of their ids.
type index map[string]set

func (x index) add(id string, p *play) {
	if id == "" {
		return
	}
	if x[id] == nil {
		x[id] = set{}
	}
	x[id][p] = struct{}{}
}

func (x index) remove(id string, p *play) {
	delete(x[id], p)
	if len(x[id]) == 0 {
		delete(x, id)
	}
}

// plays are the play records of this gateway. A play that is ending is among them
// until it has ended.
type plays struct {
	now func() time.Time

	mu        sync.Mutex
	byID      map[string]*play
	byUser    index
	bySession index
	unchecked set           // to be checked at once
	news      chan struct{} // has a value when there are some; capacity 1
}

func newPlays(now func() time.Time) *plays {
	return &plays{
		now: now, byID: map[string]*play{}, byUser: index{}, bySession: index{},
		unchecked: set{}, news: make(chan struct{}, 1),
	}
}

// attached is the result of attach.
type attached struct {
	play    *play            // nil when the play is ending: the connection is not part of it
	former  *connection.Conn // had the stage before, and must be closed; may be nil
	earlier []*play          // of the same user, and must be ended
}

// attach notes that a play has a connection at a stage. The play is then checked
// once more: a change between the sign-in and this moment was not matched to it.
func (ps *plays) attach(rec *databasev1.Play, c *connection.Conn) attached {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.byID[rec.GetId()]
	if p == nil {
		p = &play{
			id: rec.GetId(), generation: rec.GetGeneration(), userID: rec.GetUserId(), sessionID: rec.GetSessionId(),
			stamp: store.PasswordStamp(rec.GetPasswordStamp()), ended: make(chan struct{}), conns: map[packets.Stage]*connection.Conn{},
		}
		ps.byID[p.id] = p
		ps.byUser.add(p.userID, p)
		ps.bySession.add(p.sessionID, p)
	}
	if p.ending {
		return attached{}
	}
	a := attached{play: p}
	for other := range ps.byUser[p.userID] {
		if other.generation < p.generation && !other.ending {
			a.earlier = append(a.earlier, other)
		}
	}
	if old := p.conns[c.Stage()]; old != c {
		a.former = old
	}
	p.conns[c.Stage()] = c
	p.pending = time.Time{}
	ps.check(p)
	return a
}

// check lets a play be checked at once. The caller holds mu.
func (ps *plays) check(p *play) {
	ps.unchecked[p] = struct{}{}
	select {
	case ps.news <- struct{}{}:
	default:
	}
}

// checkUser lets a user's plays be checked at once; "" means all users.
func (ps *plays) checkUser(userID string) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if userID == "" {
		for _, p := range ps.byID {
			ps.check(p)
		}
		return
	}
	for p := range ps.byUser[userID] {
		ps.check(p)
	}
}

// takeUnchecked returns the plays to be checked at once, and clears the list.
func (ps *plays) takeUnchecked() []*play {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	list := make([]*play, 0, len(ps.unchecked))
	for p := range ps.unchecked {
		if !p.ending {
			list = append(list, p)
		}
	}
	clear(ps.unchecked)
	return list
}

// dueForRefresh reports whether the session of one of these plays has not been
// prolonged for refreshInterval.
func (ps *plays) dueForRefresh(list []*play) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	now := ps.now()
	return slices.ContainsFunc(list, func(p *play) bool {
		return p.sessionID != "" && !p.ending && now.Sub(p.refreshed) >= refreshInterval
	})
}

// noteRefreshed notes that the due sessions of these plays were prolonged.
func (ps *plays) noteRefreshed(list []*play) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	now := ps.now()
	for _, p := range list {
		p.refreshed = now
	}
}

// learn notes the basic skills of the selected character.
func (ps *plays) learn(p *play, skills []uint32) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p.basics = p.basics[:0:0]
	for _, n := range skills {
		p.basics = append(p.basics, u16(n))
	}
}

// basicSkills returns what learn noted.
func (ps *plays) basicSkills(p *play) []uint16 {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return p.basics
}

// handedOver notes that the client was sent to the next stage: the play may be
// without a connection as long as the token is good.
func (ps *plays) handedOver(p *play) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p.pending = ps.now().Add(store.HandOverLifetime)
}

// detach notes that a connection has ended. It returns true if it was the last one
// and the client will not come back. A client that was handed over meanwhile comes
// back: it may have selected a character again before it closed the old game
// connection.
func (ps *plays) detach(p *play, c *connection.Conn) (over bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p.conns[c.Stage()] == c {
		delete(p.conns, c.Stage())
	}
	return len(p.conns) == 0 && p.pending.IsZero()
}

// at returns the play's connection at a stage, or nil.
func (ps *plays) at(p *play, st packets.Stage) *connection.Conn {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return p.conns[st]
}

// due returns the plays to renew, also those that are ending, because the world may
// need time to save. lapsed are plays whose client was handed over and did not
// come. stray are connections of the world stage whose player never came to the
// game stage, or left it without a logout; they must be closed.
func (ps *plays) due() (renew, lapsed []*play, stray []*connection.Conn) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	now := ps.now()
	for _, p := range ps.byID {
		if c := p.conns[packets.World]; c != nil && p.conns[packets.Game] == nil && c.State() == worldPlaying && !p.pending.After(now) {
			stray = append(stray, c)
		}
		if len(p.conns) > 0 || p.ending || p.pending.After(now) {
			renew = append(renew, p)
		} else {
			lapsed = append(lapsed, p)
		}
	}
	return renew, lapsed, stray
}

// end marks a play as ending and returns its connections, which must be closed. It
// returns false if the play is already ending.
func (ps *plays) end(p *play) ([]*connection.Conn, bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p.ending {
		return nil, false
	}
	p.ending = true
	conns := make([]*connection.Conn, 0, len(p.conns))
	for _, c := range p.conns {
		conns = append(conns, c)
	}
	return conns, true
}

// forget removes a play that has ended.
func (ps *plays) forget(p *play) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.byID, p.id)
	ps.byUser.remove(p.userID, p)
	ps.bySession.remove(p.sessionID, p)
	delete(ps.unchecked, p)
	close(p.ended)
}

func (ps *plays) isEnding(p *play) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return p.ending
}

// of returns the plays of a session, or of a user if there is no session.
func (ps *plays) of(sessionID, userID string) []*play {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	found := ps.bySession[sessionID]
	if sessionID == "" {
		found = ps.byUser[userID]
	}
	list := make([]*play, 0, len(found))
	for p := range found {
		list = append(list, p)
	}
	return list
}

// all returns every play of this gateway.
func (ps *plays) all() []*play {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	list := make([]*play, 0, len(ps.byID))
	for _, p := range ps.byID {
		list = append(list, p)
	}
	return list
}
