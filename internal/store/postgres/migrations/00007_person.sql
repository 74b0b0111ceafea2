-- +goose Up
-- An id of the website may be given out again. A row is a person's: of the user
-- with the id who was made at user_created_at. Null in rows of before, and in
-- those of a binary that does not know the column, until one that does fills it
-- in: the website's table has names that are known only when it runs.
ALTER TABLE game.character
    ADD COLUMN user_created_at timestamptz,
    ADD COLUMN sweep_delete_at timestamptz;
ALTER TABLE game.account ADD COLUMN user_created_at timestamptz;
ALTER TABLE game.play ADD COLUMN user_created_at timestamptz;
ALTER TABLE game.ticket ADD COLUMN user_created_at timestamptz;

ALTER TABLE game.character DROP CONSTRAINT character_slot_key, DROP CONSTRAINT character_create_key;
CREATE UNIQUE INDEX character_slot_key ON game.character (user_id, COALESCE(user_created_at, '-infinity'), slot);
CREATE UNIQUE INDEX character_create_key ON game.character (user_id, COALESCE(user_created_at, '-infinity'), create_key);
CREATE INDEX character_no_person_idx ON game.character (id) WHERE user_created_at IS NULL;

COMMENT ON COLUMN game.character.user_created_at IS 'When the website''s user was made: another user of the same id is another person. Null until a user of the id is seen who can be the owner.';
COMMENT ON COLUMN game.character.sweep_delete_at IS 'What delete_at was set to by the sweep, because the owner was gone. A mark is the sweep''s own where both are equal, and is taken back when the owner is there again.';
COMMENT ON COLUMN game.character.slot IS 'Place in the owner''s list, 0 to 4; unique for each person.';
COMMENT ON COLUMN game.character.create_key IS 'Idempotency key of the creation; unique for each person.';
COMMENT ON COLUMN game.account.user_created_at IS 'When the website''s user was made, as in character.';
COMMENT ON COLUMN game.play.user_created_at IS 'When the website''s user was made, as in character; the year 1 where there was none. The next person of the id takes the row over.';
COMMENT ON COLUMN game.ticket.user_created_at IS 'When the website''s user was made, as in play.';

-- Generations are told apart by the id alone, elsewhere and for as long as a
-- process lives: a record that was removed must not begin again at 1.
CREATE TABLE game.sweep (
    id smallint NOT NULL CONSTRAINT sweep_pkey PRIMARY KEY CONSTRAINT sweep_id_check CHECK (id = 1),
    generation bigint NOT NULL
);
INSERT INTO game.sweep (id, generation) VALUES (1, 0);

COMMENT ON TABLE game.sweep IS 'What is kept of the play records that the sweep removed: one row.';
COMMENT ON COLUMN game.sweep.id IS 'Always 1.';
COMMENT ON COLUMN game.sweep.generation IS 'The highest generation among them; a user''s first record begins above it.';

-- +goose Down
DROP TABLE game.sweep;
COMMENT ON COLUMN game.character.slot IS 'Place in the owner''s list, 0 to 4.';
COMMENT ON COLUMN game.character.create_key IS 'Idempotency key of the creation; unique for each user.';
DROP INDEX game.character_no_person_idx, game.character_create_key, game.character_slot_key;
ALTER TABLE game.ticket DROP COLUMN user_created_at;
ALTER TABLE game.play DROP COLUMN user_created_at;
ALTER TABLE game.account DROP COLUMN user_created_at;
ALTER TABLE game.character DROP COLUMN sweep_delete_at, DROP COLUMN user_created_at;
ALTER TABLE game.character
    ADD CONSTRAINT character_slot_key UNIQUE (user_id, slot),
    ADD CONSTRAINT character_create_key UNIQUE (user_id, create_key);
