package packet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// Limits of the link.
const (
	linkQueue      = 8192 // messages that may wait for the stream
	returnsAtOnce  = 256  // players who are brought back at the same time after a lost stream
	linkBackoffMin = 50 * time.Millisecond
	linkBackoffMax = 2 * time.Second
)

// quietTime: if a world that sends a heartbeat sends nothing for this long, it
// counts as standing still.
const quietTime = 2500 * time.Millisecond

// leftShutdown is the reason with which a stopping world removes its players.
const leftShutdown = "SHUTDOWN"

var errWorldDown = errs.New(errs.Unavailable, "WORLD_UNAVAILABLE", "the world cannot be reached; try again")

// errLinkFull is why the gateway cuts the stream itself.
var errLinkFull = errors.New("the world does not read what the gateway sends")

// worldLink is the gateway's one stream to the world. When the stream is lost
// it connects again and brings the players who were in a zone back; their
// connections stay open meanwhile.
type worldLink struct {
	client  worldv1.WorldServiceClient
	name    string
	log     *slog.Logger
	deliver func(players []*player, msg *worldv1.ConnectResponse)
	notify  func(p *player, text string) // tells a player something; must not wait
	heard   atomic.Int64                 // when the world sent something last, nanoseconds since 1970

	mu  sync.Mutex
	out chan *worldv1.ConnectRequest // nil while there is no stream
	cut context.CancelCauseFunc      // ends the stream that out leads to
	// acknowledges says that this world acknowledges chat lines.
	acknowledges bool
	keepsHotbars bool // and that it has quick bars
	players      map[uint64]*player
	homeward     []*player // wait for their turn to be brought back
	away         int       // of the players, those who are not in the zone again yet
	settled      bool      // no player is away any more, or settleTime is over
	nextID       uint64
}

func newWorldLink(client worldv1.WorldServiceClient, name string, log *slog.Logger) *worldLink {
	return &worldLink{client: client, name: name, log: log, players: map[uint64]*player{}}
}

// run keeps the stream up until ctx ends.
func (l *worldLink) run(ctx context.Context) {
	backoff := linkBackoffMin
	for ctx.Err() == nil {
		started := time.Now()
		err := l.stream(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > linkBackoffMax {
			backoff = linkBackoffMin
		}
		l.log.Warn("the stream to the world is down; connecting again", "in", backoff, "cause", err.Error())
		timer := time.NewTimer(backoff)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		backoff = min(2*backoff, linkBackoffMax)
	}
}

// stream runs one stream from Hello to its end.
func (l *worldLink) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := l.client.Connect(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := stream.Send(&worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Hello{Hello: &worldv1.Hello{Gateway: l.name}}}); err != nil {
		return fmt.Errorf("send hello: %w", errors.Join(err, streamEnd(stream)))
	}
	first, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("receive welcome: %w", err)
	}
	welcome := first.GetWelcome()
	if welcome == nil {
		return fmt.Errorf("the world's first message is %T, want a welcome", first.GetMessage())
	}
	l.log.Info("the stream to the world is up")
	l.heard.Store(time.Now().UnixNano())
	out := l.up(cancel, welcome)
	var sender sync.WaitGroup
	sender.Go(func() {
		defer cancel(nil)
		for {
			select {
			case <-ctx.Done():
				return
			case msg := <-out:
				if err := stream.Send(msg); err != nil {
					return // Recv has the reason
				}
			}
		}
	})
	for err == nil {
		var msg *worldv1.ConnectResponse
		if msg, err = stream.Recv(); err == nil {
			l.heard.Store(time.Now().UnixNano())
			l.deliver(l.receivers(msg), msg)
		}
	}
	l.down()
	cancel(nil)
	sender.Wait()
	if errors.Is(context.Cause(ctx), errLinkFull) {
		return errLinkFull
	}
	return err
}

