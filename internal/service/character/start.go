package character

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/store"
)

//go:embed start.yaml
var builtInStart []byte

// Limits of what a character starts with.
const (
	maxStartPoints = 256
	maxStamina     = 5000
	maxPointName   = 64 // bytes
	maxBasicSkills = 30 // that the client's page has places for
)

// start is what start.yaml holds. It is not changed after it was loaded.
type start struct {
	Points       []startPoint `yaml:"start_points"`
	NewCharacter newCharacter `yaml:"new_character"`
	BasicSkills  []basicSkill `yaml:"basic_skills"`

	state store.CharacterState        // but for where it is
	items [female + 1]store.Inventory // by gender, in the order of places
	basic []uint32                    // numbers of the basic skills
}

// basicSkill is one that every character has. The numbers in the built-in file
// are those of the client's table of skills, as the servers rose-offline
// (rose-data, SkillIds) and osIROSE-new (skill_db) state them, and the choice is
// what rose-offline gives to a new character.
type basicSkill struct {
	Number uint16 `yaml:"number"`
	Name   string `yaml:"name"` // for readers of the file
}

type startPoint struct {
	Name       string `yaml:"name"` // for readers of the file
	Zone       uint16 `yaml:"zone"`
	data.Point `yaml:",inline"`
	ReviveZone uint16 `yaml:"revive_zone"`
}

type newCharacter struct {
	Level       uint16      `yaml:"level"`
	Job         uint16      `yaml:"job"`
	XP          uint32      `yaml:"xp"`
	Stats       data.Stats  `yaml:"stats"`
	StatPoints  uint16      `yaml:"stat_points"`
	SkillPoints uint16      `yaml:"skill_points"`
	Stamina     uint16      `yaml:"stamina"`
	Money       int64       `yaml:"money"`
	Items       []startItem `yaml:"items"`
	ItemsMale   []startItem `yaml:"items_male"`
	ItemsFemale []startItem `yaml:"items_female"`
}

type startItem struct {
	Place      uint8   `yaml:"place"`
	Type       string  `yaml:"type"`
	Number     uint16  `yaml:"number"`
	Quantity   *uint32 `yaml:"quantity"` // nil for 1
	Crafted    bool    `yaml:"crafted"`
	Gem        uint16  `yaml:"gem"`
	Durability uint8   `yaml:"durability"`
	Life       uint16  `yaml:"life"`
	Socket     bool    `yaml:"socket"`
	Appraised  bool    `yaml:"appraised"`
	Grade      uint8   `yaml:"grade"`
}

// itemTypes are the names of the types of items in a file, from type 1 on.
var itemTypes = []string{ //nolint:gochecknoglobals // a constant table
	"face", "head", "body", "hands", "feet", "back", "jewellery", "weapon", "sub_weapon",
	"consumable", "gem", "material", "quest", "vehicle",
}

// places say which types belong where; see start.yaml.
var places = []struct { //nolint:gochecknoglobals // a constant table
	first, last uint8
	types       []store.ItemType
}{
	{1, 1, []store.ItemType{store.ItemFace}},
	{2, 2, []store.ItemType{store.ItemHead}},
	{3, 3, []store.ItemType{store.ItemBody}},
	{4, 4, []store.ItemType{store.ItemBack}},
	{5, 5, []store.ItemType{store.ItemHands}},
	{6, 6, []store.ItemType{store.ItemFeet}},
	{7, 7, []store.ItemType{store.ItemWeapon}},
	{8, 8, []store.ItemType{store.ItemSubWeapon}},
	{9, 11, []store.ItemType{store.ItemJewellery}},
	{12, 41, []store.ItemType{
		store.ItemFace, store.ItemHead, store.ItemBody, store.ItemHands, store.ItemFeet, store.ItemBack,
		store.ItemJewellery, store.ItemWeapon, store.ItemSubWeapon,
	}},
	{42, 71, []store.ItemType{store.ItemConsumable}},
	{72, 101, []store.ItemType{store.ItemGem, store.ItemMaterial, store.ItemQuest}},
	{102, 131, []store.ItemType{store.ItemVehicle}},
	{132, 134, []store.ItemType{store.ItemMaterial}},
	{135, store.MaxPlace, []store.ItemType{store.ItemVehicle}},
}

// loadStart reads what characters start with from a file and checks it against
// the world; no path means the built-in one. Every mistake is reported, one a
// line, each with the file and the field.
func loadStart(path string, world *data.Data) (*start, error) {
	var s start
	file, err := readYAML(path, "built-in start.yaml", builtInStart, &s)
	if err != nil {
		return nil, fmt.Errorf("start of characters: %w", err)
	}
	if s.BasicSkills == nil { // a file of before there were some
		var own start
		if err := parseYAML("built-in start.yaml", builtInStart, &own); err != nil {
			return nil, fmt.Errorf("start of characters: %w", err)
		}
		s.BasicSkills = own.BasicSkills
	}
	if err := s.complete(file, world); err != nil {
		return nil, fmt.Errorf("start of characters: %w", err)
	}
	return &s, nil
}

