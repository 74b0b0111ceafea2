package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// SpawnMonster shows a monster.
type SpawnMonster struct {
	Head   SpawnHead
	NPC    uint16 // row in the client's list of NPCs
	Quest  uint16 // quest mark
	Status StatusValues
}

// Command returns 0x792.
func (*SpawnMonster) Command() uint16 { return 0x792 }

// Marshal codes the payload.
func (p *SpawnMonster) Marshal(c *wire.Codec) {
	p.Head.marshal(c)
	c.U16(&p.NPC)
	c.U16(&p.Quest)
	p.Status.marshal(c, p.Head.StatusFlags)
}
