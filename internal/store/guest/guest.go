// Package guest keeps some users, and everything that belongs to them, out of a
// store. They are in a second store, which ends with the process. Nothing of
// them is ever written to the first store. For callers they are users like
// others.
//
// Whether a call concerns a guest follows from the id in it: of the user, a
// character, a play record or the digest of a ticket. Guests are not found by
// name or address, and have no sessions of the website. So their names may be
// the same as those of other users.
package guest

import (
	"context"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// firstCharacter is the first character id of guests. It is above every id that
// a database reaches in practice, because two characters with the same id could
// not be in the world at the same time.
const firstCharacter store.CharacterID = 1 << 31

// Main is the store of all other users.
type Main interface {
	store.Store
	storepb.Encoded
}

// Side is the store of the guests.
type Side interface {
	store.Store
	store.Admin
}

// Store is Main with guests. Methods that are not overridden here never concern a
// guest.
type Store struct {
	Main
	side Side

	mu         sync.RWMutex
	users      map[string]bool
	characters map[store.CharacterID]bool // by the ids that callers see
	plays      map[string]bool
	digests    map[store.Digest]bool // of tickets
}

// New returns a Store without guests. side has to be empty, and nobody else may
// use it. Close closes both.
func New(main Main, side Side) *Store {
	return &Store{
		Main: main, side: side,
		users: map[string]bool{}, characters: map[store.CharacterID]bool{}, plays: map[string]bool{}, digests: map[store.Digest]bool{},
	}
}

// Add makes a guest with a game account, whose UserID is set here.
func (s *Store) Add(ctx context.Context, n store.NewUser, a store.GameAccount) (*store.User, error) {
	u, err := s.side.CreateUser(ctx, n)
	if err != nil {
		return nil, err
	}
	a.UserID = u.ID
	if err := s.side.SetGameAccount(ctx, a); err != nil {
		return nil, err
	}
	note(s, s.users, u.ID)
	return u, nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	_ = s.side.Close() // its content ends here anyway
	return s.Main.Close()
}

func note[K comparable](s *Store, set map[K]bool, key K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set[key] = true
}

func is[K comparable](s *Store, set map[K]bool, key K) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return set[key]
}

// of returns the store that has a key.
func of[K comparable](s *Store, set map[K]bool, key K) store.Store {
	if is(s, set, key) {
		return s.side
	}
	return s.Main
}

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, c store.Consistency) (*store.User, error) {
	return of(s, s.users, id).GetUser(ctx, id, c)
}

// EncodedUser implements storepb.Encoded.
func (s *Store) EncodedUser(ctx context.Context, id string, c store.Consistency) (*storepb.Wire, error) {
	if !is(s, s.users, id) {
		return s.Main.EncodedUser(ctx, id, c)
	}
	u, err := s.side.GetUser(ctx, id, c)
	if err != nil {
		return nil, err
	}
	w, err := storepb.Encode(storepb.UserPB(u))
	return &w, err
}

// CheckSessions implements store.Sessions.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	return split(subjects, func(j store.SessionSubject) bool { return is(s, s.users, j.UserID) },
		func(l []store.SessionSubject) ([]error, error) { return s.Main.CheckSessions(ctx, l) },
		func(l []store.SessionSubject) ([]error, error) { return s.side.CheckSessions(ctx, l) })
}

// shown gives a character of a guest the id that callers see.
func (s *Store) shown(ch *store.Character) *store.Character {
	ch.ID += firstCharacter
	note(s, s.characters, ch.ID)
	return ch
}

// character returns the store that has a character, and the id that it has there.
func (s *Store) character(id store.CharacterID) (store.Store, store.CharacterID) {
	if is(s, s.characters, id) {
		return s.side, id - firstCharacter
	}
	return s.Main, id
}

// GetCharacter implements store.Characters.
func (s *Store) GetCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error) {
	in, inner := s.character(id)
	ch, err := in.GetCharacter(ctx, inner, c)
	if err != nil || inner == id {
		return ch, err
	}
	return s.shown(ch), nil
}

// EncodedCharacter implements storepb.Encoded.
func (s *Store) EncodedCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*storepb.Wire, error) {
	if !is(s, s.characters, id) {
		return s.Main.EncodedCharacter(ctx, id, c)
	}
	ch, err := s.GetCharacter(ctx, id, c)
	if err != nil {
		return nil, err
	}
	w, err := storepb.Encode(storepb.CharacterPB(ch))
	return &w, err
}

// ListCharacters implements store.Characters.
func (s *Store) ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	if !is(s, s.users, userID) {
		return s.Main.ListCharacters(ctx, userID, includeDeleted, c)
	}
	list, err := s.side.ListCharacters(ctx, userID, includeDeleted, c)
	for _, ch := range list {
		s.shown(ch)
	}
	return list, err
}

// CreateCharacter implements store.Characters.
func (s *Store) CreateCharacter(ctx context.Context, n store.NewCharacter) (*store.Character, error) {
	if !is(s, s.users, n.UserID) {
		return s.Main.CreateCharacter(ctx, n)
	}
	ch, err := s.side.CreateCharacter(ctx, n)
	if err != nil {
		return nil, err
	}
	return s.shown(ch), nil
}

