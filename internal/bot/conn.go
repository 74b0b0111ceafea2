package bot

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// readBuffer is one connection's, in bytes: two of the largest packets.
const readBuffer = 4096

// conn is one connection of one stage. Its reader goroutine ends when the
// connection does and then closes done.
type conn struct {
	stage  packets.Stage
	addr   string
	nc     net.Conn
	tables *wire.Tables
	done   chan struct{}

	sending sync.Mutex // guards sealer and buffers, and keeps packets whole
	sealer  *wire.Sealer
	plain   []byte
	sealed  []byte

	// guarded by Bot.mu
	ended    error  // a *ClosedError, once the reader has ended
	announce string // the last announcement
}

// open connects to a stage and starts its reader.
func (b *Bot) open(ctx context.Context, stage packets.Stage, addr string, tables *wire.Tables) (*conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("connect to the %s stage at %s: %w", stage, addr, err)
	}
	c := &conn{
		stage: stage, addr: addr, nc: nc, tables: tables, done: make(chan struct{}),
		sealer: wire.NewSealer(tables, wire.ClientToServer),
	}
	c.sealer.Pad(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))) //nolint:gosec // padding as real clients send it; nothing is secret

	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		_ = nc.Close() // nothing was said on it
		return nil, fmt.Errorf("%w: the bot is closed", ErrState)
	}
	old := b.conns[stage]
	b.conns[stage] = c
	b.readers.Go(func() { b.read(c) })
	b.mu.Unlock()
	if old != nil {
		old.close()
	}
	return c, nil
}

// read receives until the connection ends.
func (b *Bot) read(c *conn) {
	defer close(c.done)
	r := wire.NewReader(bufio.NewReaderSize(c.nc, readBuffer), c.tables, wire.ServerToClient,
		packets.Limits(c.stage, packets.Server), nil)
	for {
		plain, err := r.ReadPacket()
		if err != nil {
			b.connEnded(c, err)
			return
		}
		p, err := packets.Decode(c.stage, packets.Server, plain)
		if err != nil {
			b.connEnded(c, err)
			return
		}
		b.receive(c, p)
	}
}

// send writes one packet.
func (b *Bot) send(ctx context.Context, c *conn, p packets.Packet) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	var err error
	if c.plain, err = packets.Append(c.plain[:0], p); err != nil {
		return err
	}
	if c.sealed, err = c.sealer.Append(c.sealed[:0], c.plain); err != nil {
		return err
	}
	return b.write(ctx, c, c.sealed)
}

// write sends bytes as they are; the caller holds c.sending. Without a
// deadline in ctx it takes as long as the network does.
func (b *Bot) write(ctx context.Context, c *conn, raw []byte) error {
	deadline, _ := ctx.Deadline() // none is the zero time, which is no deadline
	err := c.nc.SetWriteDeadline(deadline)
	if err == nil {
		_, err = c.nc.Write(raw)
	}
	if err == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.ended != nil {
		return c.ended // tells more: how the server ended it
	}
	return &ClosedError{Stage: c.stage, Announce: c.announce, Err: err}
}

// close ends the connection and waits for its reader. Bot.mu must not be held.
func (c *conn) close() {
	_ = c.nc.Close() // the reader reports how it ended
	<-c.done
}
