package bot

import (
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// CharacterName is what EnsureCharacter proposes.
func CharacterName(user string, try int) string { return characterName(user, try) }

// NameTries is how many names there are.
const NameTries = nameTries

// Model is a bot's model without a connection.
type Model struct{ m model }

// NewModel returns an empty one.
func NewModel() *Model { return &Model{m: newModel()} }

// Apply takes in packets at one moment.
func (m *Model) Apply(now time.Time, list ...packets.Packet) {
	for _, p := range list {
		m.m.apply(now, p)
	}
}

// View returns what the bot would know at a moment.
func (m *Model) View(now time.Time) View { return View{m: &m.m, now: now} }

// NextArrival returns when somebody arrives next.
func (m *Model) NextArrival(now time.Time) (time.Time, bool) { return m.m.nextArrival(now) }
