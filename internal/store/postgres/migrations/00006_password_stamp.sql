-- +goose Up
-- The stamp names the generation that it is of: whoever opens the next one
-- without knowing of the stamp leaves it behind.
ALTER TABLE game.play
    ADD COLUMN password_stamp text,
    ADD COLUMN stamp_generation bigint,
    ADD CONSTRAINT play_stamp_check CHECK ((password_stamp IS NULL) = (stamp_generation IS NULL));
COMMENT ON COLUMN game.play.password_stamp IS 'Tells the passwords as they were when the record began from changed ones: digests of the website''s rows that hold the user''s password (of their ids and times of change) and, for a sign-in by game password, of that one''s hash. Empty where nothing is known.';
COMMENT ON COLUMN game.play.stamp_generation IS 'Generation that the stamp is of; a stamp of an earlier generation means nothing.';

-- +goose Down
ALTER TABLE game.play DROP COLUMN password_stamp, DROP COLUMN stamp_generation;
