package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Row describes one packet: its stage, its sender and its size.
type Row struct {
	Stage   Stage
	From    Side
	Command uint16
	Name    string // snake_case, for logs and metrics
	MinSize int    // bytes, header included
	MaxSize int    // bytes, header included, at most wire.MaxPacketSize
	New     func() Packet
}

// Confirmed reports whether the layout of the packet is known: from a real client, or
// because existing servers and clients agree on it.
func (r Row) Confirmed() bool {
	_, raw := r.New().(interface{ unconfirmed() })
	return !raw
}

const header = wire.HeaderSize

// rows is the table, by stage, sender and command. A new packet needs a row here.
var rows = [...]Row{ //nolint:gochecknoglobals // a constant table
	{Login, Client, 0x700, "keep_alive", header, header + MaxKeepAlive, func() Packet { return new(KeepAlive) }},
	{Login, Client, 0x703, "accept_request", header, header, func() Packet { return new(AcceptRequest) }},
	{Login, Client, 0x704, "channel_list_request", header + 4, header + 4, func() Packet { return new(ChannelListRequest) }},
	{Login, Client, 0x708, "login_request", header + SecretSize + 1, header + SecretSize + MaxUserName + 1, func() Packet { return new(LoginRequest) }},
	{Login, Client, 0x70a, "select_server_request", header + 5, header + 5, func() Packet { return new(SelectServerRequest) }},

	{Login, Server, 0x704, "channel_list_reply", header + 5, header + 5 + MaxChannels*(6+MaxServerName), func() Packet { return new(ChannelListReply) }},
	{Login, Server, 0x708, "login_reply", header + 5, header + 5 + MaxServers*(5+MaxServerName), func() Packet { return new(LoginReply) }},
	{Login, Server, 0x70a, "select_server_reply", header + 12, header + 12 + MaxAddress, func() Packet { return new(SelectServerReply) }},
	{Login, Server, 0x7ff, "network_status", header + 29, header + 29, func() Packet { return new(NetworkStatus) }},

	{World, Client, 0x700, "keep_alive", header, header + MaxKeepAlive, func() Packet { return new(KeepAlive) }},
	{World, Client, 0x70b, "join_request", header + 4 + SecretSize, header + 4 + SecretSize, func() Packet { return new(JoinRequest) }},
	{World, Client, 0x712, "character_list_request", header, header, func() Packet { return new(CharacterListRequest) }},
	{World, Client, 0x713, "create_character_request", header + 8, header + 8 + MaxName, func() Packet { return new(CreateCharacterRequest) }},
	{World, Client, 0x714, "delete_character_request", header + 3, header + 3 + MaxName, func() Packet { return new(DeleteCharacterRequest) }},
	{World, Client, 0x715, "select_character_request", header + 4, header + 4 + MaxName, func() Packet { return new(SelectCharacterRequest) }},
	{World, Client, 0x787, "clan_chat_request", header, header + MaxUnconfirmed, func() Packet { return new(ClanChatRequest) }},
	{World, Client, 0x79e, "unnamed_79e", header, header + MaxUnconfirmed, func() Packet { return new(Unnamed79e) }},
	{World, Client, 0x7e0, "clan_command", header + 1, header + 1 + MaxClanArgs, func() Packet { return new(ClanCommand) }},
	{World, Client, 0x7e1, "messenger_command", header, header + MaxUnconfirmed, func() Packet { return new(MessengerCommand) }},
	{World, Client, 0x7e2, "messenger_chat_request", header, header + MaxUnconfirmed, func() Packet { return new(MessengerChatRequest) }},
	{World, Client, 0x7e3, "chat_room_command", header, header + MaxUnconfirmed, func() Packet { return new(ChatRoomCommand) }},
	{World, Client, 0x7e4, "chat_room_request", header, header + MaxUnconfirmed, func() Packet { return new(ChatRoomRequest) }},
	{World, Client, 0x7e5, "memo_command", header, header + MaxUnconfirmed, func() Packet { return new(MemoCommand) }},
	{World, Client, 0x7e6, "set_clan_mark_request", header, header + MaxUnconfirmed, func() Packet { return new(SetClanMarkRequest) }},
	{World, Client, 0x7e7, "clan_mark_request", header, header + MaxUnconfirmed, func() Packet { return new(ClanMarkRequest) }},
	{World, Client, 0x7e8, "clan_mark_time_request", header, header + MaxUnconfirmed, func() Packet { return new(ClanMarkTimeRequest) }},

	{World, Server, 0x70c, "join_reply", header + 9, header + 9, func() Packet { return new(JoinReply) }},
	{World, Server, 0x711, "move_server", header + 11, header + 11 + MaxAddress, func() Packet { return new(MoveServer) }},
	{World, Server, 0x712, "character_list_reply", header + 1, header + 1 + MaxCharacters*(51+MaxName), func() Packet { return new(CharacterListReply) }},
	{World, Server, 0x713, "create_character_reply", header + 2, header + 2, func() Packet { return new(CreateCharacterReply) }},
	{World, Server, 0x714, "delete_character_reply", header + 5, header + 5 + MaxName, func() Packet { return new(DeleteCharacterReply) }},
	{World, Server, 0x71c, "return_to_select", header, header, func() Packet { return new(ReturnToSelect) }},

	{Game, Client, 0x700, "keep_alive", header, header + MaxKeepAlive, func() Packet { return new(KeepAlive) }},
	{Game, Client, 0x707, "logout_request", header, header, func() Packet { return new(LogoutRequest) }},
	{Game, Client, 0x70b, "join_request", header + 4 + SecretSize, header + 4 + SecretSize, func() Packet { return new(JoinRequest) }},
	{Game, Client, 0x71c, "return_to_select_request", header, header, func() Packet { return new(ReturnToSelectRequest) }},
	{Game, Client, 0x730, "quest_request", header + 6, header + 6, func() Packet { return new(QuestRequest) }},
	{Game, Client, 0x753, "join_zone_request", header + 3, header + 3, func() Packet { return new(JoinZoneRequest) }},
	{Game, Client, 0x755, "revive_request", header + 1, header + 1, func() Packet { return new(ReviveRequest) }},
	{Game, Client, 0x756, "set_revive_zone_request", header, header, func() Packet { return new(SetReviveZoneRequest) }},
	{Game, Client, 0x762, "set_weight_request", header, header + MaxUnconfirmed, func() Packet { return new(SetWeightRequest) }},
	{Game, Client, 0x771, "move_collision_request", header + 10, header + 10, func() Packet { return new(MoveCollisionRequest) }},
	{Game, Client, 0x781, "emote_request", header + 4, header + 4, func() Packet { return new(EmoteRequest) }},
	{Game, Client, 0x782, "move_toggle_request", header + 1, header + 1, func() Packet { return new(MoveToggleRequest) }},
	{Game, Client, 0x783, "chat_request", header + 1, header + 1 + MaxChatText, func() Packet { return new(ChatRequest) }},
	{Game, Client, 0x784, "whisper_request", header + 2, header + 2 + MaxName + MaxChatText, func() Packet { return new(WhisperRequest) }},
	{Game, Client, 0x785, "shout_request", header + 1, header + 1 + MaxChatText, func() Packet { return new(ShoutRequest) }},
	{Game, Client, 0x786, "party_chat_request", header, header + MaxUnconfirmed, func() Packet { return new(PartyChatRequest) }},
	{Game, Client, 0x787, "clan_chat_request", header, header + MaxUnconfirmed, func() Packet { return new(ClanChatRequest) }},
	{Game, Client, 0x796, "stop_request", header + 10, header + 10, func() Packet { return new(StopRequest) }},
	{Game, Client, 0x798, "attack_request", header + 2, header + 2, func() Packet { return new(AttackRequest) }},
	{Game, Client, 0x79a, "move_request", header + 12, header + 12, func() Packet { return new(MoveRequest) }},
	{Game, Client, 0x79e, "unnamed_79e", header, header + MaxUnconfirmed, func() Packet { return new(Unnamed79e) }},
	{Game, Client, 0x79f, "hp_request", header, header + MaxUnconfirmed, func() Packet { return new(HPRequest) }},
	{Game, Client, 0x7a1, "shop_request", header + 8, header + 8 + MaxShopTrades*(4+3), func() Packet { return new(ShopRequest) }},
	{Game, Client, 0x7a3, "use_item_request", header + 2, header + 4, func() Packet { return new(UseItemRequest) }},
	{Game, Client, 0x7a4, "drop_item_request", header + 5, header + 5, func() Packet { return new(DropItemRequest) }},
	{Game, Client, 0x7a5, "equip_request", header + 2, header + 4, func() Packet { return new(EquipRequest) }},
	{Game, Client, 0x7a7, "pick_up_request", header + 2, header + 2, func() Packet { return new(PickUpRequest) }},
	{Game, Client, 0x7a8, "warp_gate_request", header + 2, header + 10, func() Packet { return new(WarpGateRequest) }},
	{Game, Client, 0x7a9, "raise_stat_request", header + 1, header + 1, func() Packet { return new(RaiseStatRequest) }},
	{Game, Client, 0x7aa, "set_hotbar_request", header + 3, header + 3, func() Packet { return new(SetHotbarRequest) }},
	{Game, Client, 0x7ab, "ammo_request", header + 2, header + 2, func() Packet { return new(AmmoRequest) }},
	{Game, Client, 0x7ad, "bank_open_request", header + 1, header + 1 + MaxBankArgs, func() Packet { return new(BankOpenRequest) }},
	{Game, Client, 0x7ae, "bank_move_request", header + 8, header + 9, func() Packet { return new(BankMoveRequest) }},
	{Game, Client, 0x7af, "produce_request", header, header + MaxUnconfirmed, func() Packet { return new(ProduceRequest) }},
	{Game, Client, 0x7b1, "raise_skill_request", header + 3, header + 3, func() Packet { return new(RaiseSkillRequest) }},
	{Game, Client, 0x7b2, "cast_self_request", header + 1, header + 1, func() Packet { return new(CastSelfRequest) }},
	{Game, Client, 0x7b3, "cast_target_request", header + 3, header + 3, func() Packet { return new(CastTargetRequest) }},
	{Game, Client, 0x7b4, "cast_position_request", header + 9, header + 9, func() Packet { return new(CastPositionRequest) }},
	{Game, Client, 0x7ba, "appraise_request", header, header + MaxUnconfirmed, func() Packet { return new(AppraiseRequest) }},
	{Game, Client, 0x7bc, "craft_request", header + 1, header + 1 + MaxCraftArgs, func() Packet { return new(CraftRequest) }},
	{Game, Client, 0x7bf, "wish_list_request", header, header + MaxUnconfirmed, func() Packet { return new(WishListRequest) }},
	{Game, Client, 0x7c0, "trade_request", header, header + MaxUnconfirmed, func() Packet { return new(TradeRequest) }},
	{Game, Client, 0x7c1, "trade_item_request", header, header + MaxUnconfirmed, func() Packet { return new(TradeItemRequest) }},
	{Game, Client, 0x7c2, "open_store_request", header, header + MaxUnconfirmed, func() Packet { return new(OpenStoreRequest) }},
	{Game, Client, 0x7c3, "close_store_request", header, header + MaxUnconfirmed, func() Packet { return new(CloseStoreRequest) }},
	{Game, Client, 0x7c4, "store_list_request", header + 2, header + 2, func() Packet { return new(StoreListRequest) }},
	{Game, Client, 0x7c5, "store_buy_request", header + 3, header + 3 + MaxStoreItems*7, func() Packet { return new(StoreBuyRequest) }},
	{Game, Client, 0x7c6, "store_sell_request", header, header + MaxUnconfirmed, func() Packet { return new(StoreSellRequest) }},
	{Game, Client, 0x7ca, "vehicle_part_request", header + 2, header + 4, func() Packet { return new(VehiclePartRequest) }},
	{Game, Client, 0x7cb, "repair_request", header + 4, header + 4, func() Packet { return new(RepairRequest) }},
	{Game, Client, 0x7cd, "repair_npc_request", header + 4, header + 4, func() Packet { return new(RepairNPCRequest) }},
	{Game, Client, 0x7d0, "party_request", header + 5, header + 5, func() Packet { return new(PartyRequest) }},
	{Game, Client, 0x7d1, "party_reply_request", header + 5, header + 5, func() Packet { return new(PartyReplyRequest) }},
	{Game, Client, 0x7d7, "party_rules_request", header + 1, header + 1, func() Packet { return new(PartyRulesRequest) }},
	{Game, Client, 0x7d8, "produce_report", header, header + MaxUnconfirmed, func() Packet { return new(ProduceReport) }},
	{Game, Client, 0x7d9, "unnamed_7d9", header, header + MaxUnconfirmed, func() Packet { return new(Unnamed7d9) }},
	{Game, Client, 0x7da, "bank_money_request", header, header + MaxUnconfirmed, func() Packet { return new(BankMoneyRequest) }},
	{Game, Client, 0x7dd, "ride_request", header, header + MaxUnconfirmed, func() Packet { return new(RideRequest) }},
	{Game, Client, 0x7e0, "clan_command", header + 1, header + 1 + MaxClanArgs, func() Packet { return new(ClanCommand) }},
	{Game, Client, 0x7e1, "messenger_command", header, header + MaxUnconfirmed, func() Packet { return new(MessengerCommand) }},
	{Game, Client, 0x7e2, "messenger_chat_request", header, header + MaxUnconfirmed, func() Packet { return new(MessengerChatRequest) }},
	{Game, Client, 0x7e3, "chat_room_command", header, header + MaxUnconfirmed, func() Packet { return new(ChatRoomCommand) }},
	{Game, Client, 0x7e4, "chat_room_request", header, header + MaxUnconfirmed, func() Packet { return new(ChatRoomRequest) }},
	{Game, Client, 0x7e5, "memo_command", header, header + MaxUnconfirmed, func() Packet { return new(MemoCommand) }},
	{Game, Client, 0x7e6, "set_clan_mark_request", header, header + MaxUnconfirmed, func() Packet { return new(SetClanMarkRequest) }},
	{Game, Client, 0x7e7, "clan_mark_request", header, header + MaxUnconfirmed, func() Packet { return new(ClanMarkRequest) }},
	{Game, Client, 0x7e8, "clan_mark_time_request", header, header + MaxUnconfirmed, func() Packet { return new(ClanMarkTimeRequest) }},
	{Game, Client, 0x7eb, "screenshot_request", header, header + MaxUnconfirmed, func() Packet { return new(ScreenshotRequest) }},

	{Game, Server, 0x702, "announce", header + 1, header + 1 + MaxAnnounceText + 1 + MaxName, func() Packet { return new(Announce) }},
	{Game, Server, 0x707, "logout_result", header + 2, header + 2, func() Packet { return new(LogoutResult) }},
	{Game, Server, 0x70c, "join_reply", header + 9, header + 9, func() Packet { return new(JoinReply) }},
	{Game, Server, 0x715, "character_data", header + 757, header + 757 + MaxName, func() Packet { return new(CharacterData) }},
	{Game, Server, 0x716, "inventory", header + 8 + SlotCount*6, header + 8 + SlotCount*6, func() Packet { return new(Inventory) }},
	{Game, Server, 0x718, "inventory_update", header + 1, header + 1 + SlotCount*7, func() Packet { return new(InventoryUpdate) }},
	{Game, Server, 0x71b, "quest_data", header + 1018, header + 1018, func() Packet { return new(QuestData) }},
	{Game, Server, 0x71c, "return_to_select", header, header, func() Packet { return new(ReturnToSelect) }},
	{Game, Server, 0x71d, "money_update", header + 8, header + 8, func() Packet { return new(MoneyUpdate) }},
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
	{Game, Server, 0x7a1, "shop_result", header + 1, header + 1, func() Packet { return new(ShopResult) }},
	{Game, Server, 0x7a7, "pick_up_result", header + 11, header + 11, func() Packet { return new(PickUpResult) }},
	{Game, Server, 0x7aa, "set_hotbar", header + 3, header + 3, func() Packet { return new(SetHotbar) }},
	{Game, Server, 0x7b1, "raise_skill_result", header + 6, header + 6, func() Packet { return new(RaiseSkillResult) }},
	{Game, Server, 0x7b8, "update_speed", header + 7, header + 7, func() Packet { return new(UpdateSpeed) }},
	{Game, Server, 0x7bd, "cast_cancelled", header + 3, header + 3, func() Packet { return new(CastCancelled) }},
	{Game, Server, 0x7c3, "store_closed", header + 2, header + 2, func() Packet { return new(StoreClosed) }},
	{Game, Server, 0x7d1, "party_reply", header + 5, header + 5, func() Packet { return new(PartyReply) }},
}

// All commands are in one block, so a small array is enough to find a row.
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

// Lookup returns the row of a command, or false if that side does not send it at
// that stage.
func Lookup(stage Stage, from Side, command uint16) (Row, bool) {
	if stage >= stages || from >= sides || !InBlock(command) {
		return Row{}, false
	}
	i := byCommand[stage][from][command-firstCommand]
	if i == 0 {
		return Row{}, false
	}
	return rows[i-1], true
}

// Known reports whether the client sends a command at any stage.
func Known(command uint16) bool {
	for stage := range stages {
		if _, ok := Lookup(stage, Client, command); ok {
			return true
		}
	}
	return false
}

// InBlock reports whether a command is in the block of this protocol's commands,
// 0x700 to 0x7ff.
func InBlock(command uint16) bool {
	return command >= firstCommand && command < firstCommand+commandCount
}

// Name returns the name of a command, or "unknown".
func Name(stage Stage, from Side, command uint16) string {
	if r, ok := Lookup(stage, from, command); ok {
		return r.Name
	}
	return "unknown"
}

// Limits returns the commands that this side may send at this stage, each with its
// sizes, for a reader of its packets.
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
