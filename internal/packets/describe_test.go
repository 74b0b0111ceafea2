package packets_test

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"testing"

	"github.com/waystone-mmo/waystone/internal/packets"
)

type m = map[string]any

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// describe tells a packet in the words of the vectors.
func describe(t *testing.T, packet packets.Packet) m {
	t.Helper()
	switch p := packet.(type) {
	case *packets.AcceptRequest, *packets.CharacterListRequest, *packets.ReturnToSelect,
		*packets.ReturnToSelectRequest, *packets.LogoutRequest:
		return m{}
	case *packets.NetworkStatus:
		return m{"status": p.Status, "packet_sequence_id": p.SequenceID, "reserved_u32x6": 0}
	case *packets.LoginRequest:
		return m{"password_md5_hex": string(p.Secret), "username": p.User}
	case *packets.LoginReply:
		servers := []m{}
		for _, s := range p.Servers {
			servers = append(servers, m{"id": s.ID, "name": s.Name})
		}
		return m{"result": p.Result, "rights": p.Rights, "pay_type": p.PayType, "servers": servers}
	case *packets.ChannelListRequest:
		return m{"server_id": p.Server}
	case *packets.ChannelListReply:
		channels := []m{}
		for _, c := range p.Channels {
			channels = append(channels, m{"wire_id": c.ID, "low_age": c.LowAge, "high_age": c.HighAge,
				"percent_full": c.PercentFull, "name": c.Name})
		}
		return m{"server_id": p.Server, "channels": channels}
	case *packets.SelectServerRequest:
		return m{"server_id": p.Server, "wire_channel_id": p.Channel}
	case *packets.SelectServerReply:
		return m{"result": p.Result, "token": p.Token, "codec_seed": p.Seed, "ip": p.Address, "port": p.Port}
	case *packets.JoinRequest:
		return m{"token": p.Token, "password_md5_hex": string(p.Secret)}
	case *packets.JoinReply:
		return m{"result": p.Result, "packet_sequence_id": p.SequenceID, "pay_flags": p.PayFlags}
	case *packets.CharacterListReply:
		return m{"characters": listed(p.Characters)}
	case *packets.CreateCharacterRequest:
		return m{"gender": p.Gender, "birth_stone": p.BirthStone, "hair": p.Hair, "face": p.Face,
			"weapon_type": p.WeaponType, "start_point": p.StartPoint, "name": p.Name}
	case *packets.CreateCharacterReply:
		return m{"result": p.Result, "is_platinum": bit(p.Platinum)}
	case *packets.DeleteCharacterRequest:
		return m{"slot": p.Slot, "is_delete": bit(p.Delete), "name": p.Name}
	case *packets.DeleteCharacterReply:
		return m{"seconds_until_delete": p.Seconds, "name": p.Name}
	case *packets.SelectCharacterRequest:
		return m{"slot": p.Slot, "run_mode": p.Run, "ride_mode": p.Ride, "name": p.Name}
	case *packets.MoveServer:
		return m{"port": p.Port, "token": p.Token, "codec_seed": p.Seed, "ip": p.Address}
	case *packets.ClanCommand:
		out := m{"sub": p.Kind}
		if len(p.Args) == 4 {
			out["level"] = binary.LittleEndian.Uint16(p.Args)
			out["job"] = binary.LittleEndian.Uint16(p.Args[2:])
		}
		return out
	default:
		return describeGame(t, packet)
	}
}

