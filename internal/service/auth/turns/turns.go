// Package turns lets callers with the same key go one after the other.
package turns

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/waystone-mmo/waystone/internal/utils/fairpool"
)

// ErrFull is returned if the queue of a key is full: to a new caller, or to the
// last caller of the line with the most callers.
var ErrFull = errors.New("too many callers of one key")

// Turns runs the callers of one key one after the other. The zero value is ready
// for use. It keeps only the keys of callers that run or wait.
type Turns struct {
	// Most is how many callers of a key may wait; 0 for any number.
	Most int

	mu   sync.Mutex
	keys map[string]*key
}

type key struct {
	turn    *fairpool.Pool // of one worker
	callers int            // that run or wait
}

// Do calls f when no other caller of the key runs. The lines of a key take turns,
// as in a fairpool.Pool. Within a line, callers run in the order in which they
// came. It returns f's error, ErrFull, or the context's error if that ends before
// f has begun.
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
