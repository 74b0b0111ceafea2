package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// LoginRequest asks to sign in.
type LoginRequest struct {
	Secret Secret // 32 characters: a ticket, or the MD5 of the typed password in hexadecimal
	User   string // user name, at most MaxUserName bytes
}

// Command returns 0x708.
func (*LoginRequest) Command() uint16 { return 0x708 }

// Marshal codes the payload.
func (p *LoginRequest) Marshal(c *wire.Codec) {
	p.Secret.marshal(c)
	c.CString(&p.User, MaxUserName)
}