// describeGame does so for the game stage.
func describeGame(t *testing.T, packet packets.Packet) m {
	t.Helper()
	switch p := packet.(type) {
	case *packets.CharacterData:
		return characterData(t, p)
	case *packets.Inventory:
		return inventory(t, p)
	case *packets.QuestData:
		return questData(t, p)
	case *packets.JoinZoneRequest:
		return m{"weight_rate": p.Weight, "z": p.Z}
	case *packets.JoinZoneReply:
		return m{"entity_id": p.Entity, "hp": p.HP, "mp": p.MP, "xp": p.XP, "penalty_xp": p.PenaltyXP,
			"craft_rate": p.CraftRate, "update_time": p.UpdateTime, "world_price_rate": p.WorldPrice,
			"town_price_rate": p.TownPrice, "item_price_rates": numbers(p.ItemPrices[:]), "global_flags": p.Flags,
			"world_ticks": p.WorldTicks, "team": p.Team}
	case *packets.SpawnNPC:
		return head(&p.Head, p.Status, m{"npc_id": p.NPC, "quest_index": p.Quest,
			"direction": p.Direction, "event_status": p.Event})
	case *packets.SpawnMonster:
		return head(&p.Head, p.Status, m{"npc_id": p.NPC, "quest_index": p.Quest})
	case *packets.SpawnCharacter:
		return spawnCharacter(p)
	case *packets.RemoveEntities:
		return m{"entity_ids": p.Entities}
	case *packets.MoveRequest:
		return m{"target_entity_id": p.Target, "x": p.X, "y": p.Y, "z": p.Z}
	case *packets.Move:
		return m{"entity_id": p.Entity, "target_entity_id": p.Target, "distance": p.Distance,
			"x": p.X, "y": p.Y, "z": p.Z, "move_mode": nil}
	case *packets.MoveWithMode:
		return m{"entity_id": p.Entity, "target_entity_id": p.Target, "distance": p.Distance,
			"x": p.X, "y": p.Y, "z": p.Z, "move_mode": p.Mode}
	case *packets.Stop:
		return m{"entity_id": p.Entity, "x": p.X, "y": p.Y, "z": p.Z}
	case *packets.MoveCollisionRequest:
		return m{"x": p.X, "y": p.Y, "z": p.Z}
	case *packets.AdjustPosition:
		return m{"entity_id": p.Entity, "x": p.X, "y": p.Y, "z": p.Z}
	case *packets.MoveToggleRequest:
		return m{"type": p.Kind}
	case *packets.MoveToggle:
		out := m{"entity_id": p.Entity, "type": p.Kind, "run_speed": nil}
		if p.RunSpeed != 0 {
			out["run_speed"] = p.RunSpeed
		}
		return out
	case *packets.UpdateSpeed:
		return m{"entity_id": p.Entity, "run_speed": p.RunSpeed, "passive_attack_speed": p.AttackSpeed, "weight_rate": p.Weight}
	case *packets.ChatRequest:
		return m{"text": p.Text}
	case *packets.LocalChat:
		return m{"entity_id": p.Entity, "text": p.Text}
	case *packets.Whisper:
		return m{"from": p.From, "text": p.Text}
	case *packets.Shout:
		return m{"name": p.From, "text": p.Text}
	case *packets.Announce:
		out := m{"text": p.Text, "name": nil}
		if p.Name != "" {
			out["name"] = p.Name
		}
		return out
	case *packets.LogoutResult:
		return m{"wait_seconds": p.Seconds}
	case *packets.EmoteRequest:
		return m{"motion_id": p.Motion, "flags": p.Flags}
	case *packets.Emote:
		return m{"motion_id": p.Motion, "flags": p.Flags, "entity_id": p.Entity}
	case *packets.QuestRequest:
		return m{"type": p.Kind, "slot": p.Slot, "trigger_hash": p.Quest}
	case *packets.QuestResult:
		return m{"result": p.Result, "slot": p.Slot, "quest_id": p.Quest}
	case *packets.SetHotbarRequest:
		return m{"slot_index": p.Slot, "type": p.Entry.Kind, "index": p.Entry.Index}
	case *packets.SetHotbar:
		return m{"slot_index": p.Slot, "type": p.Entry.Kind, "index": p.Entry.Index}
	default:
		return describeDeed(t, packet)
	}
}

// describeDeed does so for items, skills, shops and parties.
func describeDeed(t *testing.T, packet packets.Packet) m {
	t.Helper()
	switch p := packet.(type) {
	case *packets.SetReviveZoneRequest:
		return m{}
	case *packets.ReviveRequest:
		return m{"type": p.Kind}
	case *packets.AttackRequest:
		return m{"target_entity_id": p.Target}
	case *packets.UseItemRequest:
		return m{"slot": p.Slot, "target": *p.Target}
	case *packets.DropItemRequest:
		return m{"slot": p.Slot, "quantity": p.Quantity}
	case *packets.EquipRequest:
		return m{"equipment_index": p.Place, "inventory_slot": *p.Slot}
	case *packets.VehiclePartRequest:
		return m{"part": p.Part, "inventory_slot": *p.Slot}
	case *packets.AmmoRequest:
		return m{"ammo": p.Ammo, "inventory_slot": p.Slot}
	case *packets.PickUpRequest:
		return m{"entity_id": p.Drop}
	case *packets.WarpGateRequest:
		return m{"warp_gate_id": p.Gate}
	case *packets.RaiseStatRequest:
		return m{"stat": p.Stat}
	case *packets.CastSelfRequest:
		return m{"slot": p.Slot}
	case *packets.CastTargetRequest:
		return m{"target": p.Target, "slot": p.Slot}
	case *packets.CastPositionRequest:
		return m{"slot": p.Slot, "x": p.X, "y": p.Y}
	case *packets.PartyRequest:
		return m{"type": p.Kind, "entity_id": p.Target, "character_id": p.Target}
	case *packets.PartyReplyRequest:
		return m{"type": p.Kind, "entity_id": p.Target}
	case *packets.PartyRulesRequest:
		return m{"rules": p.Rules}
	case *packets.InventoryUpdate:
		items := []m{}
		for _, s := range p.Items {
			items = append(items, m{"slot": s.Slot, "item": fullItem(s.Item)})
		}
		return m{"items": items}
	case *packets.MoneyUpdate:
		return m{"money": p.Money}
	case *packets.ShopResult:
		return m{"error": p.Result}
	case *packets.PickUpResult:
		return m{"entity_id": p.Drop, "result": p.Result, "slot": p.Slot, "item": fullItem(p.Item), "money": p.Item.Quantity}
	case *packets.PartyReply:
		return m{"type": p.Kind, "entity_id": p.Target, "character_id": p.Target}
	default:
		t.Fatalf("no mapping for %T", packet)
		return nil
	}
}

