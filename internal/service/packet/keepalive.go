package packet

import (
	"context"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// keepAlive renews the play records of open connections until ctx ends, closes
// the connections of players who may not go on, and ends the plays that nobody
// will come back to.
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
	renew, end, stray := s.plays.due()
	for _, c := range stray {
		c.Close(connection.TimedOut)
	}
	// Leases run out; the end of a play can wait.
	for len(renew) > 0 {
		batch := renew[:min(len(renew), store.MaxBatch)]
		renew = renew[len(batch):]
		s.renew(ctx, batch)
	}
	for _, p := range end {
		s.endPlay(ctx, p)
	}
}

func (s *Server) renew(ctx context.Context, batch []*play) {
	req := &authv1.KeepAliveRequest{}
	for _, p := range batch {
		req.Plays = append(req.Plays, p.ref())
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.BackendTimeout)
	defer cancel()
	resp, err := s.auth.KeepAlive(ctx, req)
	if err != nil {
		// A store that cannot be reached revokes nobody.
		if errs.KindOf(err) != errs.Canceled {
			s.log.Warn("play records could not be renewed", "plays", len(batch), "cause", err.Error())
		}
		return
	}
	for i, v := range resp.GetVerdicts() {
		if i >= len(batch) || v.GetAlive() {
			continue
		}
		reason := verdictReason(v.GetReason())
		s.log.Info("a player may not go on", "user_id", batch[i].userID, "reason", v.GetReason())
		for _, c := range s.plays.drop(batch[i]) {
			s.dismiss(c, reason)
		}
		if v.GetReason() != "PLAY_NOT_FOUND" {
			s.endPlay(ctx, batch[i])
		}
	}
}

func verdictReason(reason string) connection.Reason {
	switch reason {
	case "USER_BANNED":
		return connection.Banned
	case "PLAY_NOT_FOUND":
		return connection.TakenOver
	default:
		return connection.SessionOver
	}
}

func (s *Server) endPlay(ctx context.Context, p *play) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.BackendTimeout)
	defer cancel()
	if _, err := s.auth.EndPlay(ctx, &authv1.EndPlayRequest{
		Play: &databasev1.PlayRef{PlayId: p.id, Generation: p.generation},
	}); err != nil {
		s.log.Warn("a play record could not be ended; its lease will run out", "user_id", p.userID, "cause", err.Error())
	}
}
