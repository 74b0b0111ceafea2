package data

import (
	"errors"
	"fmt"
	"math"
)

// Limits of the tables.
const (
	maxZones      = 1024
	maxCoordinate = 2_000_000 // centimetres; whole ones are exact in a float32 up to 16 million
	maxCells      = 1 << 16   // of a zone's interest grid
)

// checker gathers what is wrong with a file.
type checker struct {
	file string // that is checked; empty for none
	errs []error
}

func (c *checker) fail(where, field, format string, args ...any) {
	file := ""
	if c.file != "" {
		file = "world data: " + c.file + ": "
	}
	c.errs = append(c.errs, fmt.Errorf("%s%s: %s %s", file, where, field, fmt.Sprintf(format, args...)))
}

// between also refuses NaN, which is between nothing.
func (c *checker) between(where, field string, v, low, high float64) {
	if !(v >= low && v <= high) {
		c.fail(where, field, "is %v, must be from %v to %v", v, low, high)
	}
}

// Check reports every value of a zone and a motion that is out of its range.
func Check(z Zone, m Motion) error {
	var c checker
	c.motion(m)
	c.zone(&z)
	return errors.Join(c.errs...)
}

func (c *checker) motion(m Motion) {
	c.between("motion", "walk_speed", m.WalkSpeed, 1, 10_000)
	c.between("motion", "run_speed", m.RunSpeed, math.Max(1, m.WalkSpeed), 10_000)
	c.between("motion", "tolerance", m.Tolerance, 0, 5_000)
	c.between("motion", "max_walk", m.MaxWalk, 1, 1_000_000)
}

func (c *checker) all(d *Data) {
	f := &d.file
	c.motion(f.Motion)
	c.vital("hp", f.Vitals.HP)
	c.vital("mp", f.Vitals.MP)
	c.between("zones", "count", float64(len(f.Zones)), 1, maxZones)
	for i := range f.Zones {
		c.zone(&f.Zones[i])
	}
}

func (c *checker) vital(name string, v Vital) {
	c.between("vitals", name+".base", float64(v.Base), 0, 10_000)
	c.between("vitals", name+".level", float64(v.Level), 0, 10_000)
	c.between("vitals", name+".ability", float64(v.Ability), 0, 10_000)
}

func zoneName(z *Zone) string { return fmt.Sprintf("zone %d", z.ID) }

func (c *checker) zone(z *Zone) {
	where := zoneName(z)
	if z.ID == 0 {
		c.fail(where, "id", "must be from 1 to 65535")
	}
	if n := len(z.Name); n < 1 || n > 64 {
		c.fail(where, "name", "has %d bytes, must have 1 to 64", n)
	}
	before := len(c.errs)
	c.between(where, "min.x", z.Min.X, 0, maxCoordinate)
	c.between(where, "min.y", z.Min.Y, 0, maxCoordinate)
	c.between(where, "max.x", z.Max.X, z.Min.X+1, maxCoordinate)
	c.between(where, "max.y", z.Max.Y, z.Min.Y+1, maxCoordinate)
	c.between(where, "sight.radius", z.Sight.Radius, 100, 100_000)
	c.between(where, "sight.cell", z.Sight.Cell, z.Sight.Radius/4, z.Sight.Radius*4)
	if len(c.errs) > before {
		return // what follows would only repeat it
	}
	if !z.Contains(z.Start) {
		c.fail(where, "start", "lies outside of the zone")
	}
	if !z.Contains(z.Revive) {
		c.fail(where, "revive", "lies outside of the zone")
	}
	cells := math.Ceil((z.Max.X-z.Min.X)/z.Sight.Cell) * math.Ceil((z.Max.Y-z.Min.Y)/z.Sight.Cell)
	if cells > maxCells {
		c.fail(where, "sight.cell", "is %v, which makes %v cells; at most %d fit", z.Sight.Cell, cells, maxCells)
	}
}
