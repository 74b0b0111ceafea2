package packets

// Limits of texts, in bytes without the zero at the end, and of lists. For most of
// them the client has no limit. Then the limit is Waystone's own, and large enough
// for everything that a player can type in the client's dialogues.
const (
	MaxUserName     = 64  // login name
	SecretSize      = 32  // the password field, always this long on the wire
	MaxName         = 30  // character, clan
	MaxServerName   = 64  // server, channel
	MaxAddress      = 15  // numeric IPv4
	MaxChatText     = 255 // one line of chat, from and to a client
	MaxAnnounceText = 512
	MaxShopTitle    = 64
	MaxClanArgs     = 256 // the rest of a clan command

	MaxBankArgs    = 64   // the rest of a request to open the bank
	MaxCraftArgs   = 16   // the rest of a craft request of an unknown kind
	MaxKeepAlive   = 16   // payload of a keep-alive
	MaxUnconfirmed = 2041 // payload of a packet whose layout is not confirmed: the size of a frame

	MaxShopTrades = 255 // bought or sold in one request: the maximum of the count's type
	MaxStoreItems = 30  // bought at once from a player's store: the size of a store

	MaxServers    = 20  // in one login reply
	MaxChannels   = 20  // in one channel list
	MaxCharacters = 5   // slots of an account
	MaxRemoved    = 512 // entities in one removal
)
