package database

import (
	"context"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// encodedReads answers the most frequent reads with the bytes that the store
// has encoded already, instead of building and encoding a message each time.
type encodedReads struct {
	store  storepb.Encoded
	tokens tokens
}

func (s *encodedReads) getUser(ctx context.Context, r *databasev1.GetUserRequest) (*storepb.Reply, error) {
	user, err := s.store.EncodedUser(ctx, r.GetUserId(), storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return storepb.UserReply(user), nil
}

func (s *encodedReads) getSession(ctx context.Context, r *databasev1.GetSessionRequest) (*storepb.Reply, error) {
	token, ok := s.tokens.read(r.GetToken())
	if !ok {
		return nil, store.ErrSessionNotFound
	}
	joined, err := s.store.EncodedSession(ctx, token, storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return storepb.SessionReply(joined), nil
}

func (s *encodedReads) getCharacter(ctx context.Context, r *databasev1.GetCharacterRequest) (*storepb.Reply, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	character, err := s.store.EncodedCharacter(ctx, id, storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return storepb.CharacterReply(character), nil
}
