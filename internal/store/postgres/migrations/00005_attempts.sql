-- +goose Up
CREATE TABLE game.attempt (
    account bytea NOT NULL,
    network text NOT NULL,
    tries integer NOT NULL,
    tried_at timestamptz NOT NULL,
    forgiven boolean NOT NULL,
    known_until timestamptz,
    kept_until timestamptz NOT NULL,
    CONSTRAINT attempt_pkey PRIMARY KEY (account, network),
    CONSTRAINT attempt_account_check CHECK (octet_length(account) IN (0, 32)),
    CONSTRAINT attempt_key_check CHECK (account <> '' OR network <> ''),
    CONSTRAINT attempt_tries_check CHECK (tries >= 0),
    CONSTRAINT attempt_known_check CHECK (known_until IS NULL OR account <> '' AND network <> '')
);
CREATE INDEX attempt_kept_until_idx ON game.attempt (kept_until);

COMMENT ON TABLE game.attempt IS 'Counts of tries to sign in that were not right: of an account from a network, of an account from networks it is not known from, of a network at accounts it is not known to.';
COMMENT ON COLUMN game.attempt.account IS 'SHA-256 of the folded name as typed, 32 bytes, whether there is such an account or not; empty in the count of a network.';
COMMENT ON COLUMN game.attempt.network IS 'Network that the tries come from, as a prefix; empty in the count of an account.';
COMMENT ON COLUMN game.attempt.tries IS 'Tries counted; 0 for one that is there only because the network is known.';
COMMENT ON COLUMN game.attempt.tried_at IS 'When the last try was counted; the wait for the next one and its memory run from here.';
COMMENT ON COLUMN game.attempt.forgiven IS 'Whether the last try turned out to be right, so that the next one need not wait for it.';
COMMENT ON COLUMN game.attempt.known_until IS 'Until when the account is known from the network; null unless it signed in from there.';
COMMENT ON COLUMN game.attempt.kept_until IS 'When the row says nothing any more and may be deleted.';

-- +goose Down
DROP TABLE game.attempt;
