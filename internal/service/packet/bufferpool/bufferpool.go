// Package bufferpool lends byte buffers by size class, so that a connection
// with nothing to read or send holds no memory, and counts what it has lent:
// a test that ends with Outstanding other than 0 has found a leak.
package bufferpool

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Size classes in bytes. The largest holds any packet of the client's protocol
// (2047 bytes) with its padding.
const (
	MinSize = 64
	MaxSize = 2048
	classes = 6 // 64, 128, 256, 512, 1024, 2048
)

// Pool lends buffers. It is safe for concurrent use; the zero value is ready.
type Pool struct {
	pools       [classes]sync.Pool
	outstanding atomic.Int64
}

// Get returns a buffer of n bytes, 0 to MaxSize, with the capacity of its
// class. Its content is arbitrary. It panics on a larger n, which is a
// programming error: the wire's limits are checked before.
func (p *Pool) Get(n int) []byte {
	c := classOf(n)
	p.outstanding.Add(1)
	// The pool keeps pointers to arrays: to keep a slice, a new slice header would
	// be allocated.
	switch a := p.pools[c].Get().(type) {
	case *[64]byte:
		return a[:n]
	case *[128]byte:
		return a[:n]
	case *[256]byte:
		return a[:n]
	case *[512]byte:
		return a[:n]
	case *[1024]byte:
		return a[:n]
	case *[2048]byte:
		return a[:n]
	}
	return make([]byte, n, MinSize<<c)
}

// Put takes a buffer back. The caller must not use it any more. It panics on a
// buffer that did not come from a pool.
func (p *Pool) Put(b []byte) {
	size := cap(b)
	c := classOf(size)
	if size != MinSize<<c {
		panic(fmt.Sprintf("bufferpool: Put of a buffer of %d bytes, which no pool lends", size))
	}
	if p.outstanding.Add(-1) < 0 {
		panic("bufferpool: more buffers came back than were lent")
	}
	b = b[:size]
	switch size {
	case 64:
		p.pools[c].Put((*[64]byte)(b))
	case 128:
		p.pools[c].Put((*[128]byte)(b))
	case 256:
		p.pools[c].Put((*[256]byte)(b))
	case 512:
		p.pools[c].Put((*[512]byte)(b))
	case 1024:
		p.pools[c].Put((*[1024]byte)(b))
	default:
		p.pools[c].Put((*[2048]byte)(b))
	}
}

// Outstanding returns how many buffers are lent now.
func (p *Pool) Outstanding() int64 { return p.outstanding.Load() }

func classOf(n int) int {
	for c := range classes {
		if n <= MinSize<<c {
			return c
		}
	}
	panic(fmt.Sprintf("bufferpool: %d bytes, at most %d", n, MaxSize))
}

// Shared is a buffer that several connections send. Each holder releases it
// once; the last release gives it back to its pool.
type Shared struct {
	pool *Pool
	buf  []byte
	refs atomic.Int32
}

// Share makes b, which came from Get, a Shared with one holder.
func (p *Pool) Share(b []byte) *Shared {
	s := &Shared{pool: p, buf: b}
	s.refs.Store(1)
	return s
}

// Bytes returns the content. It must not be changed.
func (s *Shared) Bytes() []byte { return s.buf }

// Retain adds a holder. Only a holder may call it.
func (s *Shared) Retain() {
	if s.refs.Add(1) <= 1 {
		panic("bufferpool: Retain of a released buffer")
	}
}

// Release ends one holder's use. It panics when it is called more often than
// there are holders.
func (s *Shared) Release() {
	switch n := s.refs.Add(-1); {
	case n == 0:
		s.pool.Put(s.buf)
		s.buf = nil
	case n < 0:
		panic("bufferpool: Release of a released buffer")
	}
}
