package packet

import (
	"context"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Rights and payment of an ordinary player, as the client gets them.
const (
	rightsPlayer   = 0x800
	payEverything  = 0xff
	serverID       = 0
	channelID      = 1
	channelHighAge = 100
)

// loginWait is how much longer than other calls a sign-in may take: auth waits that
// long for the end of an earlier play.
const loginWait = store.PlayClosingLimit + 2*time.Second

// handleAccept answers the client's first packet.
func handleAccept(_ context.Context, s *session, _ *packets.AcceptRequest) error {
	s.conn.SetState(loginAccepted)
	s.send(&packets.NetworkStatus{Status: packets.StatusAccepted, SequenceID: s.srv.nextSequence()})
	return nil
}

// handleLogin signs the player in. If the player has an earlier play, it only
// checks that the secret is right: the earlier play ends when the player goes on to
// the world stage. After a refusal the player may try again, a few times.
func handleLogin(ctx context.Context, s *session, p *packets.LoginRequest) error {
	rec, err := s.login(ctx, p, true)
	if err != nil {
		s.backendFailed("login", err)
		s.refuseLogin(loginResult(err))
		return nil
	}
	if rec == nil {
		s.waiting = p
	} else if !s.attach(rec) {
		s.send(&packets.LoginReply{Result: packets.LoginFailed})
		s.conn.Finish(connection.Refused)
		return nil
	}
	s.conn.SetState(loginSigned)
	s.send(&packets.LoginReply{
		Result: packets.LoginOK, Rights: rightsPlayer, PayType: payEverything,
		// The client takes the first character of the name as a mark of the
		// server's kind and does not show it.
		Servers: []packets.ServerEntry{{Name: "_" + s.srv.cfg.ServerName, ID: serverID}},
	})
	return nil
}

// login returns the play record of a sign-in; nil if an earlier play goes on.
func (s *session) login(ctx context.Context, p *packets.LoginRequest, keepEarlier bool) (*databasev1.Play, error) {
	var resp *authv1.LoginResponse
	gate := s.signIn
	if !keepEarlier {
		gate = s.takeOver
	}
	err := gate(ctx, s.srv.cfg.BackendTimeout+loginWait, func(ctx context.Context) (err error) {
		resp, err = s.srv.auth.Login(ctx, &authv1.LoginRequest{
			UserName:    p.User,
			Secret:      string(p.Secret),
			Address:     s.conn.Remote().Addr().String(),
			KeepEarlier: keepEarlier,
		})
		return err
	})
	return resp.GetPlay(), err
}

// endEarlier signs in a player who has an earlier play, and ends that play. It
// returns false if this failed; the player may try again.
func (s *session) endEarlier(ctx context.Context) bool {
	rec, err := s.login(ctx, s.waiting, false)
	if err != nil {
		s.backendFailed("login", err)
		return false
	}
	if !s.attach(rec) {
		return false
	}
	s.waiting = nil
	return true
}

// refuseLogin lets the player try again, a few times.
func (s *session) refuseLogin(result uint8) {
	s.send(&packets.LoginReply{Result: result})
	if s.failedLogins++; s.failedLogins >= s.srv.cfg.LoginAttempts {
		s.conn.Finish(connection.Refused)
	}
}

// attach binds the connection to its play record and ends what it supersedes.
// It reports false when the play is about to end.
func (s *session) attach(rec *databasev1.Play) bool {
	a := s.srv.plays.attach(rec, s.conn)
	if a.play == nil {
		return false
	}
	s.play = a.play
	if a.former != nil {
		s.srv.dismiss(a.former, connection.TakenOver)
	}
	for _, p := range a.earlier {
		s.srv.end(p, connection.TakenOver, leaveAlone)
	}
	return true
}
