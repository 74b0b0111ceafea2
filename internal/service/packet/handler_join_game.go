package packet

import (
	"context"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/packet/connection"
)

// handleJoinGame lets a player join the game stage and sends the client its
// character.
func handleJoinGame(ctx context.Context, s *session, p *packets.JoinRequest) error {
	rec, err := s.join(ctx, p, databasev1.Stage_STAGE_GAME)
	if err != nil {
		s.send(&packets.JoinReply{Result: joinResult(err)})
		s.conn.Finish(connection.Refused)
		return nil
	}
	var (
		player *player
		joined *worldv1.Joined
	)
	err = s.step(ctx, func(ctx context.Context) (err error) {
		player, joined, err = s.srv.world.join(ctx, s.conn, s.play, rec.GetCharacterId())
		return err
	})
	if err != nil {
		s.backendFailed("join world", err)
		s.send(&packets.JoinReply{Result: joinResult(err)})
		s.conn.Finish(connection.WorldRefused)
		return nil
	}
	c := joined.GetCharacter()
	inv := inventory(c)
	s.player, s.belongings = player, belongingsOf(c, inv)
	s.conn.SetState(gameJoined)
	s.send(&packets.JoinReply{Result: packets.JoinOK, SequenceID: s.srv.nextSequence(), PayFlags: payEverything})
	s.send(characterData(c, s.srv.plays.basicSkills(s.play)))
	s.send(inv)
	s.send(&packets.QuestData{})
	return nil
}

// handleJoinZone puts the player into the zone. The world's answer, and what is in
// sight, come through the link.
func handleJoinZone(_ context.Context, s *session, _ *packets.JoinZoneRequest) error {
	s.conn.SetState(gameEntering)
	if !s.srv.world.send(s.player, &worldv1.ConnectRequest{Message: &worldv1.ConnectRequest_Enter{Enter: &worldv1.Enter{}}}) {
		return connection.End(connection.Backend, "the world cannot be reached")
	}
	return nil
}