// DeleteCharacter implements store.Characters.
func (s *Store) DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error) {
	in, inner := s.character(id)
	return in.DeleteCharacter(ctx, inner, userID)
}

// RestoreCharacter implements store.Characters.
func (s *Store) RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	in, inner := s.character(id)
	ch, err := in.RestoreCharacter(ctx, inner, userID)
	if err != nil || inner == id {
		return ch, err
	}
	return s.shown(ch), nil
}

// SaveCharacters implements store.Characters. If a group has guests and others,
// it is written in two transactions, because guests exchange nothing with
// others.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	return split(saves, func(sv store.CharacterSave) bool { return is(s, s.characters, sv.ID) },
		func(l []store.CharacterSave) ([]store.SaveResult, error) { return s.Main.SaveCharacters(ctx, l) },
		func(l []store.CharacterSave) ([]store.SaveResult, error) {
			for i := range l { // of split's own copy
				l[i].ID -= firstCharacter
			}
			return s.side.SaveCharacters(ctx, l)
		})
}

// GetGameAccount implements store.GameAccounts.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	return of(s, s.users, userID).GetGameAccount(ctx, userID)
}

// SetGameAccount implements store.GameAccounts.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	return of(s, s.users, a.UserID).SetGameAccount(ctx, a)
}

// CreateTicket implements store.Tickets.
func (s *Store) CreateTicket(ctx context.Context, t store.Ticket, lifetime time.Duration) (time.Time, error) {
	in := of(s, s.users, t.UserID)
	if in == store.Store(s.side) {
		note(s, s.digests, t.Digest)
	}
	return in.CreateTicket(ctx, t, lifetime)
}

// RedeemTicket implements store.Tickets.
func (s *Store) RedeemTicket(ctx context.Context, digest store.Digest, address string) (*store.Ticket, error) {
	return of(s, s.digests, digest).RedeemTicket(ctx, digest, address)
}

// BeginPlay implements store.Plays.
func (s *Store) BeginPlay(ctx context.Context, n store.NewPlay) (*store.Play, error) {
	if !is(s, s.users, n.UserID) {
		return s.Main.BeginPlay(ctx, n)
	}
	note(s, s.digests, n.Digest)
	p, err := s.side.BeginPlay(ctx, n)
	if err != nil {
		return nil, err
	}
	note(s, s.plays, p.ID)
	return p, nil
}

// HandOverPlay implements store.Plays.
func (s *Store) HandOverPlay(ctx context.Context, h store.HandOver) (time.Time, error) {
	in := of(s, s.plays, h.ID)
	if in == store.Store(s.side) {
		_, h.CharacterID = s.character(h.CharacterID)
	}
	return in.HandOverPlay(ctx, h)
}

// played gives a guest's play record the character's id that callers see.
func played(p *store.Play) {
	if p != nil && p.CharacterID != 0 {
		p.CharacterID += firstCharacter
	}
}

// AdmitPlay implements store.Plays.
func (s *Store) AdmitPlay(ctx context.Context, token uint32, digest store.Digest, stage store.Stage) (*store.Play, error) {
	if !is(s, s.digests, digest) {
		return s.Main.AdmitPlay(ctx, token, digest, stage)
	}
	p, err := s.side.AdmitPlay(ctx, token, digest, stage)
	played(p)
	return p, err
}

// RenewPlays implements store.Plays.
func (s *Store) RenewPlays(ctx context.Context, refs []store.PlayRef) ([]*store.Play, error) {
	return split(refs, func(r store.PlayRef) bool { return is(s, s.plays, r.ID) },
		func(l []store.PlayRef) ([]*store.Play, error) { return s.Main.RenewPlays(ctx, l) },
		func(l []store.PlayRef) ([]*store.Play, error) {
			list, err := s.side.RenewPlays(ctx, l)
			for _, p := range list {
				played(p)
			}
			return list, err
		})
}

// EndedPlay implements store.Plays.
func (s *Store) EndedPlay(ctx context.Context, digest store.Digest, address string) (*store.Play, error) {
	if !is(s, s.digests, digest) {
		return s.Main.EndedPlay(ctx, digest, address)
	}
	p, err := s.side.EndedPlay(ctx, digest, address)
	played(p)
	return p, err
}

// EndPlay implements store.Plays.
func (s *Store) EndPlay(ctx context.Context, ref store.PlayRef) error {
	return of(s, s.plays, ref.ID).EndPlay(ctx, ref)
}

// split answers a batch from both stores, in the order of the batch. Each store
// gets a list of its own. If there is no guest, main gets the batch itself. A
// store without items is not called.
func split[Item, Result any](batch []Item, guest func(Item) bool, main, side func([]Item) ([]Result, error)) ([]Result, error) {
	lists, at := [2][]Item{}, [2][]int{}
	for i, item := range batch {
		k := 0
		if guest(item) {
			k = 1
		}
		lists[k], at[k] = append(lists[k], item), append(at[k], i)
	}
	if len(lists[1]) == 0 {
		return main(batch)
	}
	results := make([]Result, len(batch))
	for k, call := range []func([]Item) ([]Result, error){main, side} {
		if len(lists[k]) == 0 {
			continue
		}
		part, err := call(lists[k])
		if err != nil {
			return nil, err
		}
		for i, r := range part {
			results[at[k][i]] = r
		}
	}
	return results, nil
}
