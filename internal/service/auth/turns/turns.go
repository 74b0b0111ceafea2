// Package turns lets callers with the same key go one after the other.
package turns

import (
	"context"
	"errors"
	"sync"
)

// ErrFull is for who comes when a key has as many callers as it may.
var ErrFull = errors.New("too many callers of one key")

// Turns is ready for use as it is. It remembers the keys of those who go or wait,
// and no others.
type Turns struct {
	// Most is how many callers of a key may go and wait; 0 for any number.
	Most int

	mu   sync.Mutex
	keys map[string]*key
}

type key struct {
	turn    chan struct{} // holds one element while somebody goes
	callers int           // who go or wait
}

// Do calls f when nobody else of the key is at it, in the order in which they
// came. It returns f's error, ErrFull, or the context's error when that ends
// before f has begun.
func (t *Turns) Do(ctx context.Context, name string, f func() error) error {
	k := t.enter(name)
	if k == nil {
		return ErrFull
	}
	defer t.leave(name, k)
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-k.turn }()
	return f()
}

// enter returns nil when there is no place.
func (t *Turns) enter(name string) *key {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil {
		t.keys = map[string]*key{}
	}
	k := t.keys[name]
	if k == nil {
		k = &key{turn: make(chan struct{}, 1)}
		t.keys[name] = k
	}
	if t.Most > 0 && k.callers >= t.Most {
		return nil
	}
	k.callers++
	return k
}

func (t *Turns) leave(name string, k *key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.callers--; k.callers == 0 {
		delete(t.keys, name)
	}
}
