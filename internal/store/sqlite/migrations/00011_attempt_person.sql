-- +goose Up

-- Whom the tries were at, and when the website made that user, as in the other
-- tables; both NULL in counts at a name that is nobody's, and in those of a
-- network. Otherwise the account is SHA-256 of a digest of what is tried, of
-- user_created_at in 8 bytes, highest first, and of user_id.
ALTER TABLE game_attempt ADD COLUMN user_id TEXT;
ALTER TABLE game_attempt ADD COLUMN user_created_at INTEGER;
CREATE INDEX game_attempt_person_idx ON game_attempt (user_id, user_created_at) WHERE user_id IS NOT NULL;

-- Where a name was known from does not say who had the name.
DELETE FROM game_attempt WHERE known_until IS NOT NULL;

-- +goose Down
DELETE FROM game_attempt WHERE user_id IS NOT NULL;
DROP INDEX game_attempt_person_idx;
ALTER TABLE game_attempt DROP COLUMN user_created_at;
ALTER TABLE game_attempt DROP COLUMN user_id;