// streamEnd returns why a stream has ended on which sending fails.
func streamEnd(stream worldv1.WorldService_ConnectClient) error {
	_, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// up opens the queue and begins to bring back the players who are in a zone. It
// does so for a few at a time, because for each of them the world sends everything
// in sight, and it cuts the stream of a gateway that does not read this in time.
func (l *worldLink) up(cut context.CancelCauseFunc, welcome *worldv1.Welcome) chan *worldv1.ConnectRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(chan *worldv1.ConnectRequest, linkQueue+returnsAtOnce)
	l.out, l.cut = out, cut
	l.homeward = slices.Collect(maps.Values(l.players))
	for range returnsAtOnce {
		l.bringNext()
	}
	l.acknowledges, l.keepsHotbars = welcome.GetHeartbeat() != nil, welcome.GetKeepsHotbars()
	l.awaitAll()
	return out
}

// bringNext brings back the next player whose turn it is. The caller holds mu.
func (l *worldLink) bringNext() {
	for len(l.homeward) > 0 {
		p := l.homeward[0]
		l.homeward = l.homeward[1:]
		if !p.gone && !p.brought {
			l.bring(p)
			return
		}
	}
}

// bring asks the world to take back a player. The caller holds mu.
func (l *worldLink) bring(p *player) {
	p.brought = true
	if !offer(l.out, joinRequest(p, p.entity)) {
		l.cut(errLinkFull) // nothing else would bring the player back
	}
}

// down closes the queue. Players who had not entered yet cannot be brought back;
// handlers that wait for them get an error.
func (l *worldLink) down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out, l.homeward = nil, nil
	for _, p := range l.players {
		if p.entity == 0 || p.leaving {
			l.release(p)
			if !p.leaving && p.conn.State() != gameFresh {
				p.conn.Close(connection.Backend)
			}
			continue
		}
		l.interrupted(p)
	}
}

// answer gives the world's answer to the handler that waits for it; a second
// answer, which no handler waits for, is dropped.
func (p *player) answer(j *worldv1.Joined) {
	select {
	case p.joined <- j:
	default:
	}
}

// release removes a player and wakes the handlers that wait for it. The caller
// holds mu.
func (l *worldLink) release(p *player) {
	delete(l.players, p.id)
	if !p.gone {
		p.gone = true
		l.back(p)
		for _, ln := range p.lines {
			ln.done()
		}
		p.lines = nil
		p.play.players = slices.DeleteFunc(p.play.players, func(o *player) bool { return o == p })
		close(p.left)
	}
}

func joinRequest(p *player, entity uint32) *worldv1.ConnectRequest {
	return &worldv1.ConnectRequest{Player: p.id, Message: &worldv1.ConnectRequest_Join{Join: &worldv1.Join{
		UserId: p.play.userID, CharacterId: p.characterID, Generation: p.play.generation, FormerEntity: entity,
	}}}
}

// receivers finds the players that a message is for, and notes where each player
// is.
func (l *worldLink) receivers(msg *worldv1.ConnectResponse) []*player {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*player, 0, len(msg.GetPlayers()))
	for _, id := range msg.GetPlayers() {
		p, ok := l.players[id]
		if !ok {
			continue
		}
		if msg.GetLeft().GetReason() == leftShutdown && p.entity != 0 && !p.leaving {
			continue // the world stops, and may come back: the player waits for it
		}
		list = append(list, p)
		switch m := msg.GetMessage().(type) {
		case *worldv1.ConnectResponse_Entered:
			p.entity = m.Entered.GetSelf().GetId()
			if p.returning {
				l.resume(p, m.Entered)
			}
		case *worldv1.ConnectResponse_Spoken:
			p.acknowledged(m.Spoken.GetLine())
		case *worldv1.ConnectResponse_Left:
			l.release(p)
		case *worldv1.ConnectResponse_Joined:
			if m.Joined.GetReason() != "" {
				p.answer(m.Joined) // before the end, which says nothing of the reason
				l.release(p)
			}
		}
	}
	return list
}

