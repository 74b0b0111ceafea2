package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// BankOpenRequest opens the bank.
type BankOpenRequest struct {
	Kind uint8  // 0 opens
	Args []byte // at most MaxBankArgs bytes; a related client sends a password here
}

// Command returns 0x7ad.
func (*BankOpenRequest) Command() uint16 { return 0x7ad }

// Marshal codes the payload.
func (p *BankOpenRequest) Marshal(c *wire.Codec) {
	c.U8(&p.Kind)
	c.Rest(&p.Args, MaxBankArgs)
}