// numbers keeps JSON from writing bytes as base64.
func numbers(b []uint8) []int {
	out := make([]int, len(b))
	for i, v := range b {
		out[i] = int(v)
	}
	return out
}

func listed(characters []packets.ListedCharacter) []m {
	out := []m{}
	for _, c := range characters {
		worn := m{}
		for slot, it := range map[string]packets.ListedItem{"Head": c.Equipment.Head, "Body": c.Equipment.Body,
			"Hands": c.Equipment.Hands, "Feet": c.Equipment.Feet, "Face": c.Equipment.Face, "Back": c.Equipment.Back,
			"Weapon": c.Equipment.Weapon, "SubWeapon": c.Equipment.SubWeapon} {
			if it != (packets.ListedItem{}) {
				worn[slot] = m{"number": it.Number, "grade": it.Grade}
			}
		}
		out = append(out, m{"name": c.Name, "gender": c.Gender, "level": c.Level, "job": c.Job,
			"delete_seconds": c.DeleteSeconds, "is_premium_slot": bit(c.Premium), "face": c.Face, "hair": c.Hair,
			"equipment": worn})
	}
	return out
}

func visible(v packets.VisibleItems) m {
	out := m{}
	for slot, it := range map[string]packets.VisibleItem{"Head": v.Head, "Body": v.Body, "Hands": v.Hands,
		"Feet": v.Feet, "Face": v.Face, "Back": v.Back, "Weapon": v.Weapon, "SubWeapon": v.SubWeapon} {
		if it != (packets.VisibleItem{}) {
			out[slot] = m{"number": it.Number, "gem": it.Gem, "grade": it.Grade, "has_socket": it.Socket}
		}
	}
	return out
}

func head(h *packets.SpawnHead, s packets.StatusValues, out m) m {
	values := []uint16{}
	for _, v := range []uint16{s.MaxHP, s.SpeedUp, s.SpeedDown, s.AttackSpeedUp, s.AttackSpeedDown} {
		if v != 0 {
			values = append(values, v)
		}
	}
	out["entity_id"], out["x"], out["y"] = h.Entity, h.X, h.Y
	out["command_state"] = m{"command": h.Action, "dest_x": h.DestX, "dest_y": h.DestY, "target": h.Target}
	out["move_mode"], out["hp"], out["team"] = h.MoveMode, h.HP, h.Team
	out["status_flags"], out["status_values"] = h.StatusFlags, values
	return out
}

func spawnCharacter(p *packets.SpawnCharacter) m {
	ammo := func(a packets.AmmoItem) any {
		if a == (packets.AmmoItem{}) {
			return 0
		}
		return m{"number": a.Number, "type": a.Type}
	}
	out := m{"gender": p.Gender, "run_speed": p.RunSpeed, "attack_speed": p.AttackSpeed, "weight_rate": p.Weight,
		"face": p.Face, "hair": p.Hair, "equipment": visible(p.Equipment),
		"ammo": []any{ammo(p.Ammo.Arrow), ammo(p.Ammo.Bullet), ammo(p.Ammo.Throw)}, "job": p.Job, "level": p.Level,
		"vehicle": []uint16{p.Vehicle.Body.Number, p.Vehicle.Engine.Number, p.Vehicle.Leg.Number, p.Vehicle.Arms.Number},
		"z":       p.Z, "sub_flags": p.SubFlags, "name": p.Name, "store": nil, "clan": nil}
	if p.Shop != nil {
		out["store"] = m{"skin": p.Shop.Skin, "title": p.Shop.Title}
	}
	if p.Clan != nil {
		out["clan"] = m{"id": p.Clan.ID, "mark_background": p.Clan.MarkBackground, "mark_crc16": p.Clan.MarkForeground,
			"level": p.Clan.Level, "position": p.Clan.Position, "name": p.Clan.Name}
	}
	return head(&p.Head, p.Status, out)
}

