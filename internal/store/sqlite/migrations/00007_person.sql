-- An id of the website may be given out again. A row is a person's: of the user
-- with the id who was made at user_created_at (milliseconds since 1970). NULL in
-- rows of before, and in those of a binary that does not know the column, until
-- one that does fills it in.

-- +goose Up

-- A constraint of a table cannot be dropped, so characters and items move to
-- new tables. The old ones are renamed first, which leads the items to the old
-- characters, and dropped when nothing leads to them any more: otherwise the
-- drop of the characters would delete the items.
DROP TRIGGER game_character_money_update;
DROP TRIGGER game_character_money_insert;
DROP INDEX game_character_no_skeleton_idx;
DROP INDEX game_character_name_skeleton_key;
DROP INDEX game_character_delete_at_idx;
ALTER TABLE game_character RENAME TO game_character_before;
ALTER TABLE game_item RENAME TO game_item_before;

-- Characters of players. A row marked for deletion keeps its name, and its slot
-- in its owner's list, until the purge removes it. The columns are explained in
-- docs/schema.md.
CREATE TABLE game_character (
    -- Known to the client as the unique id (32 bits); never used twice.
    id            INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
    user_id       TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    name_key      TEXT    NOT NULL,
    slot          INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 4),
    gender        INTEGER NOT NULL CHECK (gender BETWEEN 0 AND 255),
    birth_stone   INTEGER NOT NULL CHECK (birth_stone BETWEEN 0 AND 255),
    hair          INTEGER NOT NULL CHECK (hair BETWEEN 0 AND 255),
    face          INTEGER NOT NULL CHECK (face BETWEEN 0 AND 255),
    zone          INTEGER NOT NULL CHECK (zone BETWEEN 0 AND 65535),
    x             REAL    NOT NULL,
    y             REAL    NOT NULL,
    revive_zone   INTEGER NOT NULL CHECK (revive_zone BETWEEN 0 AND 65535),
    job           INTEGER NOT NULL CHECK (job BETWEEN 0 AND 65535),
    level         INTEGER NOT NULL CHECK (level BETWEEN 0 AND 65535),
    xp            INTEGER NOT NULL CHECK (xp BETWEEN 0 AND 4294967295),
    hp            INTEGER NOT NULL CHECK (hp BETWEEN 0 AND 4294967295),
    mp            INTEGER NOT NULL CHECK (mp BETWEEN 0 AND 4294967295),
    strength      INTEGER NOT NULL CHECK (strength BETWEEN 0 AND 65535),
    dexterity     INTEGER NOT NULL CHECK (dexterity BETWEEN 0 AND 65535),
    intelligence  INTEGER NOT NULL CHECK (intelligence BETWEEN 0 AND 65535),
    concentration INTEGER NOT NULL CHECK (concentration BETWEEN 0 AND 65535),
    charm         INTEGER NOT NULL CHECK (charm BETWEEN 0 AND 65535),
    sense         INTEGER NOT NULL CHECK (sense BETWEEN 0 AND 65535),
    stat_points   INTEGER NOT NULL CHECK (stat_points BETWEEN 0 AND 65535),
    skill_points  INTEGER NOT NULL CHECK (skill_points BETWEEN 0 AND 65535),
    stamina       INTEGER NOT NULL CHECK (stamina BETWEEN 0 AND 65535),
    money         INTEGER NOT NULL CHECK (money BETWEEN 0 AND 999999999999999),
    version       INTEGER NOT NULL CHECK (version >= 1),
    create_key    TEXT    NOT NULL,
    last_save_key TEXT,
    delete_at     INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    name_skeleton TEXT,
    name_twin     INTEGER NOT NULL DEFAULT 0 CHECK (name_twin >= 0),
    -- When the website's user was made.
    user_created_at INTEGER,
    -- What the sweep set delete_at to; a mark is its own where both are equal.
    sweep_delete_at INTEGER,
    CONSTRAINT game_character_name_key UNIQUE (name_key)
);
INSERT INTO game_character (
    id, user_id, name, name_key, slot, gender, birth_stone, hair, face,
    zone, x, y, revive_zone, job, level, xp, hp, mp,
    strength, dexterity, intelligence, concentration, charm, sense,
    stat_points, skill_points, stamina, money, version, create_key, last_save_key,
    delete_at, created_at, updated_at, name_skeleton, name_twin
) SELECT
    id, user_id, name, name_key, slot, gender, birth_stone, hair, face,
    zone, x, y, revive_zone, job, level, xp, hp, mp,
    strength, dexterity, intelligence, concentration, charm, sense,
    stat_points, skill_points, stamina, money, version, create_key, last_save_key,
    delete_at, created_at, updated_at, name_skeleton, name_twin
