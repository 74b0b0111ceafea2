package world

import (
	"github.com/waystone-mmo/waystone/internal/game/zone"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// say handles a chat line exactly once: a gateway that has lost its stream sends
// the lines again that may not have arrived. The host of the speaker's zone sends
// the text, so that only players who have entered can speak.
func (w *World) say(s *stream, p *player, say *worldv1.Say) error {
	return p.host.post(s.ctx, func() {
		if p.gone || p.entity == 0 {
			return
		}
		if n := say.GetLine(); n != 0 {
			if n <= p.line {
				return
			}
			p.line = n
			// Acknowledged even if it had no receivers: it must not be sent again.
			defer p.tell(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Spoken{Spoken: &worldv1.Spoken{Line: n}}})
		}
		text := say.GetText()
		if text == "" || len(text) > maxText {
			return
		}
		switch say.GetChannel() {
		case worldv1.Channel_CHANNEL_LOCAL:
			p.host.do(func(tx *zone.Tx) { tx.Say(p.entity, text) })
		case worldv1.Channel_CHANNEL_SHOUT:
			p.host.do(func(tx *zone.Tx) { tx.Shout(p.entity, text) })
		case worldv1.Channel_CHANNEL_WHISPER:
			w.whisper(p, say.GetTo(), text)
		default:
			w.passBy(s)
		}
	})
}

// whisper sends a text to one player in any zone. If there is no player with that
// name, the speaker gets the name back with an empty text.
func (w *World) whisper(p *player, name, text string) {
	said := &worldv1.Said{Channel: worldv1.Channel_CHANNEL_WHISPER, From: p.character.Name, Text: text}
	m := &worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Said{Said: said}}
	if to := w.directory.byName(name); to != nil {
		if r := to.route.Load(); r != nil {
			r.tell(m)
			return
		}
	}
	said.From, said.Text = name, ""
	p.tell(m)
}
