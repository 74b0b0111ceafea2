-- +goose Up

-- What a reader sees of the name; names that look alike share one. NULL until
-- it is made, in Go: of rows from before, and of rows of a binary that does
-- not know the column.
ALTER TABLE game_character ADD COLUMN name_skeleton TEXT;
-- 0; 1 and up for a name that looks like one that was there, given when that
-- was not refused.
ALTER TABLE game_character ADD COLUMN name_twin INTEGER NOT NULL DEFAULT 0 CHECK (name_twin >= 0);

CREATE UNIQUE INDEX game_character_name_skeleton_key ON game_character (name_skeleton, name_twin);
CREATE INDEX game_character_no_skeleton_idx ON game_character (id) WHERE name_skeleton IS NULL;

-- +goose Down

DROP INDEX game_character_no_skeleton_idx;
DROP INDEX game_character_name_skeleton_key;
ALTER TABLE game_character DROP COLUMN name_twin;
ALTER TABLE game_character DROP COLUMN name_skeleton;
