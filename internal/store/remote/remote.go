// Package remote is the storage contract over gRPC. The other parts use it to
// reach the database part. It passes the same suite as the engines, which
// proves that the service between adds nothing and loses nothing.
package remote

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/durationpb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Store implements store.Store. The connection must map errors as internal/rpc
// does.
type Store struct {
	cc         grpc.ClientConnInterface
	users      databasev1.UserServiceClient
	sessions   databasev1.SessionServiceClient
	characters databasev1.CharacterDbServiceClient
	auth       databasev1.AuthStoreServiceClient
	health     grpc_health_v1.HealthClient
	lookups    *rpc.Batch // nil without
}

var _ store.Store = (*Store)(nil)

// New returns the contract over a connection. The caller still has to close the
// connection.
func New(cc grpc.ClientConnInterface) *Store {
	return &Store{
		cc:         cc,
		users:      databasev1.NewUserServiceClient(cc),
		sessions:   databasev1.NewSessionServiceClient(cc),
		characters: databasev1.NewCharacterDbServiceClient(cc),
		auth:       databasev1.NewAuthStoreServiceClient(cc),
		health:     grpc_health_v1.NewHealthClient(cc),
	}
}

// BatchLookups lets EncodedSession make cached look-ups over a few streams that
// carry many look-ups each, until Close. Use it if look-ups are frequent and
// the database part is another process. Call it before the store is used.
func (s *Store) BatchLookups(log *slog.Logger, metrics *rpc.BatchMetrics) {
	s.lookups = rpc.NewBatch(s.cc, rpc.BatchConfig{
		Method: databasev1.SessionService_GetSession_FullMethodName, Stream: databasev1.SessionService_GetSessions_FullMethodName,
		Log: log, Metrics: metrics,
	})
}

// Ping asks the database part whether it is ready.
func (s *Store) Ping(ctx context.Context) error {
	resp, err := s.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	if st := resp.GetStatus(); st != grpc_health_v1.HealthCheckResponse_SERVING {
		return store.ErrUnavailable.With("the database part answers %s", st)
	}
	return nil
}

// Close ends the streams of look-ups, if there are any. It does not close the
// connection.
func (s *Store) Close() error {
	if s.lookups != nil {
		s.lookups.Close()
	}
	return nil
}

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, id string, c store.Consistency) (*store.User, error) {
	resp, err := s.users.GetUser(ctx, &databasev1.GetUserRequest{UserId: id, Consistency: storepb.ConsistencyPB(c)})
	if err != nil {
		return nil, err
	}
	return storepb.User(resp.GetUser()), nil
}

// GetUserByUsername implements store.Users.
func (s *Store) GetUserByUsername(ctx context.Context, username string, c store.Consistency) (*store.User, error) {
	resp, err := s.users.GetUserByUsername(ctx, &databasev1.GetUserByUsernameRequest{Username: username, Consistency: storepb.ConsistencyPB(c)})
	if err != nil {
		return nil, err
	}
	return storepb.User(resp.GetUser()), nil
}

// GetUserByEmail implements store.Users.
func (s *Store) GetUserByEmail(ctx context.Context, email string, c store.Consistency) (*store.User, error) {
	resp, err := s.users.GetUserByEmail(ctx, &databasev1.GetUserByEmailRequest{Email: email, Consistency: storepb.ConsistencyPB(c)})
	if err != nil {
		return nil, err
	}
	return storepb.User(resp.GetUser()), nil
}

// GetSession implements store.Sessions.
func (s *Store) GetSession(ctx context.Context, token string, c store.Consistency) (*store.Session, *store.User, error) {
	resp, err := s.sessions.GetSession(ctx, &databasev1.GetSessionRequest{Token: token, Consistency: storepb.ConsistencyPB(c)})
	if err != nil {
		return nil, nil, err
	}
	return storepb.Session(resp.GetSession()), storepb.User(resp.GetUser()), nil
}

// EncodedSession is GetSession, with the same errors, for callers that send the
// answer on: it returns the GetSessionResponse as the database part has encoded
// it.
func (s *Store) EncodedSession(ctx context.Context, token string, c store.Consistency) ([]byte, error) {
	req := &databasev1.GetSessionRequest{Token: token, Consistency: storepb.ConsistencyPB(c)}
	if s.lookups != nil && c == store.Cached {
		return s.lookups.Call(ctx, req)
	}
	return rpc.InvokeEncoded(ctx, s.cc, databasev1.SessionService_GetSession_FullMethodName, req)
}

