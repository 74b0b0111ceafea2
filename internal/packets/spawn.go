package packets

import "github.com/waystone-mmo/waystone/internal/wire"

// Bits of SpawnHead.StatusFlags that come with a value in StatusValues.
const (
	StatusMaxHP           uint32 = 0x10
	StatusSpeedUp         uint32 = 0x40
	StatusSpeedDown       uint32 = 0x80
	StatusAttackSpeedUp   uint32 = 0x100
	StatusAttackSpeedDown uint32 = 0x200
)

// SpawnHead is the first part of the spawns of characters, NPCs and monsters.
type SpawnHead struct {
	Entity       uint16 // never 0
	X, Y         float32
	DestX, DestY float32 // where it goes; 0, 0 if it stands
	Action       uint16  // an Action constant
	Target       uint16  // entity; 0 none
	MoveMode     uint8   // MoveWalk, MoveRun or MoveDrive
	HP           int32
	Team         uint32 // members of different teams may fight
	StatusFlags  uint32 // effects on it, one bit for each
}

func (h *SpawnHead) marshal(c *wire.Codec) {
	c.U16(&h.Entity)
	c.F32(&h.X)
	c.F32(&h.Y)
	c.F32(&h.DestX)
	c.F32(&h.DestY)
	c.U16(&h.Action)
	c.U16(&h.Target)
	c.U8(&h.MoveMode)
	c.I32(&h.HP)
	c.U32(&h.Team)
	c.U32(&h.StatusFlags)
}

// StatusValues are the strengths of effects. A value is on the wire only if its bit
// in StatusFlags is set. If not, it must be 0.
type StatusValues struct {
	MaxHP, SpeedUp, SpeedDown, AttackSpeedUp, AttackSpeedDown uint16
}

func (v *StatusValues) marshal(c *wire.Codec, flags uint32) {
	for _, s := range [...]struct {
		flag  uint32
		value *uint16
	}{
		{StatusMaxHP, &v.MaxHP},
		{StatusSpeedUp, &v.SpeedUp},
		{StatusSpeedDown, &v.SpeedDown},
		{StatusAttackSpeedUp, &v.AttackSpeedUp},
		{StatusAttackSpeedDown, &v.AttackSpeedDown},
	} {
		switch {
		case flags&s.flag != 0:
			c.U16(s.value)
		case *s.value != 0:
			c.Fail(wire.ErrValue, "a status value %d without its flag 0x%x", *s.value, s.flag)
		}
	}
}
