-- The tables of the game. Times are milliseconds since 1970 in UTC. user_id
-- and session_id are identifiers of the website's rows; no foreign key leads
-- into its tables, because one would make its own deletions fail.

-- +goose Up

-- Characters of players. A row marked for deletion keeps its name and slot
-- until the purge removes it.
CREATE TABLE game_character (
    -- Known to the client as the unique id (32 bits); never used twice.
    id            INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
    -- Owner.
    user_id       TEXT    NOT NULL,
    -- Name as the player typed it.
    name          TEXT    NOT NULL,
    -- Folded name: two names with one key are the same name.
    name_key      TEXT    NOT NULL,
    -- Place in the owner's list.
    slot          INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 4),
    gender        INTEGER NOT NULL CHECK (gender BETWEEN 0 AND 255),
    birth_stone   INTEGER NOT NULL CHECK (birth_stone BETWEEN 0 AND 255),
    hair          INTEGER NOT NULL CHECK (hair BETWEEN 0 AND 255),
    face          INTEGER NOT NULL CHECK (face BETWEEN 0 AND 255),
    -- Where the character stands; x and y in centimetres.
    zone          INTEGER NOT NULL CHECK (zone BETWEEN 0 AND 65535),
    x             REAL    NOT NULL,
    y             REAL    NOT NULL,
    -- Zone in which the character comes back to life.
    revive_zone   INTEGER NOT NULL CHECK (revive_zone BETWEEN 0 AND 65535),
    job           INTEGER NOT NULL CHECK (job BETWEEN 0 AND 65535),
    level         INTEGER NOT NULL CHECK (level BETWEEN 0 AND 65535),
    -- Experience within the level.
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
    money         INTEGER NOT NULL CHECK (money >= 0),
    -- 1 when made, one more with every change.
    version       INTEGER NOT NULL CHECK (version >= 1),
    -- Idempotency key of the attempt that made the character.
    create_key    TEXT    NOT NULL,
    -- Key of the last save; a repeat of it is answered, not written.
    last_save_key TEXT,
    -- When the deletion becomes final; NULL unless marked.
    delete_at     INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CONSTRAINT game_character_name_key UNIQUE (name_key),
    CONSTRAINT game_character_slot_key UNIQUE (user_id, slot),
    CONSTRAINT game_character_create_key UNIQUE (user_id, create_key)
);

CREATE INDEX game_character_delete_at_idx ON game_character (delete_at) WHERE delete_at IS NOT NULL;

-- What is known of a user beside the website's row.
CREATE TABLE game_account (
    user_id       TEXT    NOT NULL PRIMARY KEY,
    -- Slow hash of the game password; empty for none.
    password_hash TEXT    NOT NULL,
    -- 1 when the user may sign in from loopback addresses only.
    loopback_only INTEGER NOT NULL CHECK (loopback_only IN (0, 1)),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
);

-- One-time tickets not yet used.
CREATE TABLE game_ticket (
    -- SHA-256 of the ticket.
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user_id    TEXT    NOT NULL,
    -- Session it was made from; empty when an operator made it.
    session_id TEXT    NOT NULL,
    -- Address it is bound to; empty for any.
    address    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE INDEX game_ticket_expires_at_idx ON game_ticket (expires_at);

-- Play records: one row for each user who ever signed in. The row stays when
-- the record ends, so that generations never go down.
CREATE TABLE game_play (
    user_id           TEXT    NOT NULL PRIMARY KEY,
    -- Grows by one with every sign-in.
    generation        INTEGER NOT NULL CHECK (generation >= 1),
    -- Identifier of the record; NULL when it has ended.
    play_id           TEXT,
    session_id        TEXT    NOT NULL,
    -- SHA-256 of the secret that the client presents at every stage.
    digest            BLOB    NOT NULL CHECK (length(digest) = 32),
    address           TEXT    NOT NULL,
    -- Stage admitted to last: 1 login, 2 world, 3 game.
    stage             INTEGER NOT NULL CHECK (stage BETWEEN 1 AND 3),
    -- Character in play; NULL for none.
    character_id      INTEGER,
    -- The record is dead once this has passed.
    lease_expires_at  INTEGER NOT NULL,
    -- The passage not yet used; all four are NULL when there is none.
    next_token        INTEGER CHECK (next_token BETWEEN 1 AND 4294967295),
    next_stage        INTEGER CHECK (next_stage BETWEEN 2 AND 3),
    next_character_id INTEGER,
    token_expires_at  INTEGER,
    CONSTRAINT game_play_play_id_key UNIQUE (play_id),
    CONSTRAINT game_play_next_token_key UNIQUE (next_token)
);

-- +goose Down

DROP TABLE game_play;
DROP TABLE game_ticket;
DROP TABLE game_account;
DROP TABLE game_character;
