package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Unconfirmed is the payload of a packet whose number is known and whose
// layout no real client has confirmed: the bytes as they came. A packet that is
// confirmed gets fields and a file of its own.
type Unconfirmed struct {
	Payload []byte // at most MaxUnconfirmed bytes
}

// Marshal codes the payload.
func (u *Unconfirmed) Marshal(c *wire.Codec) { c.Rest(&u.Payload, MaxUnconfirmed) }

func (*Unconfirmed) unconfirmed() {}

// Marshal codes the payload, at most MaxKeepAlive bytes: the packet may come
// before anybody has signed in.
func (p *KeepAlive) Marshal(c *wire.Codec) { c.Rest(&p.Payload, MaxKeepAlive) }

// KeepAlive tells that the client is still there.
type KeepAlive struct{ Unconfirmed }

// SetWeightRequest tells how heavily the character carries.
type SetWeightRequest struct{ Unconfirmed }

// PartyChatRequest speaks to the party.
type PartyChatRequest struct{ Unconfirmed }

// ClanChatRequest speaks to the clan.
type ClanChatRequest struct{ Unconfirmed }

// Unnamed79e is sent by the classic client; what it means is not known.
type Unnamed79e struct{ Unconfirmed }

// HPRequest asks for the health of somebody in sight.
type HPRequest struct{ Unconfirmed }

// ProduceRequest makes an item out of materials.
type ProduceRequest struct{ Unconfirmed }

// AppraiseRequest has an item appraised.
type AppraiseRequest struct{ Unconfirmed }

// WishListRequest puts an item on the wish list.
type WishListRequest struct{ Unconfirmed }

// TradeRequest asks for a trade between two players, or answers.
type TradeRequest struct{ Unconfirmed }

// TradeItemRequest lays something on the table of a trade.
type TradeItemRequest struct{ Unconfirmed }

// OpenStoreRequest opens the player's own store.
type OpenStoreRequest struct{ Unconfirmed }

// CloseStoreRequest closes the player's own store.
type CloseStoreRequest struct{ Unconfirmed }

// StoreSellRequest sells to a player's own store.
type StoreSellRequest struct{ Unconfirmed }

// ProduceReport tells others how the making of an item goes.
type ProduceReport struct{ Unconfirmed }

// Unnamed7d9 is sent by the classic client; what it means is not known.
type Unnamed7d9 struct{ Unconfirmed }

// BankMoneyRequest moves money to the bank or from there.
type BankMoneyRequest struct{ Unconfirmed }

// RideRequest asks for a seat on a vehicle, or answers.
type RideRequest struct{ Unconfirmed }

// MessengerCommand changes the list of friends, or asks for it.
type MessengerCommand struct{ Unconfirmed }

// MessengerChatRequest speaks to a friend.
type MessengerChatRequest struct{ Unconfirmed }

// ChatRoomCommand opens a chat room, enters one or leaves it.
type ChatRoomCommand struct{ Unconfirmed }

// ChatRoomRequest speaks in a chat room.
type ChatRoomRequest struct{ Unconfirmed }

// MemoCommand sends a memo, or asks for those that came.
type MemoCommand struct{ Unconfirmed }

// SetClanMarkRequest gives the clan a picture as its mark.
type SetClanMarkRequest struct{ Unconfirmed }

// ClanMarkRequest asks for a clan's picture.
type ClanMarkRequest struct{ Unconfirmed }

// ClanMarkTimeRequest asks how old a clan's picture is.
type ClanMarkTimeRequest struct{ Unconfirmed }

// ScreenshotRequest asks for the time to write onto a screenshot.
type ScreenshotRequest struct{ Unconfirmed }

// Command returns 0x700.
func (*KeepAlive) Command() uint16 { return 0x700 }

// Command returns 0x762.
func (*SetWeightRequest) Command() uint16 { return 0x762 }

// Command returns 0x786.
func (*PartyChatRequest) Command() uint16 { return 0x786 }

// Command returns 0x787.
func (*ClanChatRequest) Command() uint16 { return 0x787 }

// Command returns 0x79e.
func (*Unnamed79e) Command() uint16 { return 0x79e }

// Command returns 0x79f.
func (*HPRequest) Command() uint16 { return 0x79f }

// Command returns 0x7af.
func (*ProduceRequest) Command() uint16 { return 0x7af }

// Command returns 0x7ba.
func (*AppraiseRequest) Command() uint16 { return 0x7ba }

// Command returns 0x7bf.
func (*WishListRequest) Command() uint16 { return 0x7bf }

// Command returns 0x7c0.
func (*TradeRequest) Command() uint16 { return 0x7c0 }

// Command returns 0x7c1.
func (*TradeItemRequest) Command() uint16 { return 0x7c1 }

// Command returns 0x7c2.
func (*OpenStoreRequest) Command() uint16 { return 0x7c2 }

// Command returns 0x7c3.
func (*CloseStoreRequest) Command() uint16 { return 0x7c3 }

// Command returns 0x7c6.
func (*StoreSellRequest) Command() uint16 { return 0x7c6 }

// Command returns 0x7d8.
func (*ProduceReport) Command() uint16 { return 0x7d8 }

// Command returns 0x7d9.
func (*Unnamed7d9) Command() uint16 { return 0x7d9 }

// Command returns 0x7da.
func (*BankMoneyRequest) Command() uint16 { return 0x7da }

// Command returns 0x7dd.
func (*RideRequest) Command() uint16 { return 0x7dd }

// Command returns 0x7e1.
func (*MessengerCommand) Command() uint16 { return 0x7e1 }

// Command returns 0x7e2.
func (*MessengerChatRequest) Command() uint16 { return 0x7e2 }

// Command returns 0x7e3.
func (*ChatRoomCommand) Command() uint16 { return 0x7e3 }

// Command returns 0x7e4.
func (*ChatRoomRequest) Command() uint16 { return 0x7e4 }

// Command returns 0x7e5.
func (*MemoCommand) Command() uint16 { return 0x7e5 }

// Command returns 0x7e6.
func (*SetClanMarkRequest) Command() uint16 { return 0x7e6 }

// Command returns 0x7e7.
func (*ClanMarkRequest) Command() uint16 { return 0x7e7 }

// Command returns 0x7e8.
func (*ClanMarkTimeRequest) Command() uint16 { return 0x7e8 }

// Command returns 0x7eb.
func (*ScreenshotRequest) Command() uint16 { return 0x7eb }
