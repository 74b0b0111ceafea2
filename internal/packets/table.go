package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Row is what is known of one packet: who sends it at which stage and how
// large it is.
type Row struct {
	Stage   Stage
	From    Side
	Command uint16
	Name    string // snake_case, for logs and metrics
	MinSize int    // bytes, header included
	MaxSize int    // bytes, header included, at most wire.MaxPacketSize
	New     func() Packet
}

const header = wire.HeaderSize

// rows is the table, by stage, sender and command. Whoever adds a packet adds
// its row here.
var rows = [...]Row{ //nolint:gochecknoglobals // a constant table
	{Login, Client, 0x703, "accept_request", header, header, func() Packet { return new(AcceptRequest) }},
	{Login, Client, 0x704, "channel_list_request", header + 4, header + 4, func() Packet { return new(ChannelListRequest) }},
	{Login, Client, 0x708, "login_request", header + SecretSize + 1, header + SecretSize + MaxUserName + 1, func() Packet { return new(LoginRequest) }},
	{Login, Client, 0x70a, "select_server_request", header + 5, header + 5, func() Packet { return new(SelectServerRequest) }},

	{Login, Server, 0x704, "channel_list_reply", header + 5, header + 5 + MaxChannels*(6+MaxServerName), func() Packet { return new(ChannelListReply) }},
	{Login, Server, 0x708, "login_reply", header + 5, header + 5 + MaxServers*(5+MaxServerName), func() Packet { return new(LoginReply) }},
	{Login, Server, 0x70a, "select_server_reply", header + 12, header + 12 + MaxAddress, func() Packet { return new(SelectServerReply) }},
	{Login, Server, 0x7ff, "network_status", header + 29, header + 29, func() Packet { return new(NetworkStatus) }},

	{World, Client, 0x70b, "join_request", header + 4 + SecretSize, header + 4 + SecretSize, func() Packet { return new(JoinRequest) }},
	{World, Client, 0x712, "character_list_request", header, header, func() Packet { return new(CharacterListRequest) }},
	{World, Client, 0x713, "create_character_request", header + 8, header + 8 + MaxName, func() Packet { return new(CreateCharacterRequest) }},
	{World, Client, 0x714, "delete_character_request", header + 3, header + 3 + MaxName, func() Packet { return new(DeleteCharacterRequest) }},
	{World, Client, 0x715, "select_character_request", header + 4, header + 4 + MaxName, func() Packet { return new(SelectCharacterRequest) }},
	{World, Client, 0x7e0, "clan_command", header + 1, header + 1 + MaxClanArgs, func() Packet { return new(ClanCommand) }},

	{World, Server, 0x70c, "join_reply", header + 9, header + 9, func() Packet { return new(JoinReply) }},
	{World, Server, 0x711, "move_server", header + 11, header + 11 + MaxAddress, func() Packet { return new(MoveServer) }},
	{World, Server, 0x712, "character_list_reply", header + 1, header + 1 + MaxCharacters*(51+MaxName), func() Packet { return new(CharacterListReply) }},
	{World, Server, 0x713, "create_character_reply", header + 2, header + 2, func() Packet { return new(CreateCharacterReply) }},
	{World, Server, 0x714, "delete_character_reply", header + 5, header + 5 + MaxName, func() Packet { return new(DeleteCharacterReply) }},
	{World, Server, 0x71c, "return_to_select", header, header, func() Packet { return new(ReturnToSelect) }},

	{Game, Client, 0x707, "logout_request", header, header, func() Packet { return new(LogoutRequest) }},
	{Game, Client, 0x70b, "join_request", header + 4 + SecretSize, header + 4 + SecretSize, func() Packet { return new(JoinRequest) }},
	{Game, Client, 0x71c, "return_to_select_request", header, header, func() Packet { return new(ReturnToSelectRequest) }},
	{Game, Client, 0x730, "quest_request", header + 6, header + 6, func() Packet { return new(QuestRequest) }},
	{Game, Client, 0x753, "join_zone_request", header + 3, header + 3, func() Packet { return new(JoinZoneRequest) }},
	{Game, Client, 0x771, "move_collision_request", header + 10, header + 10, func() Packet { return new(MoveCollisionRequest) }},
	{Game, Client, 0x781, "emote_request", header + 4, header + 4, func() Packet { return new(EmoteRequest) }},
	{Game, Client, 0x782, "move_toggle_request", header + 1, header + 1, func() Packet { return new(MoveToggleRequest) }},
	{Game, Client, 0x783, "chat_request", header + 1, header + 1 + MaxChatText, func() Packet { return new(ChatRequest) }},
	{Game, Client, 0x784, "whisper_request", header + 2, header + 2 + MaxName + MaxChatText, func() Packet { return new(WhisperRequest) }},
	{Game, Client, 0x785, "shout_request", header + 1, header + 1 + MaxChatText, func() Packet { return new(ShoutRequest) }},
	{Game, Client, 0x796, "stop_request", header + 10, header + 10, func() Packet { return new(StopRequest) }},
	{Game, Client, 0x79a, "move_request", header + 12, header + 12, func() Packet { return new(MoveRequest) }},
	{Game, Client, 0x7aa, "set_hotbar_request", header + 3, header + 3, func() Packet { return new(SetHotbarRequest) }},
	{Game, Client, 0x7e0, "clan_command", header + 1, header + 1 + MaxClanArgs, func() Packet { return new(ClanCommand) }},

	{Game, Server, 0x702, "announce", header + 1, header + 1 + MaxAnnounceText + 1 + MaxName, func() Packet { return new(Announce) }},
	{Game, Server, 0x707, "logout_result", header + 2, header + 2, func() Packet { return new(LogoutResult) }},
	{Game, Server, 0x70c, "join_reply", header + 9, header + 9, func() Packet { return new(JoinReply) }},
	{Game, Server, 0x715, "character_data", header + 757, header + 757 + MaxName, func() Packet { return new(CharacterData) }},
	{Game, Server, 0x716, "inventory", header + 8 + SlotCount*6, header + 8 + SlotCount*6, func() Packet { return new(Inventory) }},
	{Game, Server, 0x71b, "quest_data", header + 1018, header + 1018, func() Packet { return new(QuestData) }},
	{Game, Server, 0x71c, "return_to_select", header, header, func() Packet { return new(ReturnToSelect) }},
	{Game, Server, 0x730, "quest_result", header + 6, header + 6, func() Packet { return new(QuestResult) }},
	{Game, Server, 0x753, "join_zone_reply", header + 46, header + 46, func() Packet { return new(JoinZoneReply) }},
	{Game, Server, 0x770, "adjust_position", header + 12, header + 12, func() Packet { return new(AdjustPosition) }},
	{Game, Server, 0x781, "emote", header + 6, header + 6, func() Packet { return new(Emote) }},
	{Game, Server, 0x782, "move_toggle", header + 3, header + 5, func() Packet { return new(MoveToggle) }},
	{Game, Server, 0x783, "local_chat", header + 3, header + 3 + MaxChatText, func() Packet { return new(LocalChat) }},
	{Game, Server, 0x784, "whisper", header + 2, header + 2 + MaxName + MaxChatText, func() Packet { return new(Whisper) }},
	{Game, Server, 0x785, "shout", header + 2, header + 2 + MaxName + MaxChatText, func() Packet { return new(Shout) }},
	{Game, Server, 0x791, "spawn_npc", header + 45, header + 55, func() Packet { return new(SpawnNPC) }},
	{Game, Server, 0x792, "spawn_monster", header + 39, header + 49, func() Packet { return new(SpawnMonster) }},
	{Game, Server, 0x793, "spawn_character", header + 113, header + 113 + MaxName + 10 + (3 + MaxShopTitle) + (11 + MaxName), func() Packet { return new(SpawnCharacter) }},
	{Game, Server, 0x794, "remove_entities", header, header + 2*MaxRemoved, func() Packet { return new(RemoveEntities) }},
	{Game, Server, 0x796, "stop", header + 12, header + 12, func() Packet { return new(Stop) }},
	{Game, Server, 0x797, "move_with_mode", header + 17, header + 17, func() Packet { return new(MoveWithMode) }},
	{Game, Server, 0x79a, "move", header + 16, header + 16, func() Packet { return new(Move) }},
	{Game, Server, 0x7aa, "set_hotbar", header + 3, header + 3, func() Packet { return new(SetHotbar) }},
	{Game, Server, 0x7b8, "update_speed", header + 7, header + 7, func() Packet { return new(UpdateSpeed) }},
}

