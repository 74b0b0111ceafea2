package zone

import (
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/timers"
)

// Tx is the only way to change a zone. It is valid only inside Do's callback.
// Methods that name an entity do nothing, and report false where they report, when
// there is no such entity.
type Tx struct{ z *Zone }

// Enter is how an entity comes into a zone.
type Enter struct {
	// ID asks for a number; 0 takes the next free one.
	ID ID
	// Pos is where it comes in. A place outside of the zone's bounds, or one
	// that is not a number, becomes the zone's start.
	Pos data.Point
	Z   int32
	// Running says whether it runs when it moves.
	Running bool
}

// Enter puts an entity into the zone: ErrFull, or ErrTaken when another has
// the number asked for. Others see it at the end of the step.
func (tx *Tx) Enter(in Enter) (ID, error) {
	z := tx.z
	z.record.command(opEnter, in.ID)
	z.record.flag(in.Running)
	z.record.place(in.Pos, in.Z)
	if len(z.order) >= z.capacity {
		return 0, ErrFull
	}
	if _, taken := z.entities[in.ID]; taken {
		return 0, ErrTaken
	}
	if !z.info.Contains(in.Pos) {
		in.Pos = z.info.Start
	}
	e := &entity{id: in.ID, from: in.Pos, to: in.Pos, ends: timers.Never, z: in.Z, running: in.Running, aheadAt: z.now, rank: len(z.order)}
	if e.id == 0 {
		e.id = z.freeID()
	}
	e.timer.Fire = func(due timers.Instant) { z.due(e, due) }
	z.entities[e.id] = e
	z.order = append(z.order, e)
	z.grid.add(e, in.Pos)
	z.change(e)
	return e.id, nil
}

// Leave takes an entity out of the zone; those who saw it are told.
func (tx *Tx) Leave(id ID) {
	z := tx.z
	z.record.command(opLeave, id)
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.arrive(e)
	z.timers.Clear(&e.timer)
	z.grid.remove(e)
	if len(z.entities) == 1 {
		z.grid.clear()
	}
	delete(z.entities, id)
	last := z.order[len(z.order)-1]
	z.order[e.rank] = last
	last.rank = e.rank
	z.order[len(z.order)-1] = nil
	z.order = z.order[:len(z.order)-1]
	e.gone = true
	e.plans++ // what others planned with it is void
	for _, o := range e.sees {
		o.entity.unsee(e)
	}
	if to := z.watchers(e, false); len(to) > 0 {
		z.scratch.self[0] = id
		z.emitRemovedTo(to, z.scratch.self[:])
	}
	e.sees, e.meets = nil, nil
}

// Get returns an entity as it is now.
func (tx *Tx) Get(id ID) (Entity, bool) {
	e, ok := tx.z.entities[id]
	if !ok {
		return Entity{}, false
	}
	return tx.z.view(e), true
}

// Show emits everything that an entity sees to it again, as one Spawned.
func (tx *Tx) Show(id ID) {
	tx.z.record.command(opShow, id)
	if e, ok := tx.z.entities[id]; ok && len(e.sees) > 0 {
		others := tx.z.scratch.gained[:0]
		for _, o := range e.sees {
			others = append(others, o.entity)
		}
		tx.z.showTo(e, others)
		clear(others)
		tx.z.scratch.gained = others[:0]
	}
}

// Move begins a walk. Refused are targets outside of the zone, coordinates
// that are not finite, walks longer than Motion.MaxWalk, and every walk of
// someone who sits: as in the classic client, one has to stand up first. aim
// is the entity walked to, 0 for none; it is passed on unchecked.
func (tx *Tx) Move(id ID, to data.Point, height int32, aim ID) {
	z := tx.z
	z.record.command(opMove, id)
	z.record.numbers(uint64(aim))
	z.record.place(to, height)
	e, ok := z.entities[id]
	if !ok {
		return
	}
	length := distance(e.at(z.now), to)
	if e.sitting || !z.info.Contains(to) || !(length <= z.motion.MaxWalk) {
		z.refuse(e)
		return
	}
	e.z = height
	z.walk(e, to)
	z.scratch.moved = Moved{ID: id, Aim: aim, Distance: length, Target: to, Z: height, Running: e.running}
	z.emit(z.watchers(e, true), &z.scratch.moved)
}