// complete checks the file and prepares what it says.
func (s *start) complete(file string, world *data.Data) error {
	p := &problems{file: file}
	if n := len(s.Points); n < 1 || n > maxStartPoints {
		p.add("start_points", "has %d entries, must have 1 to %d", n, maxStartPoints)
	}
	for i := range s.Points {
		s.Points[i].check(p, fmt.Sprintf("start_points[%d]", i), world)
	}
	n := &s.NewCharacter
	n.check(p)
	all := items(p, "new_character.items", n.Items)
	s.items[male] = together(p, "new_character.items_male", all, items(p, "new_character.items_male", n.ItemsMale))
	s.items[female] = together(p, "new_character.items_female", all, items(p, "new_character.items_female", n.ItemsFemale))
	s.basic = basicSkills(p, s.BasicSkills)
	s.state = store.CharacterState{
		Job: n.Job, Level: n.Level, XP: n.XP, HP: world.MaxHP(n.Level, n.Stats), MP: world.MaxMP(n.Level, n.Stats),
		Stats: store.Stats(n.Stats), StatPoints: n.StatPoints, SkillPoints: n.SkillPoints, Stamina: n.Stamina, Money: n.Money,
	}
	return p.err()
}

func (sp *startPoint) check(p *problems, where string, world *data.Data) {
	if len(sp.Name) > maxPointName {
		p.add(where+".name", "has %d bytes, must have at most %d", len(sp.Name), maxPointName)
	}
	switch z, ok := world.Zone(sp.Zone); {
	case !ok:
		p.add(where+".zone", "is %d, which is not a zone of %s", sp.Zone, world.Source())
	case !z.Contains(sp.Point):
		p.add(where, "x and y lie outside of zone %d", sp.Zone)
	}
	if _, ok := world.Zone(sp.ReviveZone); !ok {
		p.add(where+".revive_zone", "is %d, which is not a zone of %s", sp.ReviveZone, world.Source())
	}
}

func (n *newCharacter) check(p *problems) {
	between := func(field string, v, low, high int64) {
		if v < low || v > high {
			p.add("new_character."+field, "is %d, must be from %d to %d", v, low, high)
		}
	}
	between("level", int64(n.Level), 1, math.MaxUint16)
	between("stamina", int64(n.Stamina), 0, maxStamina)
	between("money", n.Money, 0, store.MaxMoney)
	for _, s := range []struct {
		name  string
		value uint16
	}{
		{"strength", n.Stats.Strength}, {"dexterity", n.Stats.Dexterity},
		{"intelligence", n.Stats.Intelligence}, {"concentration", n.Stats.Concentration},
		{"charm", n.Stats.Charm}, {"sense", n.Stats.Sense},
	} {
		between("stats."+s.name, int64(s.value), 1, math.MaxUint16)
	}
}

// basicSkills returns the numbers of a list, each once.
func basicSkills(p *problems, all []basicSkill) (numbers []uint32) {
	if n := len(all); n > maxBasicSkills {
		p.add("basic_skills", "has %d entries, must have at most %d", n, maxBasicSkills)
	}
	for i, b := range all {
		where := fmt.Sprintf("basic_skills[%d]", i)
		switch n := uint32(b.Number); {
		case len(b.Name) > maxPointName:
			p.add(where+".name", "has %d bytes, must have at most %d", len(b.Name), maxPointName)
		case n == 0:
			p.add(where+".number", "is 0, must be from 1 to %d", math.MaxUint16)
		case slices.Contains(numbers, n):
			p.add(where+".number", "is %d, which another skill of the list has", n)
		default:
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// items returns the items of a list that are in order.
func items(p *problems, list string, all []startItem) (inv store.Inventory) {
	for i := range all {
		where := fmt.Sprintf("%s[%d]", list, i)
		it, ok := all[i].item(p, where)
		if !ok {
			continue
		}
		if slices.ContainsFunc(inv, func(other store.Item) bool { return other.Place == it.Place }) {
			p.add(where+".place", "is %d, which another item of the list has", it.Place)
			continue
		}
		inv = append(inv, it)
	}
	return inv
}

// together adds the items of one gender to those of all.
func together(p *problems, list string, all, own store.Inventory) store.Inventory {
	for i := range own {
		if slices.ContainsFunc(all, func(other store.Item) bool { return other.Place == own[i].Place }) {
			p.add(list, "has an item in place %d, where everybody has one", own[i].Place)
		}
	}
	return slices.Concat(all, own).Sorted()
}

// item returns the item that is described, and whether it is in order.
func (it *startItem) item(p *problems, where string) (store.Item, bool) {
	typ := slices.Index(itemTypes, it.Type)
	if typ < 0 {
		p.add(where+".type", "is %q, must be one of %s", it.Type, strings.Join(itemTypes, ", "))
		return store.Item{}, false
	}
	made := store.Item{
		Place: it.Place, Type: store.ItemType(typ + 1), Number: it.Number, Quantity: 1, //nolint:gosec // one of fourteen
		Crafted: it.Crafted, Gem: it.Gem, Durability: it.Durability, Life: it.Life,
		Socket: it.Socket, Appraised: it.Appraised, Grade: it.Grade,
	}
	if it.Quantity != nil {
		made.Quantity = *it.Quantity
	}
	if e := errs.Of(store.Inventory{made}.Validate()); e != nil {
		p.add(where+strings.TrimPrefix(e.Field, "items[0]"), "%s", e.Msg)
		return made, false
	}
	for _, pl := range places {
		if made.Place >= pl.first && made.Place <= pl.last && !slices.Contains(pl.types, made.Type) {
			p.add(where+".place", "is %d, where no item of type %s belongs", made.Place, it.Type)
			return made, false
		}
	}
	return made, true
}

// at returns the state of a new character that begins at a start point; false
// when there is no such point.
func (s *start) at(point uint32) (store.CharacterState, bool) {
	if uint64(point) >= uint64(len(s.Points)) {
		return store.CharacterState{}, false
	}
	p, state := &s.Points[point], s.state
	state.Position = store.Position{Zone: p.Zone, X: float32(p.X), Y: float32(p.Y)}
	state.ReviveZone = p.ReviveZone
	return state, true
}
