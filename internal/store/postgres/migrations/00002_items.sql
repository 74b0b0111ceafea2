-- +goose Up
CREATE TABLE game.item (
    id bigint GENERATED ALWAYS AS IDENTITY (MINVALUE 1 NO CYCLE) CONSTRAINT item_pkey PRIMARY KEY,
    character_id bigint NOT NULL
        CONSTRAINT item_character_fkey REFERENCES game.character (id) ON DELETE CASCADE,
    place smallint NOT NULL,
    type smallint NOT NULL,
    number smallint NOT NULL,
    quantity bigint NOT NULL,
    crafted boolean NOT NULL,
    gem smallint NOT NULL,
    durability smallint NOT NULL,
    life smallint NOT NULL,
    socket boolean NOT NULL,
    appraised boolean NOT NULL,
    grade smallint NOT NULL,
    -- Checked at the end of a statement, so that items may change places in one.
    CONSTRAINT item_place_key UNIQUE (character_id, place) DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT item_id_check CHECK (id >= 1),
    CONSTRAINT item_place_check CHECK (place BETWEEN 1 AND 138),
    CONSTRAINT item_type_check CHECK (type BETWEEN 1 AND 14),
    CONSTRAINT item_number_check CHECK (number BETWEEN 1 AND 1023),
    CONSTRAINT item_quantity_check CHECK (quantity BETWEEN 1 AND 4294967295),
    CONSTRAINT item_condition_check CHECK (
        gem BETWEEN 0 AND 511 AND durability BETWEEN 0 AND 127
        AND life BETWEEN 0 AND 1000 AND grade BETWEEN 0 AND 15),
    CONSTRAINT item_kind_check CHECK (CASE WHEN type BETWEEN 10 AND 13
        THEN NOT crafted AND gem = 0 AND durability = 0 AND life = 0
            AND NOT socket AND NOT appraised AND grade = 0
        ELSE quantity = 1 END)
);

COMMENT ON TABLE game.item IS 'Items of the characters: each row is one piece of equipment or one stack, in one place.';
COMMENT ON COLUMN game.item.id IS 'Identifier of the item for as long as it exists, whoever has it; never used again.';
COMMENT ON COLUMN game.item.character_id IS 'Character who has it.';
COMMENT ON COLUMN game.item.place IS 'The client''s item slot: 1 to 11 worn (face, head, body, back, hands, feet, weapon, sub-weapon, necklace, ring, earring), 12 to 131 the bag (four pages of 30: equipment, consumables, materials, vehicles), 132 to 134 ammunition (arrow, bullet, throw), 135 to 138 vehicle (body, engine, leg, arms). One item in a place.';
COMMENT ON COLUMN game.item.type IS 'The client''s list of items: 1 to 9 and 14 equipment, 10 to 13 in stacks.';
COMMENT ON COLUMN game.item.number IS 'Row in that list, 1 to 1023.';
COMMENT ON COLUMN game.item.quantity IS 'How many are in the stack; 1 for equipment.';
COMMENT ON COLUMN game.item.crafted IS 'Whether a player made it. Like all that follows, of equipment only.';
COMMENT ON COLUMN game.item.gem IS 'Gem set in, 0 to 511; 0 is none.';
COMMENT ON COLUMN game.item.durability IS 'Durability, 0 to 127.';
COMMENT ON COLUMN game.item.life IS 'Life left, 0 to 1000 tenths of a percent.';
COMMENT ON COLUMN game.item.socket IS 'Whether it has a socket for a gem.';
COMMENT ON COLUMN game.item.appraised IS 'Whether it has been appraised.';
COMMENT ON COLUMN game.item.grade IS 'Grade, 0 to 15.';

-- The change feed learns whose a row was that is deleted or moved.
CREATE UNIQUE INDEX item_owner_key ON game.item (character_id, id);
ALTER TABLE game.item REPLICA IDENTITY USING INDEX item_owner_key;
CREATE UNIQUE INDEX character_owner_key ON game.character (user_id, id);
ALTER TABLE game.character REPLICA IDENTITY USING INDEX character_owner_key;

ALTER TABLE game.character ADD CONSTRAINT character_money_limit_check CHECK (money <= 999999999999999);
COMMENT ON COLUMN game.character.money IS 'Money, 0 to 999999999999999.';

-- +goose Down
COMMENT ON COLUMN game.character.money IS 'Money, never negative.';
ALTER TABLE game.character DROP CONSTRAINT character_money_limit_check;
ALTER TABLE game.character REPLICA IDENTITY DEFAULT;
DROP INDEX game.character_owner_key;
DROP TABLE game.item;