// Every command lies in one block, so a small array finds a row at once.
const (
	firstCommand = 0x700
	commandCount = 0x100
)

type rowIndex [stages][sides][commandCount]uint8 // 1 + index in rows; 0 none

var byCommand = indexRows() //nolint:gochecknoglobals // derived from rows, never changed

func indexRows() *rowIndex {
	ix := new(rowIndex)
	for i, r := range rows {
		ix[r.Stage][r.From][r.Command-firstCommand] = uint8(i + 1) //nolint:gosec // fewer than 256 rows
	}
	return ix
}

// Rows returns a copy of the table.
func Rows() []Row { return append([]Row(nil), rows[:]...) }

// Lookup returns the row of a command; false when that side does not send it
// at that stage.
func Lookup(stage Stage, from Side, command uint16) (Row, bool) {
	if stage >= stages || from >= sides || command < firstCommand || command >= firstCommand+commandCount {
		return Row{}, false
	}
	i := byCommand[stage][from][command-firstCommand]
	if i == 0 {
		return Row{}, false
	}
	return rows[i-1], true
}

// Name returns the name of a command, or "unknown".
func Name(stage Stage, from Side, command uint16) string {
	if r, ok := Lookup(stage, from, command); ok {
		return r.Name
	}
	return "unknown"
}

// Limits returns what a reader of this side's packets at this stage accepts:
// the table's commands, each at its own size.
func Limits(stage Stage, from Side) wire.Limits {
	l := wire.Limits{Check: func(command uint16) (int, int, bool) {
		r, ok := Lookup(stage, from, command)
		return r.MinSize, r.MaxSize, ok
	}}
	for _, r := range rows {
		if r.Stage == stage && r.From == from {
			l.MaxSize = max(l.MaxSize, r.MaxSize)
		}
	}
	return l
}
