package rpc

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds on messages that a caller has begun to send.
const (
	// maxHeld is how many bytes of incomplete messages a connection may hold: two
	// messages of the largest size.
	maxHeld = 2 * MaxMessageSize
	// maxHeldInAll bounds the same over all connections of a server. Above it,
	// connections that hold more than smallHeld are closed.
	maxHeldInAll = 64 << 20
	smallHeld    = 256 << 10
	// frameCost is what a frame costs in addition to its bytes. Without it, a
	// message in frames of one byte would use a hundred times the memory that is
	// counted.
	frameCost = 256
	// receiveTime is the time from a call, or the first byte of a later message,
	// to the end of the message.
	receiveTime = 10 * time.Second
	// writeTime is the time for a peer to take what is written to it.
	writeTime = 20 * time.Second
)

// Why a connection is closed.
var (
	errHeld    = errors.New("the incomplete messages of the connection are too large in total")
	errOverdue = errors.New("a message was not complete in time")
)

// boundedConn is a connection that ends if its peer leaves too many messages
// incomplete, or leaves one incomplete for too long. grpc would keep them: its
// windows bound only what has not been read, and it reads a message of any
// permitted size that was announced. So the frames are parsed here, in both
// directions: when either side has ended a stream, the stream holds nothing.
type boundedConn struct {
	net.Conn
	inAll    *atomic.Int64 // bytes held by all connections of the server
	timeout  time.Duration // receiveTime
	refuse   func(why string)
	release  func() // once, when the connection is closed
	closing  sync.Once
	armed    bool // this code has set the read deadline; only the reader uses the field
	mu       sync.Mutex
	in, out  frameWalk
	now      time.Time // of the current read
	last     uint32    // the highest stream that was opened
	streams  map[uint32]*incoming
	held     int
	waiting  int       // streams with an incomplete message
	due      time.Time // when to look for late messages, if waiting > 0
	overHeld bool
}

// incoming is the state of the caller's side of an open stream.
type incoming struct {
	began time.Time // when the current message began; zero between two messages
	held  int
	raw   [5]byte // what precedes a message: a flag and its length
	have  int
	left  int // bytes of the message that are still to come
}

// Read reads from the peer. It returns an error if the peer holds too much or
// for too long. Then grpc closes the connection.
func (c *boundedConn) Read(b []byte) (int, error) {
	for {
		c.arm()
		n, err := c.Conn.Read(b)
		if late := c.armed && isTimeout(err); n == 0 && err != nil && !late {
			return 0, err
		}
		if fault := c.received(b[:n]); fault != nil {
			return 0, fault
		}
		if n > 0 || err == nil {
			return n, nil // the next read returns the error again
		}
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// arm sets the read deadline to the time at which a message is due.
func (c *boundedConn) arm() {
	c.mu.Lock()
	waiting, due := c.waiting > 0, c.due
	c.mu.Unlock()
	if waiting {
		_ = c.SetReadDeadline(due) // the read returns the error
	} else if c.armed {
		_ = c.SetReadDeadline(time.Time{})
	}
	c.armed = waiting
}

// received parses what was read, and returns an error if too much is held now
// or for too long.
func (c *boundedConn) received(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = time.Now()
	c.in.feed(b, (*incomingFrames)(c))
	if c.overHeld {
		c.refuse(refusedMemory)
		return errHeld
	}
	if c.waiting == 0 || c.now.Before(c.due) {
		return nil
	}
	oldest := c.now
	for _, s := range c.streams {
		if !s.began.IsZero() && s.began.Before(oldest) {
			oldest = s.began
		}
	}
	if c.due = oldest.Add(c.timeout); c.now.Before(c.due) {
		return nil
	}
	c.refuse(refusedSlow)
	return errOverdue
}

// Write writes to the peer, which has writeTime to take it.
func (c *boundedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.out.feed(b, (*outgoingFrames)(c))
	c.mu.Unlock()
	_ = c.SetWriteDeadline(time.Now().Add(writeTime)) // the write returns the error
	return c.Conn.Write(b)
}

// Close closes the connection.
func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.closing.Do(func() {
		c.mu.Lock()
		for id := range c.streams {
			c.forget(id)
		}
		c.mu.Unlock()
		c.release()
	})
	return err
}

// start notes that a message has begun.
func (c *boundedConn) start(s *incoming) {
	s.began = c.now
	if c.waiting++; c.waiting == 1 {
		c.due = c.now.Add(c.timeout)
	}
}

// finish notes that the message is complete, so its bytes are no longer held.
func (c *boundedConn) finish(s *incoming) {
	if !s.began.IsZero() {
		c.waiting--
	}
	c.hold(s, -s.held)
	s.began, s.have = time.Time{}, 0
}

func (c *boundedConn) hold(s *incoming, n int) {
	s.held += n
	c.held += n
	inAll := c.inAll.Add(int64(n))
	c.overHeld = c.overHeld || n > 0 && (c.held > maxHeld || inAll > maxHeldInAll && c.held > smallHeld)
}

func (c *boundedConn) forget(id uint32) {
	if s := c.streams[id]; s != nil {
		c.finish(s)
		delete(c.streams, id)
	}
}

// incomingFrames visits the frames that the peer sends.
type incomingFrames boundedConn

func (f *incomingFrames) begin(h frameHead) {
	c := (*boundedConn)(f)
	switch s := c.streams[h.stream]; {
	case h.kind == frameHeaders && h.stream > c.last:
		c.last = h.stream
		s = &incoming{}
		c.streams[h.stream] = s
		c.start(s)
	case h.kind == frameData && s != nil:
		c.hold(s, frameCost)
	}
}

func (f *incomingFrames) data(stream uint32, b []byte) {
	c := (*boundedConn)(f)
	s := c.streams[stream]
	if s == nil {
		return // the stream is over: grpc drops the frame
	}
	for len(b) > 0 {
		if s.began.IsZero() {
			c.start(s)
		}
		if s.have < len(s.raw) {
			n := copy(s.raw[s.have:], b)
			s.have, b = s.have+n, b[n:]
			if s.have < len(s.raw) {
				return
			}
			s.left = int(binary.BigEndian.Uint32(s.raw[1:]))
		}
		n := min(s.left, len(b))
		s.left, b = s.left-n, b[n:]
		c.hold(s, n)
		if s.left == 0 {
			c.finish(s)
		}
	}
}

func (f *incomingFrames) end(h frameHead) {
	if h.endsStream() {
		(*boundedConn)(f).forget(h.stream)
	}
}

// outgoingFrames visits the frames that the server sends. When the server ends
// a stream, the stream holds nothing more.
type outgoingFrames boundedConn

func (f *outgoingFrames) begin(h frameHead) {
	if h.endsStream() {
		(*boundedConn)(f).forget(h.stream)
	}
}
func (*outgoingFrames) data(uint32, []byte) {}
func (*outgoingFrames) end(frameHead)       {}
