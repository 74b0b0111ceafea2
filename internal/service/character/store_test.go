package character_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// testStore is the embedded store behind faults, as a part under test is given
// it. It counts the reads that a cache could answer.
type testStore struct {
	*faultstore.Store
	db    *sqlite.Store    // the store itself, for what a test does beside the part
	clock *storetest.Clock // of the store; it stands still
	stale atomic.Int64
}

// newStore opens a store in memory.
func newStore(t testing.TB) *testStore {
	t.Helper()
	clock := storetest.NewClock()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: sqlite.Memory, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &testStore{Store: faultstore.New(db), db: db, clock: clock}
}

// GetCharacter passes on to the store.
func (s *testStore) GetCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error) {
	s.note(c)
	return s.Store.GetCharacter(ctx, id, c)
}

// ListCharacters passes on to the store.
func (s *testStore) ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	s.note(c)
	return s.Store.ListCharacters(ctx, userID, includeDeleted, c)
}

func (s *testStore) note(c store.Consistency) {
	if c != store.Fresh {
		s.stale.Add(1)
	}
}

// play takes ada on the way into the game with a character, until end is called.
func (s *testStore) play(t testing.TB, id string) (end func()) {
	t.Helper()
	character, err := store.ParseCharacterID(id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.db.BeginPlay(t.Context(), store.NewPlay{UserID: "ada1", Digest: store.DigestOf("secret")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.HandOverPlay(t.Context(), store.HandOver{PlayRef: p.Ref(), Stage: store.StageGame, CharacterID: character, Token: 1}); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := s.db.EndPlay(t.Context(), p.Ref()); err != nil {
			t.Fatal(err)
		}
	}
}
