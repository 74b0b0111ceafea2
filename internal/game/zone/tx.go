package zone

import "github.com/waystone-mmo/waystone/internal/game/data"

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
	if len(z.order) >= z.capacity {
		return 0, ErrFull
	}
	if _, taken := z.entities[in.ID]; taken {
		return 0, ErrTaken
	}
	e := &entity{id: in.ID, pos: in.Pos, from: in.Pos, z: in.Z, running: in.Running, aheadAt: z.now, slot: len(z.order)}
	if e.id == 0 {
		e.id = z.freeID()
	}
	if !z.info.Contains(e.pos) {
		e.pos, e.from = z.info.Start, z.info.Start
	}
	z.entities[e.id] = e
	z.order = append(z.order, e)
	z.grid.add(e)
	z.touch(e)
	return e.id, nil
}

// Leave takes an entity out of the zone; those who saw it are told.
func (tx *Tx) Leave(id ID) {
	z := tx.z
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.endWalk(e)
	z.grid.remove(e)
	delete(z.entities, id)
	last := z.order[len(z.order)-1]
	z.order[e.slot] = last
	last.slot = e.slot
	z.order[len(z.order)-1] = nil
	z.order = z.order[:len(z.order)-1]
	e.gone = true
	for _, o := range e.sees {
		o.unsee(e)
	}
	if to := z.watchers(e, false); len(to) > 0 {
		z.scratch.self[0] = id
		z.sink.Emit(to, Removed{IDs: z.scratch.self[:]})
	}
	e.sees = nil
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
	if e, ok := tx.z.entities[id]; ok && len(e.sees) > 0 {
		tx.z.showTo(e, e.sees)
	}
}

// Move begins a walk. Refused are targets outside of the zone, coordinates
// that are not finite, walks longer than Motion.MaxWalk, and every walk of
// someone who sits: as in the classic client, one has to stand up first. aim
// is the entity walked to, 0 for none; it is passed on unchecked.
func (tx *Tx) Move(id ID, to data.Point, height int32, aim ID) {
	z := tx.z
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.advance(e)
	length := distance(e.pos, to)
	if e.sitting || !z.info.Contains(to) || !(length <= z.motion.MaxWalk) {
		z.refuse(e)
		return
	}
	e.z = height
	z.walk(e, to)
	z.sink.Emit(z.watchers(e, true), Moved{
		ID: id, Aim: aim, Distance: length, Target: to, Z: height, Running: e.running,
	})
}

// Stop ends a walk where the client says it stands, if that place is within
// the zone and believable: on the last second of its path, or no further from
// that than what is left of the allowance (Motion.Tolerance, recovering at a
// tenth of the running speed). Otherwise it is refused.
func (tx *Tx) Stop(id ID, at data.Point, height int32) {
	z := tx.z
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.advance(e)
	if !z.claim(e, at) {
		z.refuse(e)
		return
	}
	e.z = height
	z.place(e, at)
	z.halt(e)
	z.sink.Emit(z.watchers(e, true), Stopped{ID: id, Pos: at, Z: height})
}

// Collide ends a walk because the client hit an obstacle. The zone has no
// obstacles, so the report counts as a Stop.
func (tx *Tx) Collide(id ID, at data.Point, height int32) { tx.Stop(id, at, height) }

// Halt ends what an entity is doing, like a refused walk: it stands where it is,
// and its own client is corrected.
func (tx *Tx) Halt(id ID) {
	if e, ok := tx.z.entities[id]; ok {
		tx.z.advance(e)
		tx.z.refuse(e)
	}
}

// refuse halts an entity where it is, after advance.
func (z *Zone) refuse(e *entity) {
	if e.walking {
		z.halt(e)
		if to := z.watchers(e, false); len(to) > 0 {
			z.sink.Emit(to, Stopped{ID: e.id, Pos: e.pos, Z: e.z})
		}
	}
	z.scratch.self[0] = e.id
	z.sink.Emit(z.scratch.self[:], Adjusted{ID: e.id, Pos: e.pos, Z: e.z})
}

// ToggleRun switches between walking and running; a walk under way goes on at
// the other speed.
func (tx *Tx) ToggleRun(id ID) {
	z := tx.z
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.advance(e)
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
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.advance(e)
	z.stand(e)
	e.sitting = !e.sitting
	z.toggled(e)
}

// stand ends a present walk, after advance, and emits where.
func (z *Zone) stand(e *entity) {
	if e.walking {
		z.halt(e)
		z.sink.Emit(z.watchers(e, true), Stopped{ID: e.id, Pos: e.pos, Z: e.z})
	}
}

// Emote plays a motion to those who see the entity, and to itself. Clients end
// a walk for it and rise from sitting, so the entity stops, or stands up, first;
// otherwise they and the zone would disagree about where it is.
func (tx *Tx) Emote(id ID, motion, flags uint16) {
	z := tx.z
	e, ok := z.entities[id]
	if !ok {
		return
	}
	z.advance(e)
	z.stand(e)
	if e.sitting {
		e.sitting = false
		z.toggled(e)
	}
	z.sink.Emit(z.watchers(e, true), Emoted{ID: id, Motion: motion, Flags: flags})
}

func (z *Zone) toggled(e *entity) {
	z.sink.Emit(z.watchers(e, true), Toggled{
		ID: e.id, Running: e.running, Sitting: e.sitting, RunSpeed: z.motion.RunSpeed, Speed: z.speed(e),
	})
}

// Say sends a text of an entity to all who see it, and to itself.
func (tx *Tx) Say(id ID, text string) {
	if e, ok := tx.z.entities[id]; ok {
		tx.z.sink.Emit(tx.z.watchers(e, true), Said{ID: id, Text: text})
	}
}

// Shout sends a text of an entity to the whole zone, and to itself.
func (tx *Tx) Shout(id ID, text string) {
	if _, ok := tx.z.entities[id]; ok {
		tx.z.sink.Emit(tx.z.receivers(tx.z.order), Said{ID: id, Shout: true, Text: text})
	}
}
