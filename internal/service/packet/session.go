package packet

import (
	"context"
	"log/slog"

	"golang.org/x/time/rate"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// session is what the gateway knows of one connection. It belongs to the
// connection's reader.
type session struct {
	srv  *Server
	conn *connection.Conn

	failedLogins int
	waiting      *packets.LoginRequest   // login stage: a right secret, while an earlier play goes on; nil otherwise
	play         *play                   // nil before sign-in or join
	listed       []*databasev1.Character // world stage: the list sent last, by slot
	player       *player                 // game stage: nil before join
	belongings   belongings              // game stage: empty before join
	emotes       *rate.Limiter           // game stage: nil before the first emote
}

func (s *session) log() *slog.Logger {
	l := s.srv.log.With("remote", s.conn.Remote().String())
	if s.play != nil {
		l = l.With("user_id", s.play.userID)
	}
	return l
}

// call bounds a call to another part.
func (s *session) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.srv.cfg.BackendTimeout)
}

// closed releases what the connection held.
func (s *session) closed(r connection.Reason) {
	if s.player != nil {
		s.srv.world.leaveLater(s.player)
	}
	if s.play != nil {
		if s.srv.plays.detach(s.play, s.conn) {
			s.srv.end(s.play, r, endRecord)
		}
	}
}

// send queues a packet for the client.
func (s *session) send(p packets.Packet) { s.conn.Send(p) }

// backendFailed logs a failure of another part. A refusal with a reason that the
// gateway knows is no failure.
func (s *session) backendFailed(what string, err error) {
	level := slog.LevelDebug
	switch errs.KindOf(err) {
	case errs.Internal, errs.Unavailable, errs.DeadlineExceeded, errs.Unauthenticated, errs.ResourceExhausted:
		level = slog.LevelWarn
	default:
	}
	s.log().Log(context.Background(), level, "call refused", "call", what, "reason", errs.ReasonOf(err), "cause", err.Error())
}
