-- +goose Up
-- Nothing of this may stand in the text of a function, a comment or a log: those
-- are readable by whoever may connect.
CREATE TABLE game.secret (
    name text NOT NULL,
    value bytea NOT NULL DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
    previous bytea,
    CONSTRAINT secret_pkey PRIMARY KEY (name),
    CONSTRAINT secret_value_check CHECK (octet_length(value) = 32),
    CONSTRAINT secret_previous_check CHECK (octet_length(previous) = 32)
);
REVOKE ALL ON game.secret FROM PUBLIC;
INSERT INTO game.secret (name) VALUES ('cache'), ('feed');

COMMENT ON TABLE game.secret IS 'Random values that only roles with the right to read this table know.';
COMMENT ON COLUMN game.secret.name IS 'What it is for: cache signs the values in Redis, feed names the channel of the change feed''s triggers.';
COMMENT ON COLUMN game.secret.value IS 'The secret, 32 random bytes.';
COMMENT ON COLUMN game.secret.previous IS 'Of feed, the value before this one, to which the feed listens as well; null before the first change of it.';

-- +goose Down
DROP TABLE game.secret;
