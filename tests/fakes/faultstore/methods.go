package faultstore

import (
	"context"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// The methods of store.Engine but Close.
const (
	GetUser            Method = "GetUser"
	GetUserByUsername  Method = "GetUserByUsername"
	GetUserByEmail     Method = "GetUserByEmail"
	GetSession         Method = "GetSession"
	CheckSessions      Method = "CheckSessions"
	RefreshSession     Method = "RefreshSession"
	RefreshSessions    Method = "RefreshSessions"
	GetCharacter       Method = "GetCharacter"
	ListCharacters     Method = "ListCharacters"
	CreateCharacter    Method = "CreateCharacter"
	DeleteCharacter    Method = "DeleteCharacter"
	RestoreCharacter   Method = "RestoreCharacter"
	SaveCharacters     Method = "SaveCharacters"
	GetGameAccount     Method = "GetGameAccount"
	SetGameAccount     Method = "SetGameAccount"
	CreateTicket       Method = "CreateTicket"
	RedeemTicket       Method = "RedeemTicket"
	BeginPlay          Method = "BeginPlay"
	HandOverPlay       Method = "HandOverPlay"
	AdmitPlay          Method = "AdmitPlay"
	RenewPlays         Method = "RenewPlays"
	EndedPlay          Method = "EndedPlay"
	EndPlay            Method = "EndPlay"
	GetCredential      Method = "GetCredential" //nolint:gosec // the name of a method
	CreateSession      Method = "CreateSession"
	RevokeSession      Method = "RevokeSession"
	RedeemOneTimeToken Method = "RedeemOneTimeToken"
	BeginAttempt       Method = "BeginAttempt"
	EndAttempt         Method = "EndAttempt"
	Ping               Method = "Ping"
	ReadUser           Method = "ReadUser"
	ReadSession        Method = "ReadSession"
	ReadCharacter      Method = "ReadCharacter"
	ReadCharacters     Method = "ReadCharacters"
)

// Methods returns every method that can be given a fault.
func Methods() []Method {
	return []Method{
		GetUser,
		GetUserByUsername,
		GetUserByEmail,
		GetSession,
		CheckSessions,
		RefreshSession,
		RefreshSessions,
		GetCharacter,
		ListCharacters,
		CreateCharacter,
		DeleteCharacter,
		RestoreCharacter,
		SaveCharacters,
		GetGameAccount,
		SetGameAccount,
		CreateTicket,
		RedeemTicket,
		BeginPlay,
		HandOverPlay,
		AdmitPlay,
		RenewPlays,
		EndedPlay,
		EndPlay,
		GetCredential,
		CreateSession,
		RevokeSession,
		RedeemOneTimeToken,
		BeginAttempt,
		EndAttempt,
		Ping,
		ReadUser,
		ReadSession,
		ReadCharacter,
		ReadCharacters,
	}
}

var _ store.Engine = (*Store)(nil)

// session is the result of the two methods that have a pair.
type session struct {
	session *store.Session
	user    *store.User
}

// GetSession implements store.Sessions.
func (s *Store) GetSession(ctx context.Context, token string, c store.Consistency) (*store.Session, *store.User, error) {
	r, err := do(ctx, s, GetSession, func() (r session, err error) {
		r.session, r.user, err = s.inner.GetSession(ctx, token, c)
		return r, err
	})
	return r.session, r.user, err
}

// RefreshSession implements store.Sessions.
func (s *Store) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	r, err := do(ctx, s, RefreshSession, func() (r session, err error) {
		r.session, r.user, err = s.inner.RefreshSession(ctx, token)
		return r, err
	})
	return r.session, r.user, err
}

// Close closes the store beneath.
func (s *Store) Close() error { return s.inner.Close() }

// GetUser passes on to the store beneath.
func (s *Store) GetUser(ctx context.Context, id string, c store.Consistency) (*store.User, error) {
	return do(ctx, s, GetUser, func() (*store.User, error) { return s.inner.GetUser(ctx, id, c) })
}