// join joins a player to the world and waits for the answer.
func (l *worldLink) join(ctx context.Context, c *connection.Conn, pl *play, characterID string) (*player, *worldv1.Joined, error) {
	l.mu.Lock()
	if pl.out {
		l.mu.Unlock()
		return nil, nil, store.ErrPlayNotFound
	}
	l.nextID++
	p := &player{
		id: l.nextID, conn: c, play: pl, characterID: characterID,
		joined: make(chan *worldv1.Joined, 1), left: make(chan struct{}), sight: newSight(),
	}
	if l.out == nil || !offer(l.out, joinRequest(p, 0)) {
		l.mu.Unlock()
		return nil, nil, errWorldDown
	}
	l.players[p.id] = p
	pl.players = append(pl.players, p)
	l.mu.Unlock()

	select {
	case j := <-p.joined:
		if j.GetReason() != "" {
			return nil, nil, errs.New(errs.FailedPrecondition, j.GetReason(), "the world refuses the player")
		}
		return p, j, nil
	case <-p.left:
		select { // the answer and the end may have come together
		case j := <-p.joined:
			if j.GetReason() != "" {
				return nil, nil, errs.New(errs.FailedPrecondition, j.GetReason(), "the world refuses the player")
			}
		default:
		}
		return nil, nil, errWorldDown
	case <-ctx.Done():
		l.leaveLater(p)
		return nil, nil, fmt.Errorf("wait for the world: %w", ctx.Err())
	}
}

// send passes on what a player does, except walks (move) and chat (say). While the
// world cannot be reached or is too slow, it drops the message and returns false.
func (l *worldLink) send(p *player, msg *worldv1.ConnectRequest) bool {
	msg.Player = p.id
	l.mu.Lock()
	defer l.mu.Unlock()
	p.motion = nil // it may end the walk, which must not begin again then
	return l.reaches(p) && offer(l.out, msg)
}

// entity returns the number of the player's entity; 0 before the zone was
// entered.
func (l *worldLink) entity(p *player) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return p.entity
}

// leave removes a player and waits until the world has saved the character.
func (l *worldLink) leave(ctx context.Context, p *player) error {
	if !l.leaveLater(p) {
		return errWorldDown
	}
	select {
	case <-p.left:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the world: %w", ctx.Err())
	}
}

// leaveLater removes a player without waiting. It returns false if the world cannot
// be told; the world then saves and removes the player by itself, some time after
// the stream was lost. If the stream has no room for the message, the stream is
// cut, because otherwise the player would stay in the world for ever.
func (l *worldLink) leaveLater(p *player) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.takeLeave(p)
}

// takeOut removes the players of a play from the world and lets no more of them
// join. It returns the players that are still there.
func (l *worldLink) takeOut(pl *play) []*player {
	l.mu.Lock()
	defer l.mu.Unlock()
	pl.out = true
	there := slices.Clone(pl.players)
	for _, p := range there {
		l.takeLeave(p)
	}
	return there
}

// takeLeave is leaveLater for a caller who holds mu.
func (l *worldLink) takeLeave(p *player) bool {
	if p.gone || p.leaving {
		return true
	}
	p.leaving = true
	msg := &worldv1.ConnectRequest{Player: p.id, Message: &worldv1.ConnectRequest_Leave{Leave: &worldv1.Leave{}}}
	if l.out != nil {
		if p.returning && !p.brought {
			l.bring(p) // the world may still have the player, without a number on this stream
		}
		if offer(l.out, msg) {
			return true
		}
		l.cut(errLinkFull)
	}
	l.release(p)
	return false
}

// drain waits until the world has removed every player.
func (l *worldLink) drain(ctx context.Context) error {
	l.mu.Lock()
	waiting := make([]*player, 0, len(l.players))
	for _, p := range l.players {
		waiting = append(waiting, p)
	}
	l.mu.Unlock()
	for _, p := range waiting {
		select {
		case <-p.left:
		case <-ctx.Done():
			return fmt.Errorf("wait for the world to save %d players: %w", l.playing(), ctx.Err())
		}
	}
	return nil
}

// ready returns why players cannot enter; nil if they can.
func (l *worldLink) ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil {
		return health.Because(reasonAway, errWorldDown)
	}
	if quiet := time.Since(time.Unix(0, l.heard.Load())); l.acknowledges && quiet > quietTime {
		return health.Because(reasonSilent, errs.New(errs.Unavailable, "WORLD_UNAVAILABLE",
			fmt.Sprintf("the world has not answered for %.1f s; it may stand still", quiet.Seconds())))
	}
	return nil
}

// connected reports whether the stream is up.
func (l *worldLink) connected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out != nil
}

func (l *worldLink) playing() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.players)
}

func offer(out chan *worldv1.ConnectRequest, msg *worldv1.ConnectRequest) bool {
	select {
	case out <- msg:
		return true
	default:
		return false
	}
}