func characterData(t *testing.T, p *packets.CharacterData) m {
	t.Helper()
	if uint32(p.FaceStyle) != p.Face || uint32(p.HairStyle) != p.Hair {
		t.Errorf("styles %d and %d, as others see them %d and %d", p.FaceStyle, p.HairStyle, p.Face, p.Hair)
	}
	if p.StatusEffects != ([packets.StatusEffectSlots]packets.StatusEffect{}) {
		t.Errorf("status effects %v, the vector states none", p.StatusEffects)
	}
	hotbar := m{}
	for i, s := range p.Hotbar {
		if s != (packets.HotbarSlot{}) {
			hotbar[strconv.Itoa(i)] = m{"index": s.Index, "type": s.Kind}
		}
	}
	return m{"gender": p.Gender, "zone": p.Zone, "x": p.X, "y": p.Y, "revive_zone": p.ReviveZone, "face": p.Face,
		"hair": p.Hair, "equipment": visible(p.Equipment), "birth_stone": p.BirthStone, "job": p.Job, "union": p.Union,
		"rank": p.Rank, "fame": p.Fame, "str": p.Stats.Str, "dex": p.Stats.Dex, "int": p.Stats.Int, "con": p.Stats.Con,
		"charm": p.Stats.Charm, "sense": p.Stats.Sense, "hp": p.HP, "mp": p.MP, "xp": p.XP, "level": p.Level,
		"stat_points": p.StatPoints, "skill_points": p.SkillPoints, "body_size": p.BodySize, "head_size": p.HeadSize,
		"penalty_xp": p.PenaltyXP, "fame_g": p.FameGood, "fame_b": p.FameBad, "union_points": p.UnionPoints,
		"guild_id": p.Guild, "guild_contribution": p.GuildContribution, "guild_position": p.GuildPosition,
		"pk_flag": p.PKFlag, "stamina": p.Stamina, "hotbar_slots_1based_type": hotbar,
		"skills":    m{"basic": p.Skills.Basic, "active": p.Skills.Active, "passive": p.Skills.Passive, "clan": p.Skills.Clan},
		"unique_id": p.UniqueID, "name": p.Name}
}

func fullItem(it packets.FullItem) m {
	return m{"type": it.Type, "number": it.Number, "is_crafted": it.Crafted, "gem": it.Gem, "durability": it.Durability,
		"life": it.Life, "has_socket": it.Socket, "is_appraised": it.Appraised, "grade": it.Grade, "quantity": it.Quantity}
}

// inventory names the slots that are not empty as the vector names them.
func inventory(t *testing.T, p *packets.Inventory) m {
	t.Helper()
	worn := []string{"", "Face", "Head", "Body", "Back", "Hands", "Feet", "Weapon", "SubWeapon", "Necklace", "Ring", "Earring"}
	named := map[int]string{132: "slot_132_arrow", 135: "slot_135_vehicle_body", 136: "slot_136_vehicle_engine"}
	stated := map[int]bool{12: true, 41: true, 46: true, 79: true, 102: true, 132: true, 135: true, 136: true}
	equipped := m{}
	out := m{"money": p.Money, "equipped": equipped}
	for slot, it := range p.Items {
		switch {
		case it == (packets.FullItem{}):
		case slot < packets.SlotBag:
			equipped[worn[slot]] = fullItem(it)
		case !stated[slot]:
			t.Errorf("item %+v in slot %d, where the vector states none", it, slot)
		case named[slot] != "":
			out[named[slot]] = fullItem(it)
		default:
			out[fmt.Sprintf("slot_%d", slot)] = fullItem(it)
		}
	}
	return out
}

func questData(t *testing.T, p *packets.QuestData) m {
	t.Helper()
	set := []int{}
	for i := range packets.QuestSwitches {
		if p.Switches.Get(i) {
			set = append(set, i)
		}
	}
	rest := *p
	rest.Quests[0], rest.Switches = packets.Quest{}, packets.Switches{}
	rest.Episodes, rest.Jobs, rest.Planets, rest.Unions = [5]uint16{}, [3]uint16{}, [7]uint16{}, [10]uint16{}
	if rest != (packets.QuestData{}) {
		t.Errorf("%+v is set, where the vector states nothing", rest)
	}
	q := p.Quests[0]
	return m{"episode": p.Episodes, "job": p.Jobs, "planet": p.Planets, "union": p.Unions, "switches_set": set,
		"wishlist": "30 empty items",
		"quest0": m{"id": q.ID, "expire": q.Expires, "vars": q.Variables, "switches": q.Switches,
			"item0": fullItem(q.Items[0])}}
}
