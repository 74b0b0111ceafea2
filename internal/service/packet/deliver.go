package packet

import (
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// deliver hands a message of the world to its receivers: encoded once,
// enciphered once, queued to each. It runs on the link's receiving goroutine.
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
			for _, p := range players {
				p.shown[e.GetId()] = struct{}{}
			}
			s.broadcast(players, spawn(e))
			if e.GetMoving() {
				// The spawn says where it walks; the move makes the client start.
				s.broadcast(players, underWay(e))
			}
		}
	case *worldv1.ConnectResponse_Removed:
		for _, id := range m.Removed.GetEntities() {
			for _, p := range players {
				delete(p.shown, id)
			}
		}
		for _, r := range removals(m.Removed.GetEntities()) {
			s.broadcast(players, r)
		}
	case *worldv1.ConnectResponse_Moved:
		s.broadcast(players, move(m.Moved))
	case *worldv1.ConnectResponse_Stopped:
		s.broadcast(players, stop(m.Stopped))
	case *worldv1.ConnectResponse_Toggled:
		s.broadcast(players, toggle(m.Toggled))
	case *worldv1.ConnectResponse_Adjusted:
		s.broadcast(players, adjust(m.Adjusted))
	case *worldv1.ConnectResponse_Emoted:
		s.broadcast(players, emote(m.Emoted))
	case *worldv1.ConnectResponse_Said:
		if p := said(m.Said); p != nil {
			s.broadcast(players, p)
		}
	}
}

// broadcast queues one packet to many players.
func (s *Server) broadcast(players []*player, p packets.Packet) {
	if len(players) == 0 {
		return
	}
	sealed, err := connection.Seal(s.pool, s.tables[packets.Game], p)
	if err != nil {
		// One text that the client's protocol cannot carry must not end the
		// connections of all who were to hear it.
		s.log.Error("an event of the world cannot be encoded", "cause", err.Error())
		return
	}
	for _, to := range players {
		sealed.Retain()
		to.conn.SendSealed(sealed)
	}
	sealed.Release()
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

// entered tells the client that it is in the zone. A client that was there
// before the stream was lost keeps its entity and forgets what it was shown,
// which comes afresh. It may believe that it is elsewhere, or sits: the world's
// word holds, and the client is put right.
func (s *Server) entered(p *player, e *worldv1.Entered) {
	if p.conn.State() == gameEntering {
		p.conn.SetState(gamePlaying) // before the client can answer the reply
		p.conn.Send(joinZoneReply(e))
		return
	}
	ids := make([]uint32, 0, len(p.shown))
	for id := range p.shown {
		ids = append(ids, id)
	}
	clear(p.shown)
	for _, r := range removals(ids) {
		p.conn.Send(r)
	}
	for _, r := range putRight(e.GetSelf()) {
		p.conn.Send(r)
	}
}

// left ends the connection of a player whom the world put out.
func (s *Server) left(p *player, reason string) {
	switch reason {
	case "LEFT":
		// Whoever asked for it goes on.
	case "TAKEN_OVER", "SAVE_REFUSED":
		s.end(p.play, connection.TakenOver, leaveAlone)
	case leftShutdown:
		s.dismiss(p.conn, connection.Shutdown)
	default:
		s.dismiss(p.conn, connection.WorldRefused)
	}
}