// CheckSessions implements store.Sessions.
func (s *Store) CheckSessions(ctx context.Context, subjects []store.SessionSubject) ([]error, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	req := &databasev1.CheckSessionsRequest{}
	for _, sub := range subjects {
		req.Subjects = append(req.Subjects, &databasev1.SessionSubject{
			SessionId: sub.SessionID, UserId: sub.UserID, PasswordStamp: string(sub.Stamp),
		})
	}
	resp, err := s.sessions.CheckSessions(ctx, req)
	if err != nil {
		return nil, err
	}
	if n := len(resp.GetVerdicts()); n != len(subjects) {
		return nil, fmt.Errorf("check sessions: %d verdicts for %d subjects", n, len(subjects))
	}
	verdicts := make([]error, len(subjects))
	for i, v := range resp.GetVerdicts() {
		if !v.GetAlive() {
			verdicts[i] = storepb.Refusal(v.GetReason())
		}
	}
	return verdicts, nil
}

// RefreshSession implements store.Sessions.
func (s *Store) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	resp, err := s.sessions.RefreshSession(ctx, &databasev1.RefreshSessionRequest{Token: token})
	if err != nil {
		return nil, nil, err
	}
	return storepb.Session(resp.GetSession()), storepb.User(resp.GetUser()), nil
}

// RefreshSessions implements store.Sessions.
func (s *Store) RefreshSessions(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	resp, err := s.auth.RefreshSessions(ctx, &databasev1.RefreshSessionsRequest{SessionIds: ids})
	if err != nil {
		return nil, err
	}
	return resp.GetSessionIds(), nil
}

// GetCharacter implements store.Characters.
func (s *Store) GetCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error) {
	if id == 0 {
		return nil, store.ErrCharacterNotFound
	}
	resp, err := s.characters.GetCharacter(ctx, &databasev1.GetCharacterRequest{CharacterId: id.String(), Consistency: storepb.ConsistencyPB(c)})
	if err != nil {
		return nil, err
	}
	return storepb.Character(resp.GetCharacter())
}

// ListCharacters implements store.Characters.
func (s *Store) ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error) {
	resp, err := s.characters.GetCharacterList(ctx, &databasev1.GetCharacterListRequest{
		UserId: userID, IncludeDeleted: includeDeleted, Consistency: storepb.ConsistencyPB(c),
	})
	if err != nil {
		return nil, err
	}
	var list []*store.Character
	for _, m := range resp.GetCharacters() {
		c, err := storepb.Character(m)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// CreateCharacter implements store.Characters.
func (s *Store) CreateCharacter(ctx context.Context, n store.NewCharacter) (*store.Character, error) {
	resp, err := s.characters.CreateCharacter(ctx, &databasev1.CreateCharacterRequest{
		UserId: n.UserID, Name: n.Name, Appearance: storepb.AppearancePB(n.Appearance),
		State: storepb.StatePB(n.State), Items: storepb.ItemsPB(n.Items), IdempotencyKey: n.Key,
	})
	if err != nil {
		return nil, err
	}
	return storepb.Character(resp.GetCharacter())
}

// DeleteCharacter implements store.Characters.
func (s *Store) DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error) {
	if id == 0 {
		return time.Time{}, store.ErrCharacterNotFound
	}
	resp, err := s.characters.DeleteCharacter(ctx, &databasev1.DeleteCharacterRequest{CharacterId: id.String(), UserId: userID})
	if err != nil {
		return time.Time{}, err
	}
	return resp.GetDeleteAt().AsTime(), nil
}

// RestoreCharacter implements store.Characters.
func (s *Store) RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error) {
	if id == 0 {
		return nil, store.ErrCharacterNotFound
	}
	resp, err := s.characters.RestoreCharacter(ctx, &databasev1.RestoreCharacterRequest{CharacterId: id.String(), UserId: userID})
	if err != nil {
		return nil, err
	}
	return storepb.Character(resp.GetCharacter())
}

// SaveCharacters implements store.Characters.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	if len(saves) == 0 {
		return nil, nil
	}
	req := &databasev1.SaveCharactersRequest{}
	for i := range saves {
		req.Saves = append(req.Saves, storepb.SavePB(&saves[i]))
	}
	resp, err := s.characters.SaveCharacters(ctx, req)
	if err != nil {
		return nil, err
	}
	if n := len(resp.GetResults()); n != len(saves) {
		return nil, fmt.Errorf("save characters: %d results for %d saves", n, len(saves))
	}
	results := make([]store.SaveResult, len(saves))
	for i, r := range resp.GetResults() {
		results[i] = storepb.Result(r)
	}
	return results, nil
}

// GetGameAccount implements store.GameAccounts.
func (s *Store) GetGameAccount(ctx context.Context, userID string) (*store.GameAccount, error) {
	resp, err := s.auth.GetGameAccount(ctx, &databasev1.GetGameAccountRequest{UserId: userID})
	if err != nil {
		return nil, err
	}
	a := resp.GetAccount()
	return &store.GameAccount{UserID: a.GetUserId(), PasswordHash: a.GetPasswordHash(), LoopbackOnly: a.GetLoopbackOnly(), SitePassword: a.GetSitePassword()}, nil
}

