package auth

import (
	"context"
	"log/slog"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// KeepAlive renews play records, prolongs their sessions if the request asks
// for it, and returns a verdict on each player, in the order of the request. If
// a newer sign-in waits for a record, the verdict is PLAY_CLOSING. A store that
// cannot be reached is an error for the whole call and never a verdict: nobody
// is disconnected because the store is away.
func (s *Server) KeepAlive(ctx context.Context, r *authv1.KeepAliveRequest) (*authv1.KeepAliveResponse, error) {
	refs := make([]store.PlayRef, len(r.GetPlays()))
	for i, m := range r.GetPlays() {
		refs[i] = storepb.Ref(m)
	}
	plays, err := s.store.RenewPlays(ctx, refs)
	if err != nil {
		return nil, err
	}
	resp := &authv1.KeepAliveResponse{Verdicts: make([]*authv1.PlayVerdict, len(plays))}
	subjects := make([]store.SessionSubject, 0, len(plays))
	at := make([]int, 0, len(plays)) // index of the verdict on each subject
	for i, p := range plays {
		if p == nil {
			resp.Verdicts[i] = &authv1.PlayVerdict{Reason: store.ErrPlayNotFound.Reason}
			continue
		}
		subjects = append(subjects, p.Subject())
		at = append(at, i)
	}
	if len(subjects) == 0 {
		return resp, nil
	}
	if r.GetRefresh() {
		s.refreshSessions(ctx, plays)
	}
	verdicts, err := store.CheckPlayers(ctx, s.store, subjects)
	if err != nil {
		return nil, err
	}
	for j, v := range verdicts {
		if v == nil && plays[at[j]].Closing {
			v = store.ErrPlayClosing
		}
		resp.Verdicts[at[j]] = &authv1.PlayVerdict{Alive: v == nil, Reason: errs.ReasonOf(v)}
	}
	return resp, nil
}

// refreshSessions prolongs the sessions of plays that go on. The session of a
// play that the following verdict ends may be prolonged too, as the website
// does with every session that is still used. A failure is logged and is no
// verdict: the next attempt comes early enough.
func (s *Server) refreshSessions(ctx context.Context, plays []*store.Play) {
	var ids []string
	for _, p := range plays {
		if p != nil && p.SessionID != "" && !p.Closing {
			ids = append(ids, p.SessionID)
		}
	}
	if len(ids) == 0 {
		return
	}
	refreshed, err := s.store.RefreshSessions(ctx, ids)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "sessions of players could not be prolonged", slog.Int("sessions", len(ids)), slog.Any("error", err))
		return
	}
	if len(refreshed) > 0 {
		s.log.LogAttrs(ctx, slog.LevelDebug, "sessions of players were prolonged", slog.Int("sessions", len(refreshed)))
	}
}

// EndPlay ends a play record. If the record is gone or newer, it does nothing.
func (s *Server) EndPlay(ctx context.Context, r *authv1.EndPlayRequest) (*authv1.EndPlayResponse, error) {
	if err := s.store.EndPlay(ctx, storepb.Ref(r.GetPlay())); err != nil {
		return nil, err
	}
	return &authv1.EndPlayResponse{}, nil
}
