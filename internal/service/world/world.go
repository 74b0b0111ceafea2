// Package world is the shared world behind one gRPC stream for each gateway. It
// joins players, hosts the zones of internal/game, sends events to the players who
// see them, and saves characters.
//
// Each zone is owned by one goroutine (host), which never waits: commands reach it
// through a bounded queue, messages leave it through the bounded queue of a stream,
// and the saver takes the characters to write. Work that has to wait, such as a
// join, runs in its own goroutine. The host of a zone owns the state of its
// players, except for their entries in the directory, which has a lock.
package world

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
	"github.com/waystone-mmo/waystone/internal/store"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
)

// GoingDown is the text that players get before a shutdown.
const GoingDown = "The server is going down."

// Errors that end a gateway's stream.
var (
	// ErrSlowGateway cuts a gateway that does not read fast enough.
	ErrSlowGateway = errs.New(errs.ResourceExhausted, "SLOW_GATEWAY", "the gateway does not read fast enough")
	// ErrShutdown ends streams, and refuses new ones, while the world stops.
	ErrShutdown = errs.New(errs.Unavailable, "SHUTDOWN", "the world is going down")
)

// Characters is what the world needs of the store; see store.Characters.
type Characters interface {
	GetCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error)
	SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error)
}

// Deps are the dependencies of the world.
type Deps struct {
	Log        *slog.Logger
	Characters Characters
	Data       *data.Data
	// Metrics may be nil.
	Metrics prometheus.Registerer
}

// World is the service. Start it before its gRPC server takes calls; then
// Announce, Drain and Stop, in this order, end it without losing anything.
type World struct {
	worldv1.UnimplementedWorldServiceServer

	config     Config
	log        *slog.Logger
	characters Characters
	data       *data.Data
	metrics    *metrics
	saver      *saver
	directory  *directory
	hosts      map[uint16]*host

	stopHosts context.CancelFunc
	stopSaver context.CancelFunc
	working   sync.WaitGroup // hosts and saver
	serving   sync.WaitGroup // goroutines of streams

	mu      sync.Mutex
	streams map[*stream]struct{}
	ending  bool // takes no more streams and joins
}

// New returns a world that is not running yet.
func New(c Config, d Deps) (*World, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if d.Log == nil || d.Characters == nil || d.Data == nil {
		return nil, errors.New("world: Log, Characters and Data are needed")
	}
	w := &World{
		config: c, log: d.Log, characters: d.Characters, data: d.Data,
		directory: newDirectory(c.MaxPlayers),
		hosts:     map[uint16]*host{},
		streams:   map[*stream]struct{}{},
	}
	w.metrics = newMetrics()
	w.saver = newSaver(c, d, rand.Text(), w.metrics)
	for _, z := range d.Data.Zones() {
		h := newHost(w, z)
		config := zone.Config{
			Zone: z, Motion: d.Data.Motion(), Capacity: c.MaxPlayers, Sink: h,
			FirstID: zone.ID(1 + mathrand.IntN(zone.MaxEntities)), //nolint:gosec // spreads numbers, keeps no secret
		}
		var err error
		if c.Record != "" {
			if h.recording, err = newRecording(c.Record, z, time.Now()); err != nil {
				return nil, err
			}
			config.Recorder = h.recording.Recorder
		}
		if h.zone, err = zone.New(config); err != nil {
			return nil, err
		}
		w.hosts[z.ID] = h
	}
	if d.Metrics != nil {
		if err := w.metrics.register(d.Metrics, w); err != nil {
			return nil, fmt.Errorf("world: metrics: %w", err)
		}
	}
	return w, nil
}

// Start lets the zones run and returns. The world runs on when ctx ends; Stop
// ends it.
func (w *World) Start(ctx context.Context) error {
	background := context.WithoutCancel(ctx)
	hosts, stopHosts := context.WithCancel(background)
	saving, stopSaver := context.WithCancel(background)
	w.stopHosts, w.stopSaver = stopHosts, stopSaver
	w.working.Go(func() { w.saver.loop(saving) })
	w.working.Go(func() { w.watch(hosts) })
	for _, h := range w.hosts {
		w.working.Go(func() { h.loop(hosts) })
	}
	w.log.Info("the world is open", slog.Int("zones", len(w.hosts)), slog.String("data", w.data.Source()))
	return nil
}

// Announce tells every player that the server is going down.
func (w *World) Announce(context.Context) { w.Broadcast(GoingDown) }

// Broadcast sends every player a text from the server.
func (w *World) Broadcast(text string) {
	groups := map[*stream][]uint64{}
	for _, p := range w.directory.all() {
		if r := p.route.Load(); r != nil {
			groups[r.stream] = append(groups[r.stream], r.number)
		}
	}
	for s, players := range groups {
		s.send(&worldv1.ConnectResponse{Players: players, Message: &worldv1.ConnectResponse_Said{
			Said: &worldv1.Said{Channel: worldv1.Channel_CHANNEL_ANNOUNCE, Text: text},
		}})
	}
}

// Drain accepts no more joins, removes every player (Left SHUTDOWN) and returns
// when all of them are saved. If ctx ends first, it fails with the characters that
// are not saved.
func (w *World) Drain(ctx context.Context) error {
	w.mu.Lock()
	w.ending = true
	w.mu.Unlock()
	for _, h := range w.hosts {
		if err := h.call(ctx, func() { h.close() }); err != nil {
			return fmt.Errorf("zone %d: %w", h.info.ID, err)
		}
	}
	return w.saver.settleAll(ctx)
}

// Stop ends the streams when their queues are sent or ctx ends, and then everything
// else. It saves nothing: Drain does that.
func (w *World) Stop(ctx context.Context) error {
	w.mu.Lock()
	w.ending = true
	open := make([]*stream, 0, len(w.streams))
	for s := range w.streams {
		open = append(open, s)
	}
	w.mu.Unlock()
	for _, s := range open {
		s.end()
	}
	served := make(chan struct{})
	go func() {
		w.serving.Wait()
		close(served)
	}()
	var err error
	select {
	case <-served:
	case <-ctx.Done():
		err = fmt.Errorf("world: streams were cut: %w", context.Cause(ctx))
		for _, s := range open {
			s.cancel(ErrShutdown)
		}
		<-served
	}
	if w.stopHosts != nil {
		w.stopHosts()
		w.stopSaver()
	}
	w.working.Wait()
	return err
}
