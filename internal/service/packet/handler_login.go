package packet

import (
	"context"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// What ordinary players are told about themselves.
const (
	rightsPlayer   = 0x800
	payEverything  = 0xff
	serverID       = 0
	channelID      = 1
	channelHighAge = 100
)

// handleAccept answers the client's greeting.
func handleAccept(_ context.Context, s *session, _ *packets.AcceptRequest) error {
	s.conn.SetState(loginAccepted)
	s.send(&packets.NetworkStatus{Status: packets.StatusAccepted, SequenceID: s.srv.nextSequence()})
	return nil
}

// handleLogin signs the player in. A refused player may try again, a few
// times.
func handleLogin(ctx context.Context, s *session, p *packets.LoginRequest) error {
	ctx, cancel := s.call(ctx)
	defer cancel()
	resp, err := s.srv.auth.Login(ctx, &authv1.LoginRequest{
		UserName: p.User,
		Secret:   string(p.Secret),
		Address:  s.conn.Remote().Addr().String(),
	})
	if err != nil {
		s.backendFailed("login", err)
		s.send(&packets.LoginReply{Result: loginResult(err)})
		if s.failedLogins++; s.failedLogins >= s.srv.cfg.LoginAttempts {
			s.conn.Finish(connection.Refused)
		}
		return nil
	}
	s.attach(resp.GetPlay())
	s.conn.SetState(loginSigned)
	s.send(&packets.LoginReply{
		Result: packets.LoginOK, Rights: rightsPlayer, PayType: payEverything,
		// The client takes the first character of the name as a mark of the
		// server's kind and does not show it.
		Servers: []packets.ServerEntry{{Name: "_" + s.srv.cfg.ServerName, ID: serverID}},
	})
	return nil
}

// attach binds the connection to its play record and ends what it supersedes.
func (s *session) attach(rec *databasev1.Play) {
	p, superseded := s.srv.plays.attach(rec, s.conn)
	s.play = p
	for _, c := range superseded {
		s.srv.dismiss(c, connection.TakenOver)
	}
}
