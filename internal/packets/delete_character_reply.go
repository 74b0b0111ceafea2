package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// DeleteCharacterReply answers DeleteCharacterRequest.
type DeleteCharacterReply struct {
	Seconds uint32 // until deletion, at most MaxDeleteSeconds; or DeleteUndone, DeleteFailed
	Name    string // as in the request
}

// Command returns 0x714.
func (*DeleteCharacterReply) Command() uint16 { return 0x714 }

// Marshal codes the payload.
func (p *DeleteCharacterReply) Marshal(c *wire.Codec) {
	c.U32(&p.Seconds)
	if p.Seconds > MaxDeleteSeconds && p.Seconds != DeleteFailed {
		c.Fail(wire.ErrValue, "%d seconds until deletion, at most %d", p.Seconds, MaxDeleteSeconds)
	}
	c.CString(&p.Name, MaxName)
}