// GetUserByUsername passes on to the store beneath.
func (s *Store) GetUserByUsername(ctx context.Context, username string, c store.Consistency) (*store.User, error) {
	return do(ctx, s, GetUserByUsername, func() (*store.User, error) { return s.inner.GetUserByUsername(ctx, username, c) })
}

// GetUserByEmail passes on to the store beneath.
func (s *Store) GetUserByEmail(ctx context.Context, email string, c store.Consistency) (*store.User, error) {
	return do(ctx, s, GetUserByEmail, func() (*store.User, error) { return s.inner.GetUserByEmail(ctx, email, c) })
}

// CheckSessions passes on to the store beneath.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	return do(ctx, s, CheckSessions, func() ([]error, error) { return s.inner.CheckSessions(ctx, subjects) })
}

// RefreshSessions passes on to the store beneath.
func (s *Store) RefreshSessions(ctx context.Context, ids []string) ([]string, error) {
	return do(ctx, s, RefreshSessions, func() ([]string, error) { return s.inner.RefreshSessions(ctx, ids) })
}

// GetCharacter passes on to the store beneath.
func (s *Store) GetCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error) {
	return do(ctx, s, GetCharacter, func() (*store.Character, error) { return s.inner.GetCharacter(ctx, id, c) })
}

// ListCharacters passes on to the store beneath.
func (s *Store) ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	return do(ctx, s, ListCharacters, func() ([]*store.Character, error) { return s.inner.ListCharacters(ctx, userID, includeDeleted, c) })
}

// CreateCharacter passes on to the store beneath.
func (s *Store) CreateCharacter(ctx context.Context, n store.NewCharacter) (*store.Character, error) {
	return do(ctx, s, CreateCharacter, func() (*store.Character, error) { return s.inner.CreateCharacter(ctx, n) })
}

// DeleteCharacter passes on to the store beneath.
func (s *Store) DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error) {
	return do(ctx, s, DeleteCharacter, func() (time.Time, error) { return s.inner.DeleteCharacter(ctx, id, userID) })
}

// RestoreCharacter passes on to the store beneath.
func (s *Store) RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	return do(ctx, s, RestoreCharacter, func() (*store.Character, error) { return s.inner.RestoreCharacter(ctx, id, userID) })
}

// SaveCharacters passes on to the store beneath.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	return do(ctx, s, SaveCharacters, func() ([]store.SaveResult, error) { return s.inner.SaveCharacters(ctx, saves) })
}

// GetGameAccount passes on to the store beneath.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	return do(ctx, s, GetGameAccount, func() (*store.GameAccount, error) { return s.inner.GetGameAccount(ctx, userID) })
}

// SetGameAccount passes on to the store beneath.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	_, err := do(ctx, s, SetGameAccount, func() (struct{}, error) { return struct{}{}, s.inner.SetGameAccount(ctx, a) })
	return err
}

// CreateTicket passes on to the store beneath.
func (s *Store) CreateTicket(ctx context.Context, t store.Ticket, lifetime time.Duration) (time.Time, error) {
	return do(ctx, s, CreateTicket, func() (time.Time, error) { return s.inner.CreateTicket(ctx, t, lifetime) })
}

// RedeemTicket passes on to the store beneath.
func (s *Store) RedeemTicket(ctx context.Context, digest store.Digest, address string) (*store.Ticket, error) {
	return do(ctx, s, RedeemTicket, func() (*store.Ticket, error) { return s.inner.RedeemTicket(ctx, digest, address) })
}

// BeginPlay passes on to the store beneath.
func (s *Store) BeginPlay(ctx context.Context, n store.NewPlay) (*store.Play, error) {
	return do(ctx, s, BeginPlay, func() (*store.Play, error) { return s.inner.BeginPlay(ctx, n) })
}

