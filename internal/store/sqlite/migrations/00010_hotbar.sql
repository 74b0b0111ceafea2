-- +goose Up

-- What lies on the 32 places of the client's quick bar: two bytes for each,
-- lowest first, the kind in the lowest 5 bits and the index above; NULL when
-- nothing was ever put there.
ALTER TABLE game_character ADD COLUMN hotbar BLOB CHECK (length(hotbar) = 64);

-- A record is found by the secret that it was begun with; see FindPlay.
CREATE INDEX game_play_digest_idx ON game_play (digest);

-- +goose Down
DROP INDEX game_play_digest_idx;
ALTER TABLE game_character DROP COLUMN hotbar;
