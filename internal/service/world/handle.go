package world

import (
	"log/slog"
	"math"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// maxText is the longest text that is passed on, in bytes.
const maxText = 512

// handle handles one message of a gateway. Its errors end the stream: they are
// errors of the gateway, not of a player. A message for a player who has left
// meanwhile is dropped.
func (w *World) handle(s *stream, m *worldv1.ConnectRequest) error {
	number := m.GetPlayer()
	if number == 0 {
		return errs.Invalid("player", "must not be 0 after Hello")
	}
	switch v := m.GetMessage().(type) {
	case *worldv1.ConnectRequest_Join:
		return w.beginJoin(s, number, v.Join)
	case *worldv1.ConnectRequest_Leave:
		if p := s.askLeave(number); p != nil {
			return w.leave(s, p)
		}
		return nil
	case *worldv1.ConnectRequest_Hello:
		return errs.Invalid("message", "must not be a second Hello")
	case nil:
		if len(m.ProtoReflect().GetUnknown()) == 0 {
			return errs.Invalid("message", "must not be empty")
		}
		w.passBy(s)
		return nil
	}
	p := s.player(number)
	if p == nil {
		return nil
	}
	switch v := m.GetMessage().(type) {
	case *worldv1.ConnectRequest_Say:
		return w.say(s, p, v.Say)
	case *worldv1.ConnectRequest_SetHotbar:
		return w.setHotbar(s, p, v.SetHotbar)
	}
	command := p.host.command(p, m)
	if command == nil {
		w.passBy(s)
		return nil
	}
	return p.host.post(s.ctx, func() {
		if !p.gone {
			p.host.do(command)
		}
	})
}

// passBy ignores a message of a kind that this world does not know: gateways may be
// newer.
func (w *World) passBy(s *stream) {
	w.metrics.unknown.Inc()
	s.unknown.Do(func() {
		w.log.Warn("a gateway sends messages of a kind that this world does not know; they are ignored until the world is updated",
			slog.String("gateway", s.gateway))
	})
}

// command turns a player's message into a command for his zone; nil if the world
// does not know the kind.
func (h *host) command(p *player, m *worldv1.ConnectRequest) func(*zone.Tx) {
	switch v := m.GetMessage().(type) {
	case *worldv1.ConnectRequest_Enter:
		return func(tx *zone.Tx) {
			if p.entity == 0 && h.enter(tx, p, 0) == nil {
				h.tellEntered(tx, p, nil)
			}
		}
	case *worldv1.ConnectRequest_Move:
		aim := zone.ID(0)
		if n := v.Move.GetTargetEntity(); n <= math.MaxUint16 {
			aim = zone.ID(n)
		}
		return func(tx *zone.Tx) {
			tx.Move(p.entity, point(v.Move.GetX(), v.Move.GetY()), v.Move.GetZ(), aim)
		}
	case *worldv1.ConnectRequest_Stop:
		return func(tx *zone.Tx) { tx.Stop(p.entity, point(v.Stop.GetX(), v.Stop.GetY()), v.Stop.GetZ()) }
	case *worldv1.ConnectRequest_Collide:
		return func(tx *zone.Tx) {
			tx.Collide(p.entity, point(v.Collide.GetX(), v.Collide.GetY()), v.Collide.GetZ())
		}
	case *worldv1.ConnectRequest_Toggle:
		switch v.Toggle.GetKind() {
		case worldv1.Toggle_KIND_RUN:
			return func(tx *zone.Tx) { tx.ToggleRun(p.entity) }
		case worldv1.Toggle_KIND_SIT:
			return func(tx *zone.Tx) { tx.ToggleSit(p.entity) }
		default: // a newer gateway's
		}
	case *worldv1.ConnectRequest_Emote:
		motion, flags := v.Emote.GetMotion(), v.Emote.GetFlags()
		if motion > math.MaxUint16 || flags > math.MaxUint16 {
			return nil
		}
		return func(tx *zone.Tx) { tx.Emote(p.entity, uint16(motion), uint16(flags)) } //nolint:gosec // bounded above
	case *worldv1.ConnectRequest_Halt:
		return func(tx *zone.Tx) { tx.Halt(p.entity) }
	}
	return nil
}

func point(x, y float32) data.Point { return data.Point{X: float64(x), Y: float64(y)} }

// leave removes a player who asked for it.
func (w *World) leave(s *stream, p *player) error {
	return p.host.post(s.ctx, func() { p.host.remove(p, leftAsked, p.generation) })
}
