package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// CharacterListRequest asks for the account's characters.
type CharacterListRequest struct{}

// Command returns 0x712.
func (*CharacterListRequest) Command() uint16 { return 0x712 }

// Marshal codes the payload, which is empty.
func (*CharacterListRequest) Marshal(*wire.Codec) {}
