-- +goose Up
COMMENT ON SCHEMA game IS 'Tables of the game server. The website''s own tables are elsewhere and never referenced by a foreign key.';

CREATE TABLE game.character (
    id bigint GENERATED ALWAYS AS IDENTITY (MINVALUE 1 MAXVALUE 4294967295 NO CYCLE) CONSTRAINT character_pkey PRIMARY KEY,
    user_id text NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL CONSTRAINT character_name_key UNIQUE,
    slot smallint NOT NULL,
    gender smallint NOT NULL,
    birth_stone smallint NOT NULL,
    hair smallint NOT NULL,
    face smallint NOT NULL,
    zone integer NOT NULL,
    x real NOT NULL,
    y real NOT NULL,
    revive_zone integer NOT NULL,
    job integer NOT NULL,
    level integer NOT NULL,
    xp bigint NOT NULL,
    hp bigint NOT NULL,
    mp bigint NOT NULL,
    strength integer NOT NULL,
    dexterity integer NOT NULL,
    intelligence integer NOT NULL,
    concentration integer NOT NULL,
    charm integer NOT NULL,
    sense integer NOT NULL,
    stat_points integer NOT NULL,
    skill_points integer NOT NULL,
    stamina integer NOT NULL,
    money bigint NOT NULL,
    version bigint NOT NULL,
    create_key text NOT NULL,
    last_save_key text,
    delete_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT character_slot_key UNIQUE (user_id, slot),
    CONSTRAINT character_create_key UNIQUE (user_id, create_key),
    CONSTRAINT character_id_check CHECK (id BETWEEN 1 AND 4294967295),
    CONSTRAINT character_slot_check CHECK (slot BETWEEN 0 AND 4),
    CONSTRAINT character_money_check CHECK (money >= 0),
    CONSTRAINT character_version_check CHECK (version >= 1),
    CONSTRAINT character_appearance_check CHECK (
        gender BETWEEN 0 AND 255 AND birth_stone BETWEEN 0 AND 255
        AND hair BETWEEN 0 AND 255 AND face BETWEEN 0 AND 255),
    CONSTRAINT character_u16_check CHECK (
        zone BETWEEN 0 AND 65535 AND revive_zone BETWEEN 0 AND 65535
        AND job BETWEEN 0 AND 65535 AND level BETWEEN 0 AND 65535
        AND strength BETWEEN 0 AND 65535 AND dexterity BETWEEN 0 AND 65535
        AND intelligence BETWEEN 0 AND 65535 AND concentration BETWEEN 0 AND 65535
        AND charm BETWEEN 0 AND 65535 AND sense BETWEEN 0 AND 65535
        AND stat_points BETWEEN 0 AND 65535 AND skill_points BETWEEN 0 AND 65535
        AND stamina BETWEEN 0 AND 65535),
    CONSTRAINT character_u32_check CHECK (
        xp BETWEEN 0 AND 4294967295 AND hp BETWEEN 0 AND 4294967295
        AND mp BETWEEN 0 AND 4294967295)
);
CREATE INDEX character_delete_at_idx ON game.character (delete_at) WHERE delete_at IS NOT NULL;

COMMENT ON TABLE game.character IS 'Characters of the players, marked ones included until they are purged.';
COMMENT ON COLUMN game.character.id IS 'The client''s unique id; never used again.';
COMMENT ON COLUMN game.character.user_id IS 'The website''s user who owns it, as text.';
COMMENT ON COLUMN game.character.name IS 'Name as the player wrote it.';
COMMENT ON COLUMN game.character.name_key IS 'Folded name; unique over all characters.';
COMMENT ON COLUMN game.character.slot IS 'Place in the owner''s list, 0 to 4.';
COMMENT ON COLUMN game.character.gender IS '0 male, 1 female.';
COMMENT ON COLUMN game.character.birth_stone IS 'Birth stone chosen at creation.';
COMMENT ON COLUMN game.character.hair IS 'Hair chosen at creation.';
COMMENT ON COLUMN game.character.face IS 'Face chosen at creation.';
COMMENT ON COLUMN game.character.zone IS 'Zone in which the character stands.';
COMMENT ON COLUMN game.character.x IS 'East-west coordinate in centimetres.';
COMMENT ON COLUMN game.character.y IS 'North-south coordinate in centimetres.';
COMMENT ON COLUMN game.character.revive_zone IS 'Zone in which the character comes back to life.';
COMMENT ON COLUMN game.character.job IS 'Job number; 0 is a visitor.';
COMMENT ON COLUMN game.character.level IS 'Level.';
COMMENT ON COLUMN game.character.xp IS 'Experience points within the level.';
COMMENT ON COLUMN game.character.hp IS 'Health points left.';
COMMENT ON COLUMN game.character.mp IS 'Mana points left.';
COMMENT ON COLUMN game.character.strength IS 'Strength.';
COMMENT ON COLUMN game.character.dexterity IS 'Dexterity.';
COMMENT ON COLUMN game.character.intelligence IS 'Intelligence.';
COMMENT ON COLUMN game.character.concentration IS 'Concentration.';
COMMENT ON COLUMN game.character.charm IS 'Charm.';
COMMENT ON COLUMN game.character.sense IS 'Sense.';
COMMENT ON COLUMN game.character.stat_points IS 'Points that may be spent on abilities.';
COMMENT ON COLUMN game.character.skill_points IS 'Points that may be spent on skills.';
COMMENT ON COLUMN game.character.stamina IS 'Stamina.';
COMMENT ON COLUMN game.character.money IS 'Money, never negative.';
COMMENT ON COLUMN game.character.version IS '1 when made, one more with every change; a save names the one it started from.';
COMMENT ON COLUMN game.character.create_key IS 'Idempotency key of the creation; unique for each user.';
COMMENT ON COLUMN game.character.last_save_key IS 'Key of the last save written; a repeat of that save is answered, not written.';
COMMENT ON COLUMN game.character.delete_at IS 'When the deletion becomes final; null unless marked for deletion.';
COMMENT ON COLUMN game.character.created_at IS 'When it was made.';
COMMENT ON COLUMN game.character.updated_at IS 'When it was changed last.';

