package auth

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"

	"google.golang.org/protobuf/types/known/timestamppb"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// tokenTries bounds the search for a token that no other handover uses. If
// 100,000 players change stage at the same time, a random token is taken once
// in 43,000 times.
const tokenTries = 8

// HandOver returns the token for the next stage. If a random token is in use,
// it draws another one, at most tokenTries in all. Then it returns ErrNoToken.
func (s *Server) HandOver(ctx context.Context, r *authv1.HandOverRequest) (*authv1.HandOverResponse, error) {
	h := store.HandOver{
		PlayRef: store.PlayRef{ID: r.GetPlayId(), Generation: r.GetGeneration()},
		Stage:   store.Stage(r.GetStage()), //nolint:gosec // 2 or 3 by the rule of the proto
	}
	if h.Stage == store.StageGame {
		id, err := store.ParseCharacterID(r.GetCharacterId())
		if err != nil {
			return nil, errs.Invalid("character_id", "must name the character for the game stage")
		}
		h.CharacterID = id
	}
	var err error
	for range tokenTries {
		h.Token = newToken()
		expires, e := s.store.HandOverPlay(ctx, h)
		if e == nil {
			return &authv1.HandOverResponse{Token: h.Token, ExpiresAt: timestamppb.New(expires)}, nil
		}
		if !errors.Is(e, store.ErrTokenTaken) {
			return nil, e
		}
		err = e
	}
	return nil, ErrNoToken.Wrap(err)
}

// newToken returns a random number that is not 0.
func newToken() uint32 {
	var b [4]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if n := binary.LittleEndian.Uint32(b[:]); n != 0 {
			return n
		}
	}
}

// Join admits a player to a stage. If Config.BindAddress is set, a join from
// another address is refused and uses the token up: somebody else knew both
// token and secret, so the player has to sign in again.
func (s *Server) Join(ctx context.Context, r *authv1.JoinRequest) (*authv1.JoinResponse, error) {
	from, err := parseAddress(r.GetAddress())
	if err != nil {
		return nil, err
	}
	play, err := s.join(ctx, r, from)
	s.metrics.joins.WithLabelValues(result(err)).Inc()
	if err != nil {
		s.refused(ctx, "join refused", err, slog.String("stage", r.GetStage().String()), slog.String("address", from.String()))
		return nil, err
	}
	return &authv1.JoinResponse{Play: storepb.PlayPB(play)}, nil
}

func (s *Server) join(ctx context.Context, r *authv1.JoinRequest, from netip.Addr) (*store.Play, error) {
	stage := store.Stage(r.GetStage()) //nolint:gosec // 2 or 3 by the rule of the proto
	play, err := s.store.AdmitPlay(ctx, r.GetToken(), store.DigestOf(r.GetSecret()), stage)
	if err != nil {
		return nil, err
	}
	if s.cfg.BindAddress && play.Address != from.String() {
		return nil, store.ErrJoinRefused.With("the player signed in from another address")
	}
	return play, nil
}
