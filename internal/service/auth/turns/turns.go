// Package turns lets callers with the same key go one after the other.
package turns

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/waystone-mmo/waystone/internal/utils/fairpool"
)

// ErrFull is for who comes when a key has as many callers as it may, unless
// another of them has more waiting.
var ErrFull = errors.New("too many callers of one key")

// Turns is ready for use as it is. It remembers the keys of those who go or wait,
// and no others.
type Turns struct {
	// Most is how many callers of a key may wait; 0 for any number.
	Most int

	mu   sync.Mutex
	keys map[string]*key
}

type key struct {
	turn    *fairpool.Pool // of one worker
	callers int            // who go or wait
}

// Do calls f when nobody else of the key is at it. The lines of a key take turns,
// as in a fairpool.Pool; within a line it is the order in which they came. It
// returns f's error, ErrFull, or the context's error when that ends before f has
// begun.
func (t *Turns) Do(ctx context.Context, name, line string, f func() error) error {
	k := t.enter(name)
	defer t.leave(name, k)
	leave, err := k.turn.Enter(ctx, line)
	if err != nil {
		return err
	}
	defer leave()
	return f()
}

func (t *Turns) enter(name string) *key {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil {
		t.keys = map[string]*key{}
	}
	k := t.keys[name]
	if k == nil {
		most := t.Most
		if most == 0 {
			most = math.MaxInt
		}
		k = &key{turn: fairpool.New(1, most, most, ErrFull, nil)}
		t.keys[name] = k
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