CREATE TABLE game.account (
    user_id text NOT NULL CONSTRAINT account_pkey PRIMARY KEY,
    password_hash text NOT NULL,
    loopback_only boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE game.account IS 'What is known of a user beside the website''s rows.';
COMMENT ON COLUMN game.account.user_id IS 'The website''s user, as text.';
COMMENT ON COLUMN game.account.password_hash IS 'Slow hash of the game password in the client''s MD5 form; empty for none.';
COMMENT ON COLUMN game.account.loopback_only IS 'Whether the user may sign in from loopback addresses only.';
COMMENT ON COLUMN game.account.created_at IS 'When it was written first.';
COMMENT ON COLUMN game.account.updated_at IS 'When it was written last.';

CREATE TABLE game.ticket (
    digest bytea NOT NULL CONSTRAINT ticket_pkey PRIMARY KEY,
    user_id text NOT NULL,
    session_id text NOT NULL,
    address text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT ticket_digest_check CHECK (octet_length(digest) = 32)
);
CREATE INDEX ticket_expires_at_idx ON game.ticket (expires_at);

COMMENT ON TABLE game.ticket IS 'One-time tickets not yet redeemed.';
COMMENT ON COLUMN game.ticket.digest IS 'SHA-256 of the ticket, 32 bytes; the ticket itself is not kept.';
COMMENT ON COLUMN game.ticket.user_id IS 'The website''s user whom it lets in, as text.';
COMMENT ON COLUMN game.ticket.session_id IS 'The website''s session it was made from; empty when an operator made it.';
COMMENT ON COLUMN game.ticket.address IS 'Address it is bound to; empty for any.';
COMMENT ON COLUMN game.ticket.expires_at IS 'End of its life.';

CREATE TABLE game.play (
    user_id text NOT NULL CONSTRAINT play_pkey PRIMARY KEY,
    generation bigint NOT NULL,
    play_id text CONSTRAINT play_play_id_key UNIQUE,
    session_id text NOT NULL,
    digest bytea NOT NULL,
    address text NOT NULL,
    stage smallint NOT NULL,
    character_id bigint,
    lease_expires_at timestamptz NOT NULL,
    next_token bigint CONSTRAINT play_next_token_key UNIQUE,
    next_stage smallint,
    next_character_id bigint,
    token_expires_at timestamptz,
    CONSTRAINT play_generation_check CHECK (generation >= 1),
    CONSTRAINT play_digest_check CHECK (octet_length(digest) = 32),
    CONSTRAINT play_stage_check CHECK (stage BETWEEN 1 AND 3),
    CONSTRAINT play_next_check CHECK (
        next_token BETWEEN 1 AND 4294967295 AND next_stage BETWEEN 2 AND 3 AND token_expires_at IS NOT NULL
        OR next_token IS NULL AND next_stage IS NULL AND next_character_id IS NULL AND token_expires_at IS NULL)
);

COMMENT ON TABLE game.play IS 'Play records: one for each user who ever signed in, the authority for who plays. An ended record stays, dead, to keep its generation.';
COMMENT ON COLUMN game.play.user_id IS 'The website''s user, as text.';
COMMENT ON COLUMN game.play.play_id IS 'Identifier of the record, 32 characters; null when it has ended.';
COMMENT ON COLUMN game.play.session_id IS 'The website''s session of the sign-in; empty for a game password or an operator''s ticket.';
COMMENT ON COLUMN game.play.generation IS 'One more with every sign-in; never goes down.';
COMMENT ON COLUMN game.play.stage IS 'Stage admitted to last: 1 login, 2 world, 3 game.';
COMMENT ON COLUMN game.play.character_id IS 'Character being played; null before one is chosen.';
COMMENT ON COLUMN game.play.digest IS 'SHA-256 of the 32 characters that the client presented, 32 bytes.';
COMMENT ON COLUMN game.play.address IS 'Address the player signed in from.';
COMMENT ON COLUMN game.play.lease_expires_at IS 'The record is dead once this has passed.';
COMMENT ON COLUMN game.play.next_token IS 'Token of the passage not yet used; null when there is none.';
COMMENT ON COLUMN game.play.next_stage IS 'Stage that the passage opens: 2 world, 3 game.';
COMMENT ON COLUMN game.play.next_character_id IS 'Character chosen for the game stage.';
COMMENT ON COLUMN game.play.token_expires_at IS 'End of the token''s life.';

-- +goose Down
DROP TABLE game.play, game.ticket, game.account, game.character;
