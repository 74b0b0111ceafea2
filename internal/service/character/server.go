package character

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Store is what the character part needs of the storage contract. Saving
// belongs to the world.
type Store interface {
	GetCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*store.Character, error)
	ListCharacters(ctx context.Context, userID string, includeDeleted bool, c store.Consistency) ([]*store.Character, error)
	CreateCharacter(ctx context.Context, n store.NewCharacter) (*store.Character, error)
	DeleteCharacter(ctx context.Context, id store.CharacterID, userID string) (time.Time, error)
	RestoreCharacter(ctx context.Context, id store.CharacterID, userID string) (*store.Character, error)
}

// Deps is what the character part is given.
type Deps struct {
	Log   *slog.Logger // nil for none
	Store Store
	World *data.Data // the world in which characters start
}

// Server implements CharacterService. It is safe for concurrent use and has
// nothing to close.
type Server struct {
	characterv1.UnimplementedCharacterServiceServer
	log   *slog.Logger
	store Store
	rules *rules
	start *start
	words []word
}

// New reads the files and returns the character part. It fails when a
// dependency is missing, and when a file is not in order: the error has a line
// for each mistake, with the file and the line or the field.
func New(c Config, d Deps) (*Server, error) {
	if d.Store == nil || d.World == nil {
		return nil, errors.New("character: Deps.Store and Deps.World are needed")
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{log: d.Log, store: d.Store}
	var rulesErr, startErr, wordsErr error
	s.rules, rulesErr = loadRules(c.RulesFile)
	s.start, startErr = loadStart(c.StartFile, d.World)
	s.words, wordsErr = loadWords(c.WordsFile)
	if err := errors.Join(rulesErr, startErr, wordsErr); err != nil {
		return nil, err
	}
	if c.WordsFile != "" {
		s.log.Info("names are held against a list of words", slog.String("file", c.WordsFile), slog.Int("words", len(s.words)))
	}
	return s, nil
}

// ListCharacters lists a user's characters, marked ones included. It asks for
// the freshest answer, so that the list after a change has the change.
func (s *Server) ListCharacters(ctx context.Context, r *characterv1.ListCharactersRequest) (*characterv1.ListCharactersResponse, error) {
	list, err := s.store.ListCharacters(ctx, r.GetUserId(), true, store.Fresh)
	if err != nil {
		return nil, err
	}
	resp := &characterv1.ListCharactersResponse{}
	for _, c := range list {
		resp.Characters = append(resp.Characters, storepb.CharacterPB(c))
	}
	return resp, nil
}

// CreateCharacter makes a character.
func (s *Server) CreateCharacter(ctx context.Context, r *characterv1.CreateCharacterRequest) (*characterv1.CreateCharacterResponse, error) {
	n, err := s.newCharacter(r)
	if err != nil {
		return nil, err
	}
	c, err := s.store.CreateCharacter(ctx, n)
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "character created", slog.String("user_id", c.UserID), slog.String("character_id", c.ID.String()))
	return &characterv1.CreateCharacterResponse{Character: storepb.CharacterPB(c)}, nil
}

// newCharacter holds a request to the rules.
func (s *Server) newCharacter(r *characterv1.CreateCharacterRequest) (store.NewCharacter, error) {
	n := store.NewCharacter{UserID: r.GetUserId(), Name: r.GetName(), Key: r.GetIdempotencyKey()}
	if err := checkName(n.Name, s.rules.reserved, s.words); err != nil {
		return n, err
	}
	look, err := storepb.Appearance(r.GetAppearance())
	if err != nil {
		e := errs.Of(err)
		return n, invalidAppearance(e.Field, e.Msg)
	}
	if err := s.rules.checkAppearance(look); err != nil {
		return n, err
	}
	state, ok := s.start.at(r.GetStartPoint())
	if !ok {
		return n, errs.Invalid("start_point", fmt.Sprintf("must be 0 to %d", len(s.start.Points)-1))
	}
	n.Appearance, n.State, n.Items = look, state, s.start.items[look.Gender]
	return n, nil
}

// DeleteCharacter marks a character for deletion.
func (s *Server) DeleteCharacter(ctx context.Context, r *characterv1.DeleteCharacterRequest) (*characterv1.DeleteCharacterResponse, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	at, err := s.store.DeleteCharacter(ctx, id, r.GetUserId())
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "character marked for deletion", slog.String("user_id", r.GetUserId()), slog.String("character_id", id.String()))
	return &characterv1.DeleteCharacterResponse{DeleteAt: timestamppb.New(at)}, nil
}

// RestoreCharacter takes the mark away.
func (s *Server) RestoreCharacter(ctx context.Context, r *characterv1.RestoreCharacterRequest) (*characterv1.RestoreCharacterResponse, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	c, err := s.store.RestoreCharacter(ctx, id, r.GetUserId())
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "character restored", slog.String("user_id", r.GetUserId()), slog.String("character_id", id.String()))
	return &characterv1.RestoreCharacterResponse{Character: storepb.CharacterPB(c)}, nil
}

// SelectCharacter returns a character that its owner may play. Somebody else's
// is not found, so that ids tell nothing.
func (s *Server) SelectCharacter(ctx context.Context, r *characterv1.SelectCharacterRequest) (*characterv1.SelectCharacterResponse, error) {
	id, err := store.ParseCharacterID(r.GetCharacterId())
	if err != nil {
		return nil, err
	}
	c, err := s.store.GetCharacter(ctx, id, store.Fresh)
	switch {
	case err != nil:
		return nil, err
	case c.UserID != r.GetUserId():
		return nil, store.ErrCharacterNotFound
	case !c.DeleteAt.IsZero():
		return nil, store.ErrAlreadyDeleted
	}
	return &characterv1.SelectCharacterResponse{Character: storepb.CharacterPB(c), BasicSkills: s.start.basic}, nil
}
