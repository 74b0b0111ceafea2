package world

import (
	"context"
	"sync"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// stream is a gateway's connection.
type stream struct {
	gateway string
	queue   chan *worldv1.ConnectResponse
	ctx     context.Context //nolint:containedctx // ends with the RPC, which the stream stands for
	cancel  context.CancelCauseFunc
	world   *World
	ended   chan struct{} // closed by end
	endOnce sync.Once
	joins   sync.WaitGroup // under way
	unknown sync.Once      // for the log line about unknown messages

	mu       sync.Mutex
	sessions map[uint64]*session // by the gateway's number
}

// session is what a number of the gateway stands for.
type session struct {
	player *player // nil until the join has succeeded
	leave  bool    // asked for while the join was under way
}

// send queues a message. It never waits: when the queue is full, the stream is
// cut, and what is sent to a cut stream is dropped.
func (s *stream) send(m *worldv1.ConnectResponse) {
	if s.ctx.Err() != nil {
		return
	}
	select {
	case s.queue <- m:
	default:
		s.world.metrics.cut.Inc()
		s.cancel(ErrSlowGateway)
	}
}

// end ends the stream once what is queued has been sent.
func (s *stream) end() { s.endOnce.Do(func() { close(s.ended) }) }

// left removes a player's number and tells the gateway why. It does nothing on a
// route that is nil.
func (r *route) left(reason string) {
	if r == nil {
		return
	}
	r.stream.forget(r.number)
	r.tell(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Left{Left: &worldv1.Left{Reason: reason}}})
}

// begin reserves a number for a join; false if it is in use.
func (s *stream) begin(number uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.sessions[number]; used {
		return false
	}
	s.sessions[number] = &session{}
	return true
}

// bind sets the player of a number.
func (s *stream) bind(number uint64, p *player) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ss := s.sessions[number]; ss != nil {
		ss.player = p
	}
}

func (s *stream) forget(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, number)
}

// player returns the player with a number; nil if there is none, or none yet.
func (s *stream) player(number uint64) *player {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ss := s.sessions[number]; ss != nil {
		return ss.player
	}
	return nil
}

// askLeave notes that the player with a number wants to leave, and returns him. It
// returns nil if he has not joined yet; leaving reports the request then.
func (s *stream) askLeave(number uint64) *player {
	s.mu.Lock()
	defer s.mu.Unlock()
	ss := s.sessions[number]
	if ss == nil {
		return nil
	}
	ss.leave = true
	return ss.player
}

func (s *stream) leaving(number uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ss := s.sessions[number]
	return ss != nil && ss.leave
}

func (s *stream) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// bound returns the players who have joined, by number.
func (s *stream) bound() map[uint64]*player {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[uint64]*player, len(s.sessions))
	for number, ss := range s.sessions {
		if ss.player != nil {
			all[number] = ss.player
		}
	}
	return all
}
