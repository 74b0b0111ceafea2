package scenario

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// patience is how long a server may take to end a connection that makes no
// sense: longer than it waits for a first packet.
const patience = 20 * time.Second

// MalformedBytes checks this: a connection on which arrives what no client sends, signed in or not, loses
// his own connection, and two players beside him notice nothing.
func MalformedBytes(ctx context.Context, target Target) error {
	var players [2]*bot.Bot
	var names [2]string
	for i := range players {
		b, name, err := target.enter(ctx, i)
		if err != nil {
			return err
		}
		defer b.Close()
		players[i], names[i] = b, name
	}
	var thrown errgroup.Group
	for _, stage := range []packets.Stage{packets.Login, packets.World, packets.Game} {
		thrown.Go(func() error {
			if err := throw(ctx, players[0].Addr(stage)); err != nil {
				return fmt.Errorf("%s stage: %w", stage, err)
			}
			return nil
		})
	}
	if err := thrown.Wait(); err != nil {
		return err
	}

	vandal, _, err := target.enter(ctx, 2)
	if err != nil {
		return err
	}
	defer vandal.Close()
	if err := vandal.WriteRaw(ctx, packets.Game, bytes.Repeat([]byte{0xff}, wire.MaxPacketSize+1)); err != nil {
		var closed *bot.ClosedError // the server may be quicker
		if !errors.As(err, &closed) {
			return err
		}
	}
	if _, err := vandal.WaitClosed(ctx, packets.Game); err != nil {
		return fmt.Errorf("a signed-in player who sends garbage: %w", err)
	}
	if err := target.comeBack(ctx, 2); err != nil {
		return fmt.Errorf("a signed-in player who sent garbage, coming back: %w", err)
	}

	for i, b := range players {
		text := "nothing happened to " + names[i]
		if err := b.Say(ctx, text); err != nil {
			return fmt.Errorf("player beside: %w", err)
		}
		if err := players[1-i].WaitUntil(ctx, "hear the other player", 0, func(v bot.View) bool {
			return v.HeardFrom(bot.HeardLocal, names[i], text)
		}); err != nil {
			return fmt.Errorf("player beside: %w", err)
		}
	}
	for _, b := range players {
		if err := b.Logout(ctx); err != nil {
			return err
		}
	}
	return nil
}

// comeBack signs a user in, into the game and out of it.
func (t Target) comeBack(ctx context.Context, user int) error {
	b, _, err := t.enter(ctx, user)
	if err != nil {
		return err
	}
	defer b.Close()
	return b.Logout(ctx)
}

// throw sends malformed input to a stage, each kind on a connection of its
// own, and waits until the server has ended them all.
func throw(ctx context.Context, addr string) error {
	kinds, err := malformed()
	if err != nil {
		return err
	}
	var thrown errgroup.Group // at once: a server may wait for more before it gives up
	for _, k := range kinds {
		thrown.Go(func() error {
			if err := throwOne(ctx, addr, k.bytes, k.hangUp); err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
			return nil
		})
	}
	return thrown.Wait()
}

type kind struct {
	name   string
	bytes  []byte
	hangUp bool // the client closes its side in the middle of a packet
}

// malformed lists input that is wrong at every stage.
func malformed() ([]kind, error) {
	tables := wire.DefaultTables()
	accept, err := packets.Append(nil, &packets.AcceptRequest{})
	if err != nil {
		return nil, err
	}
	twice := append(bytes.Clone(accept), accept...)
	greeting, err := tables.Seal(nil, accept, wire.ClientToServer, wire.Scramble{})
	if err != nil {
		return nil, err
	}
	unknown, err := tables.Seal(nil, wire.AppendHeader(nil, wire.Header{Size: wire.HeaderSize, Command: 0x123}),
		wire.ClientToServer, wire.Scramble{})
	if err != nil {
		return nil, err
	}
	damaged := bytes.Clone(greeting)
	damaged[wire.HeaderSize-1] ^= 0x55
	big := make([]byte, wire.MaxPacketSize)
	binary.LittleEndian.PutUint16(big, wire.MaxPacketSize)
	binary.LittleEndian.PutUint16(big[2:], 0x708)
	large, err := tables.Seal(nil, big, wire.ClientToServer, wire.Scramble{})
	if err != nil {
		return nil, err
	}
	return []kind{
		{name: "all ones", bytes: bytes.Repeat([]byte{0xff}, 4096)},
		{name: "all zeros", bytes: make([]byte, 4096)},
		{name: "plain instead of enciphered", bytes: twice},
		{name: "damaged checksum", bytes: damaged},
		{name: "unknown command", bytes: unknown},
		{name: "too large a login", bytes: large},
		{name: "another protocol", bytes: []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")},
		{name: "half a header", bytes: greeting[:3], hangUp: true},
		{name: "half a packet", bytes: large[:500], hangUp: true},
	}, nil
}

func throwOne(ctx context.Context, addr string, raw []byte, hangUp bool) error {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = nc.Close() }()
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := nc.Write(raw); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the server neither reads nor ends the connection: %w", err)
	}
	if half, ok := nc.(*net.TCPConn); ok && hangUp {
		_ = half.CloseWrite() // fails only when the server was quicker
	}
	if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the server leaves the connection open for %v: %w", patience, err)
	}
	return nil
}
