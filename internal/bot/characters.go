package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// ListCharacters returns the account's characters, at most
// packets.MaxCharacters, also those marked for deletion. The steps that name a
// character look it up in the latest list.
func (b *Bot) ListCharacters(ctx context.Context) ([]packets.ListedCharacter, error) {
	var list []packets.ListedCharacter
	err := b.step(ctx, "list characters", func(ctx context.Context) error {
		reply, err := request[*packets.CharacterListReply](ctx, b, packets.World, &packets.CharacterListRequest{})
		if err != nil {
			return err
		}
		list = reply.Characters
		b.mu.Lock()
		defer b.mu.Unlock()
		b.listed = slices.Clone(list)
		return nil
	})
	return list, err
}

// CreateCharacter creates a character and lists the characters again.
func (b *Bot) CreateCharacter(ctx context.Context, want packets.CreateCharacterRequest) error {
	err := b.step(ctx, "create character", func(ctx context.Context) error {
		reply, err := request[*packets.CreateCharacterReply](ctx, b, packets.World, &want)
		if err != nil {
			return err
		}
		if reply.Result != packets.CreateOK {
			return refused(reply.Result, createMeanings())
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = b.ListCharacters(ctx)
	return err
}

// DeleteCharacter marks a character for deletion and returns the time until it
// is final, 1 s to packets.MaxDeleteSeconds.
func (b *Bot) DeleteCharacter(ctx context.Context, name string) (time.Duration, error) {
	var left time.Duration
	err := b.step(ctx, "delete character", func(ctx context.Context) error {
		reply, err := b.mark(ctx, name, true)
		if err != nil {
			return err
		}
		if reply.Seconds == packets.DeleteUndone {
			return fmt.Errorf("the server took the mark of %s away instead", name)
		}
		left = time.Duration(reply.Seconds) * time.Second
		return nil
	})
	return left, err
}

// RestoreCharacter takes the mark for deletion away.
func (b *Bot) RestoreCharacter(ctx context.Context, name string) error {
	return b.step(ctx, "restore character", func(ctx context.Context) error {
		reply, err := b.mark(ctx, name, false)
		if err == nil && reply.Seconds != packets.DeleteUndone {
			err = fmt.Errorf("%s is still marked, for %d s", name, reply.Seconds)
		}
		return err
	})
}

func (b *Bot) mark(ctx context.Context, name string, marked bool) (*packets.DeleteCharacterReply, error) {
	slot, err := b.slot(name)
	if err != nil {
		return nil, err
	}
	reply, err := request[*packets.DeleteCharacterReply](ctx, b, packets.World,
		&packets.DeleteCharacterRequest{Slot: slot, Delete: marked, Name: name})
	switch {
	case err != nil:
		return nil, err
	case reply.Name != name:
		return nil, fmt.Errorf("asked about %s, got an answer about %s", name, reply.Name)
	case reply.Seconds == packets.DeleteFailed:
		return nil, &RefusedError{Meaning: "the server failed to change the mark of " + name}
	}
	return reply, nil
}

// Select chooses the character to play; the server says where its game stage
// is. Where it refuses, with a return to the choice, the error is a *RefusedError.
func (b *Bot) Select(ctx context.Context, name string) error {
	return b.step(ctx, "select character", func(ctx context.Context) error {
		slot, err := b.slot(name)
		if err != nil {
			return err
		}
		x, err := b.Expect(packets.World, func(p packets.Packet) bool {
			return isA[*packets.MoveServer](p) || isA[*packets.ReturnToSelect](p)
		})
		if err != nil {
			return err
		}
		defer x.Cancel()
		if err := b.send(ctx, x.conn, &packets.SelectCharacterRequest{Slot: slot, Name: name}); err != nil {
			return err
		}
		got, err := x.Wait(ctx)
		if err != nil {
			return err
		}
		reply, ok := got.(*packets.MoveServer)
		if !ok {
			return &RefusedError{Meaning: "the server does not let " + name + " be played"}
		}
		return b.pass(packets.Game, reply.Address, reply.Port, reply.Token, reply.Seed)
	})
}

// slot finds a character in the latest list.
func (b *Bot) slot(name string) (uint8, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range b.listed {
		if c.Name == name {
			return uint8(i), nil //nolint:gosec // at most five characters
		}
	}
	return 0, fmt.Errorf("%w: no character %q in the list of %d", ErrState, name, len(b.listed))
}

// nameTries is how many names EnsureCharacter proposes.
const nameTries = 8

// EnsureCharacter lists the characters and returns the name of one to play:
// Config.Name if it is set, otherwise the first. What is marked for deletion
// is restored, and what is not there is created, under Config.Name or a name
// made of User; of these, others are tried when one is taken or not allowed.
func (b *Bot) EnsureCharacter(ctx context.Context) (name string, created bool, err error) {
	list, err := b.ListCharacters(ctx)
	if err != nil {
		return "", false, err
	}
	if c, ok := choose(list, b.cfg.Name); ok {
		if c.DeleteSeconds > 0 {
			err = b.RestoreCharacter(ctx, c.Name)
		}
		return c.Name, false, err
	}
	for try := range nameTries {
		if name = b.cfg.Name; name == "" {
			name = characterName(b.cfg.User, try)
		}
		err = b.CreateCharacter(ctx, packets.CreateCharacterRequest{Name: name, Face: firstFace})
		if err == nil {
			return name, true, nil
		}
		var no *RefusedError
		if b.cfg.Name != "" || !errors.As(err, &no) ||
			no.Result != packets.CreateNameExists && no.Result != packets.CreateInvalidValue {
			break
		}
	}
	return "", false, fmt.Errorf("character %s: %w", name, err)
}

// choose prefers a character that is not marked for deletion.
func choose(list []packets.ListedCharacter, name string) (packets.ListedCharacter, bool) {
	var found packets.ListedCharacter
	ok := false
	for _, c := range list {
		if name != "" && c.Name != name {
			continue
		}
		if c.DeleteSeconds == 0 {
			return c, true
		}
		if !ok {
			found, ok = c, true
		}
	}
	return found, ok
}

// firstFace is the first of the faces that the client offers.
const firstFace = 1
