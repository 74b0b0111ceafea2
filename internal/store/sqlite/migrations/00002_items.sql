-- +goose Up

-- Items of the characters: each row is one piece of equipment or one stack, in
-- one place. The columns are explained in docs/schema.md.
CREATE TABLE game_item (
    -- Never used twice.
    id           INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id >= 1),
    character_id INTEGER NOT NULL REFERENCES game_character (id) ON DELETE CASCADE,
    -- The client's item slot: 1 to 11 worn, 12 to 131 the bag, 132 to 134
    -- ammunition, 135 to 138 vehicle.
    place        INTEGER NOT NULL CHECK (place BETWEEN 1 AND 138),
    -- 1 to 9 and 14 equipment, 10 to 13 in stacks.
    type         INTEGER NOT NULL CHECK (type BETWEEN 1 AND 14),
    number       INTEGER NOT NULL CHECK (number BETWEEN 1 AND 1023),
    quantity     INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 4294967295),
    -- Of equipment only, as all that follows.
    crafted      INTEGER NOT NULL CHECK (crafted IN (0, 1)),
    gem          INTEGER NOT NULL CHECK (gem BETWEEN 0 AND 511),
    durability   INTEGER NOT NULL CHECK (durability BETWEEN 0 AND 127),
    -- Tenths of a percent.
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

-- SQLite cannot add a CHECK to a table that is there.
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

-- +goose Down
DROP TRIGGER game_character_money_update;
DROP TRIGGER game_character_money_insert;
DROP TABLE game_item;
