package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// Login signs in and returns the servers to choose from, at least one. A
// refused login may be tried again on the same connection as often as the
// server allows.
func (b *Bot) Login(ctx context.Context) ([]packets.ServerEntry, error) {
	var servers []packets.ServerEntry
	err := b.step(ctx, "login", func(ctx context.Context) error {
		reply, err := request[*packets.LoginReply](ctx, b, packets.Login,
			&packets.LoginRequest{User: b.cfg.User, Secret: b.cfg.Secret})
		switch {
		case err != nil:
			return err
		case reply.Result != packets.LoginOK:
			return refused(reply.Result, loginMeanings())
		case len(reply.Servers) == 0:
			return errors.New("the server lists no server to choose")
		}
		servers = reply.Servers
		return nil
	})
	return servers, err
}

// Channels returns the channels of a server, at least one.
func (b *Bot) Channels(ctx context.Context, server uint32) ([]packets.ChannelEntry, error) {
	var channels []packets.ChannelEntry
	err := b.step(ctx, "list channels", func(ctx context.Context) error {
		reply, err := request[*packets.ChannelListReply](ctx, b, packets.Login, &packets.ChannelListRequest{Server: server})
		switch {
		case err != nil:
			return err
		case reply.Server != server:
			return fmt.Errorf("asked for the channels of server %d, got those of %d", server, reply.Server)
		case len(reply.Channels) == 0:
			return fmt.Errorf("server %d has no channel", server)
		}
		channels = reply.Channels
		return nil
	})
	return channels, err
}

// SelectServer chooses server and channel; the server says where its world
// stage is.
func (b *Bot) SelectServer(ctx context.Context, server uint32, channel uint8) error {
	return b.step(ctx, "select server", func(ctx context.Context) error {
		reply, err := request[*packets.SelectServerReply](ctx, b, packets.Login,
			&packets.SelectServerRequest{Server: server, Channel: channel})
		if err != nil {
			return err
		}
		if reply.Result != packets.SelectOK {
			return refused(reply.Result, selectMeanings())
		}
		return b.pass(packets.World, reply.Address, reply.Port, reply.Token, reply.Seed)
	})
}

// JoinWorld connects to the world stage, presents token and secret and then
// leaves the login stage, as the game client does.
func (b *Bot) JoinWorld(ctx context.Context) error {
	return b.step(ctx, "join world", func(ctx context.Context) error {
		_, join, err := b.follow(ctx, packets.World)
		if err != nil {
			return err
		}
		reply, err := request[*packets.JoinReply](ctx, b, packets.World, join)
		if err != nil {
			return err
		}
		if reply.Result != packets.JoinOK {
			return refused(reply.Result, joinMeanings())
		}
		if login := b.conn(packets.Login); login != nil {
			login.close()
		}
		return nil
	})
}

// SignIn does Login, Channels, SelectServer and JoinWorld, with the first
// server and its first channel.
func (b *Bot) SignIn(ctx context.Context) error {
	servers, err := b.Login(ctx)
	if err != nil {
		return err
	}
	server := servers[0].ID
	channels, err := b.Channels(ctx, server)
	if err != nil {
		return err
	}
	if err := b.SelectServer(ctx, server, channels[0].ID); err != nil {
		return err
	}
	return b.JoinWorld(ctx)
}
