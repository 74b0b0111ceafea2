package packet

import (
	"context"
	"fmt"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// defaultSaveWait is how long the end of a play waits for the world to save the
// player. It is shorter than the time for which a new sign-in waits for that end.
// If the world cannot be reached, there is no wait.
const defaultSaveWait = store.PlayClosingLimit - 2*time.Second

// What happens to the record of a play that ends here.
const (
	endRecord  = true
	leaveAlone = false // it has ended already, was taken over, or may go on at another gateway
)

// end ends a play. Its connections get the reason and are closed, the world saves
// and removes the player, and only then is the record ended, so that the next
// sign-in finds what was saved. end does not wait; the play has ended when its
// channel is closed. Only the first end of a play counts.
func (s *Server) end(p *play, why connection.Reason, record bool) {
	conns, first := s.plays.end(p)
	if !first {
		return
	}
	for _, c := range conns {
		s.dismiss(c, why)
	}
	// This does not wait for the connections: a client may be slow to close.
	leaving := s.world.takeOut(p)
	s.endings.Go(func() {
		defer s.plays.forget(p)
		timeout := time.NewTimer(s.saveWait)
		defer timeout.Stop()
		for _, pl := range leaving {
			select {
			case <-pl.left:
			case <-timeout.C:
				s.log.Warn("the world has not saved a player in time; the play record is ended without it",
					"user_id", p.userID, "after", s.saveWait)
				timeout.Reset(0) // nor is the next one waited for
			}
		}
		if record {
			s.endRecord(p)
		}
	})
}

// endRecord ends the record, even if the caller's context ends meanwhile.
func (s *Server) endRecord(p *play) {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.BackendTimeout)
	defer cancel()
	if _, err := s.auth.EndPlay(ctx, &authv1.EndPlayRequest{Play: p.ref()}); err != nil {
		s.log.Warn("a play record could not be ended; it ends when its lease expires", "user_id", p.userID, "cause", err.Error())
	}
}

// awaitEndings waits until every play that is ending now has ended.
func (s *Server) awaitEndings(ctx context.Context) error {
	for _, p := range s.plays.all() {
		if !s.plays.isEnding(p) {
			continue
		}
		select {
		case <-p.ended:
		case <-ctx.Done():
			return fmt.Errorf("wait for the play records to be ended: %w", ctx.Err())
		}
	}
	return nil
}
