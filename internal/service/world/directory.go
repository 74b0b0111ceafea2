package world

import (
	"context"
	"strings"
	"sync"
)

// rememberedUsers is how many users' generations are remembered at least after
// they have left. The store refuses the saves of older generations in any
// case; the memory only refuses their joins sooner.
const rememberedUsers = 65_536

// directory knows the users and players in the world.
type directory struct {
	max int

	mu      sync.Mutex
	users   map[string]*user
	names   map[string]*player
	players map[*player]struct{}
}

// user is what the directory knows about a user. A goroutine that holds its lock
// may join a player for it. player and generation change under the directory's
// lock.
type user struct {
	lock       chan struct{} // holds a token while locked
	holders    int           // of the lock, and those who wait for it
	generation int64         // highest seen
	player     *player       // nil when none is in the world
}

func newDirectory(limit int) *directory {
	return &directory{
		max: limit, users: map[string]*user{}, names: map[string]*player{}, players: map[*player]struct{}{},
	}
}

// acquire locks a user: joins of one user happen one after the other.
func (d *directory) acquire(ctx context.Context, id string) (*user, error) {
	d.mu.Lock()
	u := d.users[id]
	if u == nil {
		d.prune()
		u = &user{lock: make(chan struct{}, 1)}
		d.users[id] = u
	}
	u.holders++
	d.mu.Unlock()
	select {
	case u.lock <- struct{}{}:
		return u, nil
	case <-ctx.Done():
		d.mu.Lock()
		u.holders--
		d.mu.Unlock()
		return nil, context.Cause(ctx)
	}
}

func (d *directory) unlock(u *user) {
	<-u.lock
	d.mu.Lock()
	u.holders--
	d.mu.Unlock()
}

// prune removes users who have left if there are too many of them.
func (d *directory) prune() {
	if len(d.users) < rememberedUsers+d.max {
		return
	}
	excess := len(d.users) - rememberedUsers/2
	for id, u := range d.users {
		if excess <= 0 {
			return
		}
		if u.holders == 0 && u.player == nil {
			delete(d.users, id)
			excess--
		}
	}
}

// admit notes a generation and returns the user's player, if there is one. It
// returns false if the generation is lower than one that was already seen.
func (d *directory) admit(u *user, generation int64) (*player, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if generation < u.generation {
		return nil, false
	}
	u.generation = generation
	return u.player, true
}

// add lists a player; false when the world is full.
func (d *directory) add(p *player) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.players) >= d.max {
		return false
	}
	d.players[p] = struct{}{}
	p.user.player = p
	return true
}

// reveal makes it possible to whisper to a player by name.
func (d *directory) reveal(p *player) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[nameKey(p.character.Name)] = p
}

func (d *directory) remove(p *player) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.players, p)
	if p.user.player == p {
		p.user.player = nil
	}
	if key := nameKey(p.character.Name); d.names[key] == p {
		delete(d.names, key)
	}
}

func (d *directory) byName(name string) *player {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[nameKey(name)]
}

func (d *directory) all() []*player {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*player, 0, len(d.players))
	for p := range d.players {
		all = append(all, p)
	}
	return all
}

func (d *directory) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.players)
}

func nameKey(name string) string { return strings.ToLower(name) }
