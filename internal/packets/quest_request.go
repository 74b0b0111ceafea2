package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// QuestRequest asks for an action of a quest.
type QuestRequest struct {
	Kind  uint8  // 3 runs a trigger
	Slot  uint8  // of the quest, 0–9
	Quest uint32 // hash of the trigger's name
}

// Command returns 0x730.
func (*QuestRequest) Command() uint16 { return 0x730 }

// Marshal codes the payload.
func (p *QuestRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	c.U8(&p.Slot)
	c.U32(&p.Quest)
}
