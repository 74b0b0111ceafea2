-- +goose Up

-- Tells the passwords as they were when the record began from changed ones, and
-- the generation that it is of: whoever opens the next one without knowing of
-- the stamp leaves it behind.
ALTER TABLE game_play ADD COLUMN password_stamp TEXT;
ALTER TABLE game_play ADD COLUMN stamp_generation INTEGER;

-- +goose Down
ALTER TABLE game_play DROP COLUMN stamp_generation;
ALTER TABLE game_play DROP COLUMN password_stamp;
