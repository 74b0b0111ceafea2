-- +goose Up
ALTER TABLE game.attempt
    ADD COLUMN user_id text,
    ADD COLUMN user_created_at timestamptz;
CREATE INDEX attempt_person_idx ON game.attempt (user_id, user_created_at) WHERE user_id IS NOT NULL;
COMMENT ON COLUMN game.attempt.account IS '32 bytes. Where user_id is null, SHA-256 of the folded name as typed, which is nobody''s; otherwise SHA-256 of a digest of what is tried, of user_created_at in milliseconds (8 bytes, highest first) and of user_id. Empty in the count of a network.';
COMMENT ON COLUMN game.attempt.user_id IS 'Whom the tries were at; null in counts at a name that is nobody''s, and in those of a network.';
COMMENT ON COLUMN game.attempt.user_created_at IS 'When the website''s user was made, as in play; null with user_id.';

-- Where a name was known from does not say who had the name.
DELETE FROM game.attempt WHERE known_until IS NOT NULL;

-- +goose Down
DELETE FROM game.attempt WHERE user_id IS NOT NULL;
DROP INDEX game.attempt_person_idx;
ALTER TABLE game.attempt DROP COLUMN user_created_at, DROP COLUMN user_id;
COMMENT ON COLUMN game.attempt.account IS 'SHA-256 of the folded name as typed, 32 bytes, whether there is such an account or not; empty in the count of a network.';
