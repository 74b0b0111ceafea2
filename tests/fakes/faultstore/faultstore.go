// Package faultstore is a store.Engine whose calls go wrong as a test says:
// they fail, fail although they were carried out, wait, or panic. What works is
// the store beneath it.
//
// It is for faults alone. A test that only needs a store uses store/sqlite.
package faultstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Method is the name of a method of store.Engine.
type Method string

// Fault stands between a call and the store: it may do something before call,
// after it or instead of it. The error it returns is the caller's; when that
// is not nil, the caller gets no result.
type Fault func(ctx context.Context, call func() error) error

// Store is a store.Engine with faults. All methods may be called from any
// goroutine, also while calls are under way.
type Store struct {
	inner store.Engine

	mu     sync.Mutex
	faults map[Method]Fault
	calls  map[Method]int
}

// New returns a Store without faults in front of inner. Close passes on to
// inner.
func New(inner store.Engine) *Store {
	return &Store{inner: inner, faults: map[Method]Fault{}, calls: map[Method]int{}}
}

// On puts a fault before a method, in place of any other. It panics on a name
// that is no method of store.Engine: a fault that never strikes proves nothing.
func (s *Store) On(m Method, f Fault) {
	check(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[m] = f
}

// Off takes the fault of a method away. Calls that are in it stay there.
func (s *Store) Off(m Method) {
	check(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.faults, m)
}

// Calls returns how many calls of a method have begun.
func (s *Store) Calls(m Method) int {
	check(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[m]
}

// do makes a call through the fault of its method.
func do[T any](ctx context.Context, s *Store, m Method, call func() (T, error)) (T, error) {
	s.mu.Lock()
	s.calls[m]++
	f := s.faults[m]
	s.mu.Unlock()
	if f == nil {
		return call()
	}
	var result T
	err := f(ctx, func() (err error) {
		result, err = call()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

func check(m Method) {
	for _, known := range Methods() {
		if m == known {
			return
		}
	}
	panic(fmt.Sprintf("faultstore: %q is no method of store.Engine", m))
}
