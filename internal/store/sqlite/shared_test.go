package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

func newCharacter(user, name string) store.NewCharacter {
	return store.NewCharacter{UserID: user, Name: name, Key: "key-" + name, State: store.CharacterState{Level: 1}}
}

// An operator's command works on the file of a running server.
func TestTwoStoresOnOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	server, command := open(t, sqlite.Config{Path: path}), open(t, sqlite.Config{Path: path})
	ctx := t.Context()

	u, err := command.CreateUser(ctx, store.NewUser{Username: "Somebody", Name: "Some Body", Email: "some@body.example"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := server.GetUserByUsername(ctx, "somebody", store.Cached); err != nil || got.ID != u.ID {
		t.Errorf("the server finds %v, %v; want the command's user", got, err)
	}

	const each = 25
	var wg sync.WaitGroup
	for i, s := range []*sqlite.Store{server, command} {
		wg.Go(func() {
			for n := range each {
				user := "user-" + strconv.Itoa(i) + "-" + strconv.Itoa(n)
				if _, err := s.CreateCharacter(ctx, newCharacter(user, user)); err != nil {
					t.Errorf("store %d, character %d: %v", i, n, err)
				}
			}
		})
	}
	wg.Wait()
	for i, s := range []*sqlite.Store{command, server} { // each finds the other's
		for n := range each {
			user := "user-" + strconv.Itoa(i) + "-" + strconv.Itoa(n)
			if list, err := s.ListCharacters(ctx, user, true, store.Cached); err != nil || len(list) != 1 {
				t.Errorf("%s has %d characters, %v; want 1", user, len(list), err)
			}
		}
	}
}

func TestDataVersionMovesWithEveryCommit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s, other := open(t, sqlite.Config{Path: path}), open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	version := func() int64 {
		t.Helper()
		v, err := s.DataVersion(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := version()
	if _, err := s.GetCharacter(ctx, 1, store.Fresh); !errors.Is(err, store.ErrCharacterNotFound) {
		t.Fatal(err)
	}
	if v := version(); v != before {
		t.Errorf("a read moved the version from %d to %d", before, v)
	}
	for i, writer := range []*sqlite.Store{s, other} {
		before = version()
		if _, err := writer.CreateCharacter(ctx, newCharacter("user", "Name"+strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
		if version() == before {
			t.Errorf("a commit of store %d left the version at %d", i, before)
		}
	}
}

// A program that holds the write lock must not make callers wait past their
// own deadline, and never keeps readers waiting.
func TestForeignWriteLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	s := open(t, sqlite.Config{Path: path})
	made, err := s.CreateCharacter(t.Context(), newCharacter("user", "Hero"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := sqlOpen(t, path)
	if _, err := foreign.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}

	if _, err := s.GetCharacter(t.Context(), made.ID, store.Fresh); err != nil {
		t.Errorf("a read beside a foreign writer: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = s.CreateCharacter(ctx, newCharacter("user", "Late"))
	if errs.KindOf(err) != errs.DeadlineExceeded {
		t.Errorf("a write beside a foreign writer: got %v, want its deadline", err)
	}
	if took := time.Since(start); took >= 5*time.Second {
		t.Errorf("a call with a deadline of 100 ms took %s, as long as one without waits for the lock", took)
	}

	if _, err := foreign.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateCharacter(t.Context(), newCharacter("user", "Late")); err != nil {
		t.Errorf("after the foreign writer: %v", err)
	}
}

func TestBusyIsATrouble(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waystone.db")
	a, b := sqlOpen(t, path), sqlOpen(t, path)
	for _, q := range []string{"CREATE TABLE x (y INTEGER UNIQUE)", "INSERT INTO x VALUES (1)", "BEGIN IMMEDIATE"} {
		if _, err := a.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.ExecContext(t.Context(), "PRAGMA busy_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ExecContext(t.Context(), "INSERT INTO x VALUES (2)"); err == nil || sqlite.TroubleOf(err) != sqlite.Locked {
		t.Errorf("a locked file: got %v, want it to count as locked", err)
	}
	if _, err := a.ExecContext(t.Context(), "INSERT INTO x VALUES (1)"); err == nil || sqlite.TroubleOf(err) != "" {
		t.Errorf("a broken constraint: got %v, want it not to be a trouble of the file", err)
	}
}
