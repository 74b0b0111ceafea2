-- +goose Up
ALTER TABLE game.character ADD COLUMN hotbar bytea
    CONSTRAINT character_hotbar_check CHECK (octet_length(hotbar) = 64);
COMMENT ON COLUMN game.character.hotbar IS 'What lies on the 32 places of the client''s quick bar: two bytes for each, lowest first, the kind in the lowest 5 bits and the index above; null when nothing was ever put there.';

-- A record is found by the secret that it was begun with.
CREATE INDEX play_digest_idx ON game.play (digest);

-- +goose Down
DROP INDEX game.play_digest_idx;
ALTER TABLE game.character DROP COLUMN hotbar;
