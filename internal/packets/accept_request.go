package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// AcceptRequest opens a login connection; the server answers with NetworkStatus.
type AcceptRequest struct{}

// Command returns 0x703.
func (*AcceptRequest) Command() uint16 { return 0x703 }

// Marshal codes the payload, which is empty.
func (*AcceptRequest) Marshal(*wire.Codec) {}
