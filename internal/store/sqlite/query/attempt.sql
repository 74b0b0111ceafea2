-- GetAttempt reads a count. The driver binds the empty account in that of a
-- network as NULL.
-- name: GetAttempt :one
SELECT * FROM game_attempt WHERE account = COALESCE(sqlc.narg(account), x'') AND network = sqlc.arg(network);

-- name: SetAttempt :exec
INSERT INTO game_attempt (account, network, tries, tried_at, forgiven, known_until, kept_until, user_id, user_created_at)
VALUES (COALESCE(CAST(sqlc.narg(account) AS BLOB), x''), sqlc.arg(network), sqlc.arg(tries), sqlc.arg(tried_at), sqlc.arg(forgiven),
    sqlc.arg(known_until), sqlc.arg(kept_until), sqlc.arg(user_id), sqlc.arg(user_created_at))
ON CONFLICT (account, network) DO UPDATE SET
    tries = excluded.tries,
    tried_at = excluded.tried_at,
    forgiven = excluded.forgiven,
    known_until = excluded.known_until,
    kept_until = excluded.kept_until;

-- name: DeleteAttempt :exec
DELETE FROM game_attempt WHERE account = COALESCE(sqlc.narg(account), x'') AND network = sqlc.arg(network);

-- SweepAttempts removes counts that are over; the limit bounds the work that
-- one try pays for.
-- name: SweepAttempts :exec
DELETE FROM game_attempt WHERE rowid IN (
    SELECT a.rowid FROM game_attempt a WHERE a.kept_until <= ? ORDER BY a.kept_until LIMIT 100
);
