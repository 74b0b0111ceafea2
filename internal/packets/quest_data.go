package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Sizes of the lists in QuestData.
const (
	ActiveQuests   = 10
	QuestVariables = 10
	QuestItems     = 6
	QuestSwitches  = 1024
	WishListSlots  = 30
)

// QuestData tells a client the progress of its character in quests.
type QuestData struct {
	Episodes [5]uint16
	Jobs     [3]uint16
	Planets  [7]uint16
	Unions   [10]uint16
	Quests   [ActiveQuests]Quest
	Switches Switches
	WishList [WishListSlots]FullItem
}

// Quest is a quest that a character is on; ID 0 is none.
type Quest struct {
	ID        uint16
	Expires   uint32 // world ticks; 0 never
	Variables [QuestVariables]uint16
	Switches  uint32 // 32 bits
	Items     [QuestItems]FullItem
}

func (q *Quest) marshal(c *wire.Codec) {
	c.U16(&q.ID)
	c.U32(&q.Expires)
	u16s(c, q.Variables[:])
	c.U32(&q.Switches)
	items(c, q.Items[:])
}

// Switches are the marks that quests set permanently, one bit for each.
type Switches [QuestSwitches / 8]byte

// Get returns switch n, 0–1023, and false for any other n.
func (s *Switches) Get(n int) bool {
	return n >= 0 && n < QuestSwitches && s[n/8]&(1<<(n%8)) != 0
}

// Set changes switch n, 0–1023; any other n is ignored.
func (s *Switches) Set(n int, on bool) {
	switch {
	case n < 0 || n >= QuestSwitches:
	case on:
		s[n/8] |= 1 << (n % 8)
	default:
		s[n/8] &^= 1 << (n % 8)
	}
}

// Command returns 0x71b.
func (*QuestData) Command() uint16 { return 0x71b }

// Marshal codes the payload.
func (p *QuestData) Marshal(c *wire.Codec) {
	u16s(c, p.Episodes[:])
	u16s(c, p.Jobs[:])
	u16s(c, p.Planets[:])
	u16s(c, p.Unions[:])
	for i := range p.Quests {
		p.Quests[i].marshal(c)
	}
	for i := range p.Switches {
		c.U8(&p.Switches[i])
	}
	items(c, p.WishList[:])
}
