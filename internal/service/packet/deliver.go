package packet

import (
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// deliver sends a message of the world to its receivers: it is encoded and
// enciphered once, and queued for each. It runs on the link's receiving goroutine.
func (s *Server) deliver(players []*player, msg *worldv1.ConnectResponse) {
	switch m := msg.GetMessage().(type) {
	case *worldv1.ConnectResponse_Joined:
		for _, p := range players {
			s.joined(p, m.Joined)
		}
	case *worldv1.ConnectResponse_Entered:
		for _, p := range players {
			s.entered(p, m.Entered)
		}
	case *worldv1.ConnectResponse_Left:
		for _, p := range players {
			s.left(p, m.Left.GetReason())
		}
	case *worldv1.ConnectResponse_Spawned:
		for _, e := range m.Spawned.GetEntities() {
			s.show(players, e)
		}
	case *worldv1.ConnectResponse_Removed:
		s.hide(players, m.Removed.GetEntities())
	case *worldv1.ConnectResponse_Moved:
		s.tellOf(players, m.Moved.GetEntity(), move(m.Moved), func(u *unseen) { u.moved(m.Moved) })
	case *worldv1.ConnectResponse_Stopped:
		s.tellOf(players, m.Stopped.GetEntity(), stop(m.Stopped), func(u *unseen) { u.stopped(m.Stopped) })
	case *worldv1.ConnectResponse_Toggled:
		s.tellToggled(players, m.Toggled)
	case *worldv1.ConnectResponse_Adjusted:
		s.broadcast(players, adjust(m.Adjusted))
	case *worldv1.ConnectResponse_Emoted:
		// The motion of an entity that is not shown yet can be left out.
		s.tellOf(players, m.Emoted.GetEntity(), emote(m.Emoted), func(*unseen) {})
	case *worldv1.ConnectResponse_HotbarSet:
		s.hotbarSet(players, m.HotbarSet)
	case *worldv1.ConnectResponse_Said:
		switch p := said(m.Said).(type) {
		case nil:
		case *packets.LocalChat:
			s.tellOf(players, m.Said.GetEntity(), p, nil)
		default:
			s.broadcast(players, p)
		}
	}
}

// broadcast queues one packet to many players.
func (s *Server) broadcast(players []*player, p packets.Packet) {
	if len(players) == 0 {
		return
	}
	for _, sealed := range s.sealAll([]packets.Packet{p}) {
		for _, to := range players {
			sealed.Retain()
			to.conn.SendSealed(sealed)
		}
		sealed.Release()
	}
}

// joined answers the handler that waits, or closes the connection of a player
// who could not be brought back.
func (s *Server) joined(p *player, j *worldv1.Joined) {
	if p.conn.State() == gameFresh {
		p.answer(j)
		return
	}
	if j.GetReason() != "" {
		s.log.Info("a player could not be brought back to the world", "user_id", p.play.userID, "reason", j.GetReason())
		s.dismiss(p.conn, connection.WorldRefused)
	}
}

// entered tells the client that it is in the zone. A client that was there before
// the stream was lost keeps its own entity and removes all others; the world sends
// them again. If the client has another position or posture than the world, it is
// corrected.
func (s *Server) entered(p *player, e *worldv1.Entered) {
	if p.conn.State() == gameEntering {
		p.conn.OnSent(func() { s.showMore(p) })
		p.conn.SetState(gamePlaying) // before the client can answer the reply
		p.conn.Send(joinZoneReply(e))
		return
	}
	s.forget(p)
	self := e.GetSelf()
	p.sight.mu.Lock()
	defer p.sight.mu.Unlock()
	for _, r := range putRight(self, p.sight.sit(self.GetId(), self.GetSitting())) {
		p.conn.Send(r)
	}
}

// left ends the connection of a player that the world has removed.
func (s *Server) left(p *player, reason string) {
	switch reason {
	case "LEFT":
		// The player asked for it: the handler that waits goes on.
	case "TAKEN_OVER", "SAVE_REFUSED":
		s.end(p.play, connection.TakenOver, leaveAlone)
	case leftShutdown:
		s.dismiss(p.conn, connection.Shutdown)
	default:
		s.dismiss(p.conn, connection.WorldRefused)
	}
}
