package database

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Characters implements CharacterDbService.
type Characters struct {
	databasev1.UnimplementedCharacterDbServiceServer
	store store.Characters
}

// GetCharacter returns a character.
func (s *Characters) GetCharacter(ctx context.Context, r *databasev1.GetCharacterRequest) (*databasev1.GetCharacterResponse, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	c, err := s.store.GetCharacter(ctx, id, storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	return &databasev1.GetCharacterResponse{Character: storepb.CharacterPB(c)}, nil
}

// GetCharacterList returns a user's characters.
func (s *Characters) GetCharacterList(ctx context.Context, r *databasev1.GetCharacterListRequest) (*databasev1.GetCharacterListResponse, error) {
	list, err := s.store.ListCharacters(ctx, r.GetUserId(), r.GetIncludeDeleted(), storepb.Consistency(r.GetConsistency()))
	if err != nil {
		return nil, err
	}
	resp := &databasev1.GetCharacterListResponse{}
	for _, c := range list {
		resp.Characters = append(resp.Characters, storepb.CharacterPB(c))
	}
	return resp, nil
}

// CreateCharacter makes a character.
func (s *Characters) CreateCharacter(ctx context.Context, r *databasev1.CreateCharacterRequest) (*databasev1.CreateCharacterResponse, error) {
	look, err := storepb.Appearance(r.GetAppearance())
	if err != nil {
		return nil, err
	}
	state, err := storepb.State(r.GetState())
	if err != nil {
		return nil, err
	}
	items, err := storepb.Items(r.GetItems())
	if err != nil {
		return nil, err
	}
	c, err := s.store.CreateCharacter(ctx, store.NewCharacter{
		UserID: r.GetUserId(), Name: r.GetName(), Appearance: look, State: state, Items: items, Key: r.GetIdempotencyKey(),
	})
	if err != nil {
		return nil, err
	}
	return &databasev1.CreateCharacterResponse{Character: storepb.CharacterPB(c)}, nil
}

// DeleteCharacter marks a character for deletion.
func (s *Characters) DeleteCharacter(ctx context.Context, r *databasev1.DeleteCharacterRequest) (*databasev1.DeleteCharacterResponse, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	at, err := s.store.DeleteCharacter(ctx, id, r.GetUserId())
	if err != nil {
		return nil, err
	}
	return &databasev1.DeleteCharacterResponse{DeleteAt: timestamppb.New(at)}, nil
}

// RestoreCharacter removes the mark.
func (s *Characters) RestoreCharacter(ctx context.Context, r *databasev1.RestoreCharacterRequest) (*databasev1.RestoreCharacterResponse, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	c, err := s.store.RestoreCharacter(ctx, id, r.GetUserId())
	if err != nil {
		return nil, err
	}
	return &databasev1.RestoreCharacterResponse{Character: storepb.CharacterPB(c)}, nil
}

// SaveCharacters writes states.
func (s *Characters) SaveCharacters(ctx context.Context, r *databasev1.SaveCharactersRequest) (*databasev1.SaveCharactersResponse, error) {
	saves := make([]store.CharacterSave, 0, len(r.GetSaves()))
	for _, m := range r.GetSaves() {
		sv, err := storepb.Save(m)
		if err != nil {
			return nil, err
		}
		saves = append(saves, sv)
	}
	results, err := s.store.SaveCharacters(ctx, saves)
	if err != nil {
		return nil, err
	}
	resp := &databasev1.SaveCharactersResponse{}
	for _, res := range results {
		resp.Results = append(resp.Results, storepb.ResultPB(res))
	}
	return resp, nil
}
