package postgres

import (
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres/internal/db"
)

// The narrowing conversions below cannot lose anything: the columns have CHECK
// constraints with the ranges of our types.

func character(r db.GameCharacter, items store.Inventory) *store.Character {
	return &store.Character{
		ID:     store.CharacterID(r.ID), //nolint:gosec // checked by the database
		UserID: r.UserID,
		Name:   r.Name,
		Slot:   u8(r.Slot),
		Appearance: store.Appearance{
			Gender: u8(r.Gender), BirthStone: u8(r.BirthStone), Hair: u8(r.Hair), Face: u8(r.Face),
		},
		State: store.CharacterState{
			Position:   store.Position{Zone: u16(r.Zone), X: r.X, Y: r.Y},
			ReviveZone: u16(r.ReviveZone),
			Job:        u16(r.Job),
			Level:      u16(r.Level),
			XP:         u32(r.Xp),
			HP:         u32(r.Hp),
			MP:         u32(r.Mp),
			Stats: store.Stats{
				Strength: u16(r.Strength), Dexterity: u16(r.Dexterity), Intelligence: u16(r.Intelligence),
				Concentration: u16(r.Concentration), Charm: u16(r.Charm), Sense: u16(r.Sense),
			},
			StatPoints:  u16(r.StatPoints),
			SkillPoints: u16(r.SkillPoints),
			Stamina:     u16(r.Stamina),
			Money:       r.Money,
		},
		Items:     items,
		Hotbar:    store.ParseHotbar(r.Hotbar),
		DeleteAt:  instantOf(r.DeleteAt),
		CreatedAt: r.CreatedAt.UTC(),
		UpdatedAt: r.UpdatedAt.UTC(),
		Version:   r.Version,
	}
}

// withItems is a character whose items were selected with it.
func withItems(r db.GameCharacter, items []byte) (*store.Character, error) {
	inv, err := store.ParseInventory(items)
	if err != nil {
		return nil, err
	}
	return character(r, inv), nil
}

func itemParams(characterID int64, inv store.Inventory) db.InsertItemsParams {
	var c itemColumns
	for i := range inv {
		c.add(&inv[i])
	}
	return db.InsertItemsParams{
		CharacterID: characterID, Places: c.place, Types: c.itemType, Numbers: c.number, Quantities: c.quantity,
		Crafted: c.crafted, Gems: c.gem, Durabilities: c.durability, Lives: c.life,
		Sockets: c.socket, Appraised: c.appraised, Grades: c.grade,
	}
}

// itemColumns are items with an array for each column.
type itemColumns struct {
	id, quantity                 []int64
	place, itemType, number      []int16
	gem, durability, life, grade []int16
	crafted, socket, appraised   []bool
}

func (c *itemColumns) add(it *store.Item) {
	c.id = append(c.id, int64(it.ID))
	c.place = append(c.place, int16(it.Place))
	c.itemType = append(c.itemType, int16(it.Type))
	c.number = append(c.number, int16(it.Number)) //nolint:gosec // at most 1023
	c.quantity = append(c.quantity, int64(it.Quantity))
	c.crafted = append(c.crafted, it.Crafted)
	c.gem = append(c.gem, int16(it.Gem)) //nolint:gosec // at most 511
	c.durability = append(c.durability, int16(it.Durability))
	c.life = append(c.life, int16(it.Life)) //nolint:gosec // at most 1000
	c.socket = append(c.socket, it.Socket)
	c.appraised = append(c.appraised, it.Appraised)
	c.grade = append(c.grade, int16(it.Grade))
}

func insertParams(n store.NewCharacter, there *time.Time, slot int16, at time.Time) db.InsertCharacterParams {
	st := n.State
	return db.InsertCharacterParams{
		UserID: n.UserID, UserCreatedAt: there, Name: n.Name, NameKey: store.NameKey(n.Name),
		NameSkeleton: store.NameSkeleton(n.Name), Slot: slot,
		Gender: int16(n.Appearance.Gender), BirthStone: int16(n.Appearance.BirthStone),
		Hair: int16(n.Appearance.Hair), Face: int16(n.Appearance.Face),
		Zone: int32(st.Position.Zone), X: st.Position.X, Y: st.Position.Y,
		ReviveZone: int32(st.ReviveZone), Job: int32(st.Job), Level: int32(st.Level),
		Xp: int64(st.XP), Hp: int64(st.HP), Mp: int64(st.MP),
		Strength: int32(st.Stats.Strength), Dexterity: int32(st.Stats.Dexterity),
		Intelligence: int32(st.Stats.Intelligence), Concentration: int32(st.Stats.Concentration),
		Charm: int32(st.Stats.Charm), Sense: int32(st.Stats.Sense),
		StatPoints: int32(st.StatPoints), SkillPoints: int32(st.SkillPoints),
		Stamina: int32(st.Stamina), Money: st.Money,
		CreateKey: n.Key, At: at,
	}
}

func play(r db.GamePlay) *store.Play {
	p := &store.Play{
		UserID: r.UserID, SessionID: r.SessionID, Generation: r.Generation,
		Stage:   store.Stage(r.Stage), //nolint:gosec // checked by the database
		Address: r.Address, LeaseExpiresAt: r.LeaseExpiresAt.UTC(),
	}
	if r.PlayID != nil {
		p.ID = *r.PlayID
	}
	if r.CharacterID != nil {
		p.CharacterID = store.CharacterID(*r.CharacterID) //nolint:gosec // was one when written
	}
	p.Closing = r.ClosingGeneration != nil && *r.ClosingGeneration == r.Generation
	if r.PasswordStamp != nil && r.StampGeneration != nil && *r.StampGeneration == r.Generation {
		p.Stamp = store.PasswordStamp(*r.PasswordStamp)
	}
	return p
}

func u8(v int16) uint8   { return uint8(v) }  //nolint:gosec // checked by the database
func u16(v int32) uint16 { return uint16(v) } //nolint:gosec // checked by the database
func u32(v int64) uint32 { return uint32(v) } //nolint:gosec // checked by the database

// instantOf turns null into the zero time.
func instantOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