// HandOverPlay passes on to the store beneath.
func (s *Store) HandOverPlay(ctx context.Context, h store.HandOver) (time.Time, error) {
	return do(ctx, s, HandOverPlay, func() (time.Time, error) { return s.inner.HandOverPlay(ctx, h) })
}

// AdmitPlay passes on to the store beneath.
func (s *Store) AdmitPlay(ctx context.Context, token uint32, digest store.Digest, stage store.Stage) (*store.Play, error) {
	return do(ctx, s, AdmitPlay, func() (*store.Play, error) { return s.inner.AdmitPlay(ctx, token, digest, stage) })
}

// RenewPlays passes on to the store beneath.
func (s *Store) RenewPlays(ctx context.Context, refs []store.PlayRef) ([]*store.Play, error) {
	return do(ctx, s, RenewPlays, func() ([]*store.Play, error) { return s.inner.RenewPlays(ctx, refs) })
}

// EndedPlay passes on to the store beneath.
func (s *Store) EndedPlay(ctx context.Context, digest store.Digest, address string) (*store.Play, error) {
	return do(ctx, s, EndedPlay, func() (*store.Play, error) { return s.inner.EndedPlay(ctx, digest, address) })
}

// EndPlay passes on to the store beneath.
func (s *Store) EndPlay(ctx context.Context, ref store.PlayRef) error {
	_, err := do(ctx, s, EndPlay, func() (struct{}, error) { return struct{}{}, s.inner.EndPlay(ctx, ref) })
	return err
}

// BeginAttempt passes on to the store beneath.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	return do(ctx, s, BeginAttempt, func() (store.Admission, error) { return s.inner.BeginAttempt(ctx, a, l) })
}

// EndAttempt passes on to the store beneath.
func (s *Store) EndAttempt(ctx context.Context, a store.Attempt, knownFor time.Duration) error {
	_, err := do(ctx, s, EndAttempt, func() (struct{}, error) { return struct{}{}, s.inner.EndAttempt(ctx, a, knownFor) })
	return err
}

// Ping passes on to the store beneath.
func (s *Store) Ping(ctx context.Context) error {
	_, err := do(ctx, s, Ping, func() (struct{}, error) { return struct{}{}, s.inner.Ping(ctx) })
	return err
}

// The readers give the snapshot also with an error of the store's own.

// ReadUser implements store.Reader.
func (s *Store) ReadUser(ctx context.Context, by store.UserKey, value string) (*store.User, store.Snapshot, error) {
	var at store.Snapshot
	u, err := do(ctx, s, ReadUser, func() (u *store.User, err error) {
		u, at, err = s.inner.ReadUser(ctx, by, value)
		return u, err
	})
	return u, at, err
}

// ReadSession implements store.Reader.
func (s *Store) ReadSession(ctx context.Context, token string) (*store.Session, *store.User, store.Snapshot, error) {
	var at store.Snapshot
	r, err := do(ctx, s, ReadSession, func() (r session, err error) {
		r.session, r.user, at, err = s.inner.ReadSession(ctx, token)
		return r, err
	})
	return r.session, r.user, at, err
}

// ReadCharacter implements store.Reader.
func (s *Store) ReadCharacter(ctx context.Context, id store.CharacterID) (*store.Character, store.Snapshot, error) {
	var at store.Snapshot
	c, err := do(ctx, s, ReadCharacter, func() (c *store.Character, err error) {
		c, at, err = s.inner.ReadCharacter(ctx, id)
		return c, err
	})
	return c, at, err
}

// ReadCharacters implements store.Reader.
func (s *Store) ReadCharacters(ctx context.Context, userID string) ([]*store.Character, store.Snapshot, error) {
	var at store.Snapshot
	l, err := do(ctx, s, ReadCharacters, func() (l []*store.Character, err error) {
		l, at, err = s.inner.ReadCharacters(ctx, userID)
		return l, err
	})
	return l, at, err
}