// Stop ends a walk where the client says it stands, if that place is within
// the zone and believable: on the last second of its path, or no further from
// that than what is left of the allowance (Motion.Tolerance, recovering at a
// tenth of the running speed). Otherwise it is refused.
func (tx *Tx) Stop(id ID, at data.Point, height int32) {
	z := tx.z
	z.record.command(opStop, id)
	z.record.place(at, height)
	e, ok := z.entities[id]
	if !ok {
		return
	}
	if !z.claim(e, at) {
		z.refuse(e)
		return
	}
	e.z = height
	z.place(e, at)
	z.emitStopped(z.watchers(e, true), e)
}

// Collide ends a walk because the client hit an obstacle. The zone has no
// obstacles, so the report counts as a Stop.
func (tx *Tx) Collide(id ID, at data.Point, height int32) { tx.Stop(id, at, height) }

// Halt ends what an entity is doing, like a refused walk: it stands where it is,
// and its own client is corrected.
func (tx *Tx) Halt(id ID) {
	tx.z.record.command(opHalt, id)
	if e, ok := tx.z.entities[id]; ok {
		tx.z.refuse(e)
	}
}

// refuse halts an entity where it is.
func (z *Zone) refuse(e *entity) {
	if e.walking {
		z.halt(e)
		if to := z.watchers(e, false); len(to) > 0 {
			z.emitStopped(to, e)
		}
	}
	s := &z.scratch
	s.self[0] = e.id
	s.adjusted = Adjusted{ID: e.id, Pos: e.at(z.now), Z: e.z}
	z.emit(s.self[:], &s.adjusted)
}

// emitStopped tells where an entity stands.
func (z *Zone) emitStopped(to []ID, e *entity) {
	z.scratch.stopped = Stopped{ID: e.id, Pos: e.to, Z: e.z}
	z.emit(to, &z.scratch.stopped)
}

// ToggleRun switches between walking and running; a walk under way goes on at
// the other speed.
func (tx *Tx) ToggleRun(id ID) {
	z := tx.z
	z.record.command(opToggleRun, id)
	e, ok := z.entities[id]
	if !ok {
		return
	}
	e.running = !e.running
	if e.walking {
		z.walk(e, e.to)
	}
	z.toggled(e)
}

// ToggleSit switches between sitting and standing. Someone who walks stops
// first.
func (tx *Tx) ToggleSit(id ID) {
	z := tx.z
	z.record.command(opToggleSit, id)
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.stand(e)
	e.sitting = !e.sitting
	z.toggled(e)
}

// stand ends a present walk, and emits where.
func (z *Zone) stand(e *entity) {
	if e.walking {
		z.halt(e)
		z.emitStopped(z.watchers(e, true), e)
	}
}

// Emote plays a motion to those who see the entity, and to itself. Clients end
// a walk for it and rise from sitting, so the entity stops, or stands up, first;
// otherwise they and the zone would disagree about where it is.
func (tx *Tx) Emote(id ID, motion, flags uint16) {
	z := tx.z
	z.record.command(opEmote, id)
	z.record.numbers(uint64(motion), uint64(flags))
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.stand(e)
	if e.sitting {
		e.sitting = false
		z.toggled(e)
	}
	z.scratch.emoted = Emoted{ID: id, Motion: motion, Flags: flags}
	z.emit(z.watchers(e, true), &z.scratch.emoted)
}

func (z *Zone) toggled(e *entity) {
	z.scratch.toggled = Toggled{
		ID: e.id, Running: e.running, Sitting: e.sitting, RunSpeed: z.motion.RunSpeed, Speed: z.speed(e),
	}
	z.emit(z.watchers(e, true), &z.scratch.toggled)
}

// Say sends a text of an entity to all who see it, and to itself.
func (tx *Tx) Say(id ID, text string) { tx.say(id, text, false) }

// Shout sends a text of an entity to the whole zone, and to itself.
func (tx *Tx) Shout(id ID, text string) { tx.say(id, text, true) }

func (tx *Tx) say(id ID, text string, shout bool) {
	z := tx.z
	z.record.say(id, text, shout)
	e, ok := z.entities[id]
	if !ok {
		return
	}
	var to []ID
	if shout {
		to = z.receivers(z.order)
	} else {
		to = z.watchers(e, true)
	}
	z.scratch.said = Said{ID: id, Shout: shout, Text: text}
	z.emit(to, &z.scratch.said)
}
