package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// ReturnToSelectRequest asks to leave the game for the character list.
type ReturnToSelectRequest struct{}

// Command returns 0x71c.
func (*ReturnToSelectRequest) Command() uint16 { return 0x71c }

// Marshal codes the payload, which is empty.
func (*ReturnToSelectRequest) Marshal(*wire.Codec) {}
