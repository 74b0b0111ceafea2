-- +goose Up
-- Rows of before, and rows of a binary that does not know the column, have no
-- skeleton until a binary that does makes it: what looks alike is decided in
-- one place, in Go.
ALTER TABLE game.character
    ADD COLUMN name_skeleton text,
    ADD COLUMN name_twin integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT character_name_skeleton_key UNIQUE (name_skeleton, name_twin),
    ADD CONSTRAINT character_name_twin_check CHECK (name_twin >= 0);
CREATE INDEX character_no_skeleton_idx ON game.character (id) WHERE name_skeleton IS NULL;

COMMENT ON COLUMN game.character.name_skeleton IS 'What a reader sees of the name; names that look alike share one. Null until it is made.';
COMMENT ON COLUMN game.character.name_twin IS '0; 1 and up for a name that looks like one that was there, given when that was not refused.';

-- +goose Down
DROP INDEX game.character_no_skeleton_idx;
ALTER TABLE game.character DROP COLUMN name_twin, DROP COLUMN name_skeleton;