FROM game_character_before;

-- Items of the characters, as before.
CREATE TABLE game_item (
    -- Never used twice.
    id           INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id >= 1),
    character_id INTEGER NOT NULL REFERENCES game_character (id) ON DELETE CASCADE,
    place        INTEGER NOT NULL CHECK (place BETWEEN 1 AND 138),
    type         INTEGER NOT NULL CHECK (type BETWEEN 1 AND 14),
    number       INTEGER NOT NULL CHECK (number BETWEEN 1 AND 1023),
    quantity     INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 4294967295),
    crafted      INTEGER NOT NULL CHECK (crafted IN (0, 1)),
    gem          INTEGER NOT NULL CHECK (gem BETWEEN 0 AND 511),
    durability   INTEGER NOT NULL CHECK (durability BETWEEN 0 AND 127),
    life         INTEGER NOT NULL CHECK (life BETWEEN 0 AND 1000),
    socket       INTEGER NOT NULL CHECK (socket IN (0, 1)),
    appraised    INTEGER NOT NULL CHECK (appraised IN (0, 1)),
    grade        INTEGER NOT NULL CHECK (grade BETWEEN 0 AND 15),
    CONSTRAINT game_item_place_key UNIQUE (character_id, place),
    CONSTRAINT game_item_kind_check CHECK (CASE WHEN type BETWEEN 10 AND 13
        THEN crafted = 0 AND gem = 0 AND durability = 0 AND life = 0
            AND socket = 0 AND appraised = 0 AND grade = 0
        ELSE quantity = 1 END)
);
INSERT INTO game_item (id, character_id, place, type, number, quantity, crafted, gem, durability, life, socket, appraised, grade)
SELECT id, character_id, place, type, number, quantity, crafted, gem, durability, life, socket, appraised, grade
FROM game_item_before;

-- The numbers given out go on where they were.
DELETE FROM sqlite_sequence WHERE name IN ('game_character', 'game_item');
INSERT INTO sqlite_sequence (name, seq)
SELECT replace(name, '_before', ''), seq FROM sqlite_sequence WHERE name IN ('game_character_before', 'game_item_before');
DROP TABLE game_item_before;
DROP TABLE game_character_before;

CREATE INDEX game_character_delete_at_idx ON game_character (delete_at) WHERE delete_at IS NOT NULL;
CREATE UNIQUE INDEX game_character_name_skeleton_key ON game_character (name_skeleton, name_twin);
CREATE INDEX game_character_no_skeleton_idx ON game_character (id) WHERE name_skeleton IS NULL;
-- No user of a website was made before 1970.
CREATE UNIQUE INDEX game_character_slot_key ON game_character (user_id, COALESCE(user_created_at, -1), slot);
CREATE UNIQUE INDEX game_character_create_key ON game_character (user_id, COALESCE(user_created_at, -1), create_key);
CREATE INDEX game_character_no_person_idx ON game_character (id) WHERE user_created_at IS NULL;

ALTER TABLE game_account ADD COLUMN user_created_at INTEGER;
ALTER TABLE game_play ADD COLUMN user_created_at INTEGER;
ALTER TABLE game_ticket ADD COLUMN user_created_at INTEGER;

-- What is kept of the play records that the sweep removed: one row with the
-- highest generation among them. A user's first record begins above it.
CREATE TABLE game_sweep (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL
);
INSERT INTO game_sweep (id, generation) VALUES (1, 0);

-- +goose Down
-- In place of the checks that the table has now.
-- +goose StatementBegin
CREATE TRIGGER game_character_money_insert BEFORE INSERT ON game_character
WHEN NEW.money > 999999999999999
BEGIN
    SELECT RAISE(ABORT, 'money must be 0 to 999999999999999');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER game_character_money_update BEFORE UPDATE OF money ON game_character
WHEN NEW.money > 999999999999999
BEGIN
    SELECT RAISE(ABORT, 'money must be 0 to 999999999999999');
END;
-- +goose StatementEnd
DROP TABLE game_sweep;
ALTER TABLE game_ticket DROP COLUMN user_created_at;
ALTER TABLE game_play DROP COLUMN user_created_at;
ALTER TABLE game_account DROP COLUMN user_created_at;
DROP INDEX game_character_no_person_idx;
DROP INDEX game_character_create_key;
DROP INDEX game_character_slot_key;
ALTER TABLE game_character DROP COLUMN sweep_delete_at;
ALTER TABLE game_character DROP COLUMN user_created_at;
CREATE UNIQUE INDEX game_character_slot_key ON game_character (user_id, slot);
CREATE UNIQUE INDEX game_character_create_key ON game_character (user_id, create_key);
