-- +goose Up

-- Counts of tries to sign in that were not right: of an account from a network,
-- of an account from networks it is not known from, of a network at accounts it
-- is not known to.
CREATE TABLE game_attempt (
    -- SHA-256 of the folded name as typed, whether there is such an account or
    -- not; empty in the count of a network.
    account     BLOB    NOT NULL CHECK (length(account) IN (0, 32)),
    -- Network that the tries come from; empty in the count of an account.
    network     TEXT    NOT NULL,
    -- 0 for a row that is there only because the network is known.
    tries       INTEGER NOT NULL CHECK (tries >= 0),
    -- The wait for the next try, and the memory of the count, run from here.
    tried_at    INTEGER NOT NULL,
    -- 1 when the last try turned out to be right: the next need not wait for it.
    forgiven    INTEGER NOT NULL CHECK (forgiven IN (0, 1)),
    -- Until when the account is known from the network; NULL unless it signed in
    -- from there.
    known_until INTEGER,
    -- When the row says nothing any more and may be deleted.
    kept_until  INTEGER NOT NULL,
    CONSTRAINT game_attempt_pkey PRIMARY KEY (account, network),
    CONSTRAINT game_attempt_key_check CHECK (length(account) > 0 OR network <> ''),
    CONSTRAINT game_attempt_known_check CHECK (known_until IS NULL OR length(account) > 0 AND network <> '')
);

CREATE INDEX game_attempt_kept_until_idx ON game_attempt (kept_until);

-- +goose Down
DROP TABLE game_attempt;
