-- +goose Up

-- Generation that a newer sign-in waits for the end of, and since when. The
-- mark names its generation: whoever opens the next one without knowing of the
-- mark leaves it behind.
ALTER TABLE game_play ADD COLUMN closing_generation INTEGER;
ALTER TABLE game_play ADD COLUMN closing_since INTEGER;

-- +goose Down
ALTER TABLE game_play DROP COLUMN closing_since;
ALTER TABLE game_play DROP COLUMN closing_generation;
