package world

import (
	"context"
	"errors"
	"log/slog"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
	"github.com/waystone-mmo/waystone/internal/store"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// Why a join is refused; see worldv1.Joined.
const (
	refusedNoCharacter = "CHARACTER_NOT_FOUND"
	refusedDeleted     = "ALREADY_DELETED"
	refusedStale       = "STALE_GENERATION"
	refusedEntity      = "ENTITY_TAKEN"
	refusedNoZone      = "ZONE_NOT_FOUND"
	refusedUnavailable = "UNAVAILABLE" // also if the world is full or stops
)

// beginJoin joins a player in a new goroutine: this needs calls to the store, and
// the other players of the gateway must not wait for them. The world's capacity
// limits the number of these goroutines.
func (w *World) beginJoin(s *stream, number uint64, in *worldv1.Join) error {
	if in.GetUserId() == "" || in.GetGeneration() < 1 || in.GetFormerEntity() > 65535 {
		return errs.Invalid("join", "user, generation and former entity must be in range")
	}
	if s.len() >= w.config.MaxPlayers {
		r := &route{stream: s, number: number}
		r.tell(refusal(refusedUnavailable))
		return nil
	}
	if !s.begin(number) {
		return errs.Invalid("player", "this number is in use")
	}
	s.joins.Go(func() {
		r := &route{stream: s, number: number}
		result := w.join(s.ctx, r, in)
		w.metrics.joins.WithLabelValues(result).Inc()
		if result != joinedOK && result != joinedAgain {
			s.forget(number)
			r.tell(refusal(result))
			return
		}
		if s.leaving(number) {
			if p := s.player(number); p != nil {
				_ = w.leave(s, p) // fails only when the stream has ended; then he lingers
			}
		}
	})
	return nil
}

// Results of a join, in addition to the refusals.
const (
	joinedOK    = "ok"
	joinedAgain = "rejoined"
)

// join joins a player to the world and returns the result. All joins of one user
// run one after the other.
func (w *World) join(ctx context.Context, r *route, in *worldv1.Join) string {
	id, err := store.ParseCharacterID(in.GetCharacterId())
	if err != nil {
		return refusedNoCharacter
	}
	u, err := w.directory.acquire(ctx, in.GetUserId())
	if err != nil {
		return refusedUnavailable
	}
	defer w.directory.unlock(u)
	old, ok := w.directory.admit(u, in.GetGeneration())
	if !ok {
		return refusedStale
	}
	former := zone.ID(in.GetFormerEntity()) //nolint:gosec // checked by beginJoin
	ctx, cancel := context.WithTimeout(ctx, 2*w.config.StoreTimeout)
	defer cancel()
	if old != nil {
		again := former != 0 && old.generation == in.GetGeneration() && old.character.ID == id
		if again && w.rejoin(ctx, r, old, former) {
			return joinedAgain
		}
		if err := w.evict(ctx, old, in.GetGeneration()); err != nil {
			return w.unavailable(id, err)
		}
	}
	// If states of the character are still to be written, they get the new
	// generation and are written first, because the join loads what is stored.
	w.saver.raise(id, in.GetGeneration())
	if err := w.saver.settle(ctx, id); err != nil {
		return w.unavailable(id, err)
	}
	return w.load(ctx, r, u, id, in, former)
}

// unavailable notes why a join could not be carried out.
func (w *World) unavailable(id store.CharacterID, err error) string {
	w.log.Warn("a join could not be carried out", slog.String("character_id", id.String()), slog.Any("error", err))
	return refusedUnavailable
}

// rejoin gives a player who still stands in the zone another route.
func (w *World) rejoin(ctx context.Context, r *route, p *player, former zone.ID) bool {
	done := false
	err := p.host.call(ctx, func() { done = p.host.reattach(p, r, former) })
	return err == nil && done
}

// evict removes a player for a newer sign-in, and returns when he is saved.
func (w *World) evict(ctx context.Context, p *player, generation int64) error {
	if err := p.host.call(ctx, func() { p.host.remove(p, leftTakenOver, generation) }); err != nil {
		return err
	}
	return w.saver.settle(ctx, p.character.ID)
}

// load reads the character and passes it to the host of its zone.
func (w *World) load(ctx context.Context, r *route, u *user, id store.CharacterID, in *worldv1.Join, former zone.ID) string {
	callCtx, cancel := context.WithTimeout(ctx, w.config.StoreTimeout)
	c, err := w.characters.GetCharacter(callCtx, id, store.Fresh)
	cancel()
	switch {
	case errors.Is(err, store.ErrCharacterNotFound), err == nil && c.UserID != in.GetUserId():
		return refusedNoCharacter
	case err != nil:
		return w.unavailable(id, err)
	case !c.DeleteAt.IsZero():
		return refusedDeleted
	}
	h := w.hosts[c.State.Position.Zone]
	if h == nil {
		w.log.Error("a character is in a zone that is not in the world's data",
			slog.String("character_id", id.String()), slog.Int("zone", int(c.State.Position.Zone)))
		return refusedNoZone
	}
	stats := data.Stats(c.State.Stats)
	p := &player{
		user: u, character: c, generation: in.GetGeneration(), host: h,
		maxHP: w.data.MaxHP(c.State.Level, stats), maxMP: w.data.MaxMP(c.State.Level, stats),
		state: c.State, saved: c.State, hotbar: c.Hotbar,
	}
	if !w.directory.add(p) {
		return w.unavailable(id, errors.New("the world is full"))
	}
	w.saver.track(c, p.generation, func(error) {
		// No deadline is needed: the host always handles it, or has stopped.
		_ = h.post(context.Background(), func() { h.remove(p, leftSaveRefused, p.generation) })
	})
	var refused error
	if err = h.call(ctx, func() { refused = h.attach(p, r, former) }); err == nil {
		err = refused
	}
	if err == nil {
		return joinedOK
	}
	w.saver.release(id, nil)
	w.directory.remove(p)
	if errors.Is(err, zone.ErrTaken) {
		return refusedEntity
	}
	return w.unavailable(id, err)
}
