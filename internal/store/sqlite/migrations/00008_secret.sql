-- +goose Up

-- Both engines have the same tables. Here it stays empty: no process shares its
-- cache with another, and the feed needs no triggers.
CREATE TABLE game_secret (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL DEFAULT (randomblob(32)) CHECK (length(value) = 32),
    previous BLOB CHECK (length(previous) = 32)
) STRICT;

-- +goose Down
DROP TABLE game_secret;
