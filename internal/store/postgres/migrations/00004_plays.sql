-- +goose Up
-- The mark names the generation that it is of: whoever opens the next one
-- without knowing of the mark leaves it behind.
ALTER TABLE game.play
    ADD COLUMN closing_generation bigint,
    ADD COLUMN closing_since timestamptz,
    ADD CONSTRAINT play_closing_check CHECK ((closing_generation IS NULL) = (closing_since IS NULL));
COMMENT ON COLUMN game.play.closing_generation IS 'Generation that a newer sign-in waits for the end of; a mark of an earlier generation means nothing.';
COMMENT ON COLUMN game.play.closing_since IS 'Since when it waits.';

-- +goose Down
ALTER TABLE game.play DROP COLUMN closing_generation, DROP COLUMN closing_since;
