// Package data holds the tables of the world: zones, what a level is worth and
// how fast everybody is. The tables are read once from a small file, checked as
// a whole, and never change afterwards, so any number of goroutines may share a
// Data.
package data

import "slices"

// Point is a place in a zone, in centimetres.
type Point struct {
	X float64 `yaml:"x"`
	Y float64 `yaml:"y"`
}

// Sight says how far players of a zone see.
type Sight struct {
	// Cell is the edge of a cell of the interest grid, centimetres, from a
	// quarter of Radius to four times Radius.
	Cell float64 `yaml:"cell"`
	// Radius is the distance at which two players begin to see each other,
	// centimetres, 100 to 100,000. They lose sight of each other beyond 1.2
	// times of it.
	Radius float64 `yaml:"radius"`
}

// Zone is a part of the world with its own coordinates.
type Zone struct {
	ID     uint16 `yaml:"id"`   // 1 to 65535
	Name   string `yaml:"name"` // 1 to 64 bytes
	Min    Point  `yaml:"min"`  // lowest place that one can stand on
	Max    Point  `yaml:"max"`  // highest place that one can stand on
	Start  Point  `yaml:"start"`
	Revive Point  `yaml:"revive"`
	Sight  Sight  `yaml:"sight"`
}

// Contains reports whether a point lies within the zone's bounds, edges
// included. A coordinate that is not a number lies nowhere.
func (z *Zone) Contains(p Point) bool {
	return p.X >= z.Min.X && p.X <= z.Max.X && p.Y >= z.Min.Y && p.Y <= z.Max.Y
}

// Motion says how players move; all distances in centimetres.
type Motion struct {
	WalkSpeed float64 `yaml:"walk_speed"` // a second, 1 to 10,000
	RunSpeed  float64 `yaml:"run_speed"`  // a second, WalkSpeed to 10,000
	Tolerance float64 `yaml:"tolerance"`  // how far a client may be ahead, 0 to 5,000
	MaxWalk   float64 `yaml:"max_walk"`   // longest single walk, 1 to 1,000,000
}

// Stats are the six basic abilities, each 1 to 65535.
type Stats struct {
	Strength      uint16 `yaml:"strength"`
	Dexterity     uint16 `yaml:"dexterity"`
	Intelligence  uint16 `yaml:"intelligence"`
	Concentration uint16 `yaml:"concentration"`
	Charm         uint16 `yaml:"charm"`
	Sense         uint16 `yaml:"sense"`
}

// Vital says how a maximum grows: Base + level×Level + ability×Ability. Each
// term is 0 to 10,000.
type Vital struct {
	Base    uint32 `yaml:"base"`
	Level   uint32 `yaml:"level"`
	Ability uint32 `yaml:"ability"`
}

// At returns the maximum for a level and an ability, at least 1.
func (v Vital) At(level, ability uint16) uint32 {
	return max(1, v.Base+v.Level*uint32(level)+v.Ability*uint32(ability))
}

// Data is the whole set of tables.
type Data struct {
	file   file
	zones  map[uint16]*Zone
	source string
}

// Source names the file that the tables came from.
func (d *Data) Source() string { return d.source }

// Zones returns every zone, by rising id.
func (d *Data) Zones() []Zone { return slices.Clone(d.file.Zones) }

// Zone returns the zone with an id and whether there is one.
func (d *Data) Zone(id uint16) (Zone, bool) {
	z, ok := d.zones[id]
	if !ok {
		return Zone{}, false
	}
	return *z, true
}

// Motion returns how players move.
func (d *Data) Motion() Motion { return d.file.Motion }

// MaxHP returns the largest health of a level and its abilities.
func (d *Data) MaxHP(level uint16, s Stats) uint32 {
	return d.file.Vitals.HP.At(level, s.Strength)
}

// MaxMP returns the largest mana of a level and its abilities.
func (d *Data) MaxMP(level uint16, s Stats) uint32 {
	return d.file.Vitals.MP.At(level, s.Intelligence)
}
