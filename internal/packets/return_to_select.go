package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ReturnToSelect sends the client back to its character list. It is sent on the
// game and on the world connection.
type ReturnToSelect struct{}

// Command returns 0x71c.
func (*ReturnToSelect) Command() uint16 { return 0x71c }

// Marshal codes the payload, which is empty.
func (*ReturnToSelect) Marshal(*wire.Codec) {}
