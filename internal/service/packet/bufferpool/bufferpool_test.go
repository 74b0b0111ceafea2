package bufferpool_test

import (
	"sync"
	"testing"

	"github.com/waystone-mmo/waystone/internal/service/packet/bufferpool"
)

func TestClasses(t *testing.T) {
	var p bufferpool.Pool
	for _, c := range []struct{ n, capacity int }{
		{0, 64}, {1, 64}, {64, 64}, {65, 128}, {1024, 1024}, {1025, 2048}, {2048, 2048},
	} {
		b := p.Get(c.n)
		if len(b) != c.n || cap(b) != c.capacity {
			t.Errorf("Get(%d): length %d, capacity %d, want capacity %d", c.n, len(b), cap(b), c.capacity)
		}
		p.Put(b)
	}
	if n := p.Outstanding(); n != 0 {
		t.Errorf("%d buffers are still lent", n)
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}

func TestMisuseIsCaught(t *testing.T) {
	var p bufferpool.Pool
	mustPanic(t, "Get beyond the largest class", func() { p.Get(bufferpool.MaxSize + 1) })
	mustPanic(t, "Put of a foreign buffer", func() { p.Put(make([]byte, 100)) })
	b := p.Get(10)
	p.Put(b)
	mustPanic(t, "a second Put", func() { p.Put(b) })

	var q bufferpool.Pool
	s := q.Share(q.Get(10))
	s.Release()
	mustPanic(t, "a second Release", s.Release)
}

func TestSharedGoesBackWithItsLastHolder(t *testing.T) {
	var p bufferpool.Pool
	s := p.Share(append(p.Get(0), "hello"...))
	const holders = 50
	var wg sync.WaitGroup
	for range holders {
		s.Retain()
		wg.Go(func() {
			if string(s.Bytes()) != "hello" {
				t.Errorf("content is %q", s.Bytes())
			}
			s.Release()
		})
	}
	wg.Wait()
	if n := p.Outstanding(); n != 1 {
		t.Errorf("%d buffers lent before the last release, want 1", n)
	}
	s.Release()
	if n := p.Outstanding(); n != 0 {
		t.Errorf("%d buffers lent after it, want 0", n)
	}
}

func TestConcurrentUseKeepsBuffersApart(t *testing.T) {
	var p bufferpool.Pool
	var wg sync.WaitGroup
	for id := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				b := p.Get(1 + i%bufferpool.MaxSize)
				for j := range b {
					b[j] = byte(id)
				}
				for j := range b {
					if b[j] != byte(id) {
						t.Errorf("another goroutine wrote into a lent buffer")
						return
					}
				}
				p.Put(b)
			}
		})
	}
	wg.Wait()
	if n := p.Outstanding(); n != 0 {
		t.Errorf("%d buffers are still lent", n)
	}
}

func BenchmarkGetPut(b *testing.B) {
	var p bufferpool.Pool
	b.ReportAllocs()
	for b.Loop() {
		p.Put(p.Get(300))
	}
}
