package packets

// Bounds on text in bytes, without the ending zero, and on lists. The client
// states none for most of them; these are ours, wide enough for what its
// dialogues let a player type.
const (
	MaxUserName     = 64  // login name
	SecretSize      = 32  // the password field, always this long on the wire
	MaxName         = 30  // character, clan
	MaxServerName   = 64  // server, channel
	MaxAddress      = 15  // numeric IPv4
	MaxChatText     = 255 // one line of chat, from a client and to it
	MaxAnnounceText = 512
	MaxShopTitle    = 64
	MaxClanArgs     = 256 // what follows the kind of a clan command

	MaxBankArgs    = 64   // what follows the kind of a request to open the bank
	MaxCraftArgs   = 16   // what follows a kind of craft request that is not known
	MaxKeepAlive   = 16   // payload of a keep-alive
	MaxUnconfirmed = 2041 // payload of a packet whose layout is not confirmed: what a frame holds

	MaxShopTrades = 255 // bought, and sold, in one request: all that the count can say
	MaxStoreItems = 30  // bought at once from a player's own store: all that it has

	MaxServers    = 20  // in one login reply
	MaxChannels   = 20  // in one channel list
	MaxCharacters = 5   // slots of an account
	MaxRemoved    = 512 // entities in one removal
)
