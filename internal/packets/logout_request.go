package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// LogoutRequest asks to leave the game.
type LogoutRequest struct{}

// Command returns 0x707.
func (*LogoutRequest) Command() uint16 { return 0x707 }

// Marshal codes the payload, which is empty.
func (*LogoutRequest) Marshal(*wire.Codec) {}
