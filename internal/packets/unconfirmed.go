package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Unconfirmed is the payload, as bytes, of a packet whose layout no real client has
// confirmed. A packet with a confirmed layout has fields and its own file.
type Unconfirmed struct {
	Payload []byte // at most MaxUnconfirmed bytes
}

// Marshal codes the payload.
func (u *Unconfirmed) Marshal(c *wire.Codec) { c.Rest(&u.Payload, MaxUnconfirmed) }

func (*Unconfirmed) unconfirmed() {}

// Marshal codes the payload, at most MaxKeepAlive bytes: the packet may come
// before a sign-in.
func (p *KeepAlive) Marshal(c *wire.Codec) { c.Rest(&p.Payload, MaxKeepAlive) }

// KeepAlive says that the client is still there.
type KeepAlive struct{ Unconfirmed }

// SetWeightRequest tells how much the character carries.
type SetWeightRequest struct{ Unconfirmed }

// PartyChatRequest speaks to the party.
type PartyChatRequest struct{ Unconfirmed }

// ClanChatRequest speaks to the clan.
type ClanChatRequest struct{ Unconfirmed }

// Unnamed79e is sent by the classic client; what it means is not known.
type Unnamed79e struct{ Unconfirmed }

// HPRequest asks for the health of an entity in sight.
type HPRequest struct{ Unconfirmed }

// ProduceRequest makes an item from materials.
type ProduceRequest struct{ Unconfirmed }

// AppraiseRequest asks to appraise an item.
type AppraiseRequest struct{ Unconfirmed }

// WishListRequest puts an item on the wish list.
type WishListRequest struct{ Unconfirmed }

// TradeRequest asks for a trade between two players, or answers.
type TradeRequest struct{ Unconfirmed }

// TradeItemRequest offers an item in a trade.
type TradeItemRequest struct{ Unconfirmed }

// OpenStoreRequest opens the player's store.
type OpenStoreRequest struct{ Unconfirmed }

// CloseStoreRequest closes the player's store.
type CloseStoreRequest struct{ Unconfirmed }

// StoreSellRequest sells to a player's store.
type StoreSellRequest struct{ Unconfirmed }

// ProduceReport tells others the progress of a production.
type ProduceReport struct{ Unconfirmed }

// Unnamed7d9 is sent by the classic client; what it means is not known.
type Unnamed7d9 struct{ Unconfirmed }

// BankMoneyRequest moves money to the bank or from it.
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

// MemoCommand sends a memo, or asks for received ones.
type MemoCommand struct{ Unconfirmed }

// SetClanMarkRequest sets the picture that is the clan's mark.
type SetClanMarkRequest struct{ Unconfirmed }

// ClanMarkRequest asks for a clan's mark.
type ClanMarkRequest struct{ Unconfirmed }

// ClanMarkTimeRequest asks how old a clan's mark is.
type ClanMarkTimeRequest struct{ Unconfirmed }

// ScreenshotRequest asks for the time, to put it on a screenshot.
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
