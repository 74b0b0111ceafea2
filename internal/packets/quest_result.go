package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// QuestResult answers QuestRequest.
type QuestResult struct {
	Result uint8 // by kind of request
	Slot   uint8 // of the quest, 0–9
	Quest  uint32
}

// Command returns 0x730.
func (*QuestResult) Command() uint16 { return 0x730 }

// Marshal codes the payload.
func (p *QuestResult) Marshal(c *wire.Codec) {
	c.U8(&p.Result)
	c.U8(&p.Slot)
	c.U32(&p.Quest)
}