// SetGameAccount implements store.GameAccounts.
func (s *Store) SetGameAccount(ctx context.Context, a store.GameAccount) error {
	_, err := s.auth.SetGameAccount(ctx, &databasev1.SetGameAccountRequest{Account: &databasev1.GameAccount{
		UserId: a.UserID, PasswordHash: a.PasswordHash, LoopbackOnly: a.LoopbackOnly,
	}})
	return err
}

// CreateTicket implements store.Tickets.
func (s *Store) CreateTicket(ctx context.Context, t store.Ticket, lifetime time.Duration) (time.Time, error) {
	resp, err := s.auth.CreateTicket(ctx, &databasev1.CreateTicketRequest{
		Digest: t.Digest[:], UserId: t.UserID, SessionId: t.SessionID, Address: t.Address, Lifetime: durationpb.New(lifetime),
	})
	if err != nil {
		return time.Time{}, err
	}
	return resp.GetExpiresAt().AsTime(), nil
}

// RedeemTicket implements store.Tickets.
func (s *Store) RedeemTicket(ctx context.Context, digest store.Digest, address string) (*store.Ticket, error) {
	resp, err := s.auth.RedeemTicket(ctx, &databasev1.RedeemTicketRequest{Digest: digest[:], Address: address})
	if err != nil {
		return nil, err
	}
	return &store.Ticket{Digest: digest, UserID: resp.GetUserId(), SessionID: resp.GetSessionId(), Address: address, SitePassword: resp.GetSitePassword()}, nil
}

// BeginPlay implements store.Plays.
func (s *Store) BeginPlay(ctx context.Context, n store.NewPlay) (*store.Play, error) {
	resp, err := s.auth.BeginPlay(ctx, &databasev1.BeginPlayRequest{
		UserId: n.UserID, SessionId: n.SessionID, Digest: n.Digest[:], Address: n.Address, GamePassword: n.GamePassword, SitePassword: n.SitePassword,
		KeepEarlier: n.KeepEarlier,
	})
	if err != nil {
		return nil, err
	}
	return storepb.Play(resp.GetPlay()), nil
}

// HandOverPlay implements store.Plays.
func (s *Store) HandOverPlay(ctx context.Context, h store.HandOver) (time.Time, error) {
	req := &databasev1.HandOverPlayRequest{
		PlayId: h.ID, Generation: h.Generation, Stage: databasev1.Stage(h.Stage), Token: h.Token,
	}
	if h.CharacterID != 0 {
		req.CharacterId = h.CharacterID.String()
	}
	resp, err := s.auth.HandOverPlay(ctx, req)
	if err != nil {
		return time.Time{}, err
	}
	return resp.GetExpiresAt().AsTime(), nil
}

// AdmitPlay implements store.Plays.
func (s *Store) AdmitPlay(ctx context.Context, token uint32, digest store.Digest, stage store.Stage) (*store.Play, error) {
	resp, err := s.auth.AdmitPlay(ctx, &databasev1.AdmitPlayRequest{Token: token, Digest: digest[:], Stage: databasev1.Stage(stage)})
	if err != nil {
		return nil, err
	}
	return storepb.Play(resp.GetPlay()), nil
}

// RenewPlays implements store.Plays.
func (s *Store) RenewPlays(ctx context.Context, refs []store.PlayRef) ([]*store.Play, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	req := &databasev1.RenewPlaysRequest{}
	for _, r := range refs {
		req.Plays = append(req.Plays, storepb.RefPB(r))
	}
	resp, err := s.auth.RenewPlays(ctx, req)
	if err != nil {
		return nil, err
	}
	if n := len(resp.GetPlays()); n != len(refs) {
		return nil, fmt.Errorf("renew plays: %d answers for %d records", n, len(refs))
	}
	plays := make([]*store.Play, len(refs))
	for i, m := range resp.GetPlays() {
		plays[i] = storepb.Play(m)
	}
	return plays, nil
}

// EndedPlay implements store.Plays.
func (s *Store) EndedPlay(ctx context.Context, digest store.Digest, address string) (*store.Play, error) {
	resp, err := s.auth.GetEndedPlay(ctx, &databasev1.GetEndedPlayRequest{Digest: digest[:], Address: address})
	if err != nil {
		return nil, err
	}
	return storepb.Play(resp.GetPlay()), nil
}

// EndPlay implements store.Plays.
func (s *Store) EndPlay(ctx context.Context, ref store.PlayRef) error {
	_, err := s.auth.EndPlay(ctx, &databasev1.EndPlayRequest{Play: storepb.RefPB(ref)})
	return err
}
