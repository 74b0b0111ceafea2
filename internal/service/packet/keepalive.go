package packet

import (
	"context"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// refreshInterval is how often the website's session behind a play is prolonged, if
// the website would. It is much shorter than sessions last, so that a session does
// not end before it is prolonged. It is long enough to cost almost nothing compared
// with the renewals in every KeepAliveInterval. A play is first due when it begins,
// because its session may be about to end.
const refreshInterval = 5 * time.Minute

// keepAlive renews the play records of open connections until ctx ends. It ends the
// plays that may not go on, and those to which no client will come back.
func (s *Server) keepAlive(ctx context.Context) {
	ticker := time.NewTicker(s.cfg.KeepAliveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.keepAliveOnce(ctx)
		}
	}
}

func (s *Server) keepAliveOnce(ctx context.Context) {
	renew, lapsed, stray := s.plays.due()
	for _, c := range stray {
		c.Close(connection.TimedOut)
	}
	s.renewAll(ctx, renew)
	for _, p := range lapsed {
		// The client may have continued at another gateway.
		s.end(p, connection.TimedOut, leaveAlone)
	}
}

// checkAtOnce checks plays without waiting for the next round, until ctx ends:
// plays that have just begun, and plays for which a change was reported.
func (s *Server) checkAtOnce(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.plays.news:
			s.renewAll(ctx, s.plays.takeUnchecked())
		}
	}
}

func (s *Server) renewAll(ctx context.Context, list []*play) {
	for len(list) > 0 {
		batch := list[:min(len(list), store.MaxBatch)]
		list = list[len(batch):]
		s.renew(ctx, batch)
	}
}

func (s *Server) renew(ctx context.Context, batch []*play) {
	// If one play of a batch is due, all are refreshed, so that plays that began
	// one after the other become due together.
	req := &authv1.KeepAliveRequest{Refresh: s.plays.dueForRefresh(batch)}
	for _, p := range batch {
		req.Plays = append(req.Plays, p.ref())
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.BackendTimeout)
	defer cancel()
	resp, err := s.auth.KeepAlive(ctx, req)
	if err != nil {
		// If the store cannot be reached, no play ends.
		if errs.KindOf(err) != errs.Canceled {
			s.log.Warn("play records could not be renewed", "plays", len(batch), "cause", err.Error())
		}
		return
	}
	if req.GetRefresh() {
		s.plays.noteRefreshed(batch)
	}
	for i, v := range resp.GetVerdicts() {
		if i < len(batch) && !v.GetAlive() {
			s.putOut(batch[i], v.GetReason())
		}
	}
}

// putOut ends a play that may not go on, with the reason of a verdict.
func (s *Server) putOut(p *play, verdict string) {
	if s.plays.isEnding(p) {
		return
	}
	s.log.Info("a player may not go on", "user_id", p.userID, "reason", verdict)
	s.end(p, verdictReason(verdict), verdict != store.ErrPlayNotFound.Reason)
}

func verdictReason(reason string) connection.Reason {
	switch reason {
	case store.ErrUserBanned.Reason:
		return connection.Banned
	case store.ErrPasswordChanged.Reason:
		return connection.PasswordChanged
	case store.ErrUserNotFound.Reason:
		return connection.Deleted
	case store.ErrPlayNotFound.Reason, store.ErrPlayClosing.Reason:
		return connection.TakenOver
	default:
		return connection.SessionOver
	}
}
