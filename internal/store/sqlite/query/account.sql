-- name: GetAccount :one
SELECT * FROM game_account WHERE user_id = ?;

-- name: PutAccount :exec
INSERT INTO game_account (user_id, user_created_at, password_hash, loopback_only, password_stamp, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET
    user_created_at = excluded.user_created_at, password_hash = excluded.password_hash, loopback_only = excluded.loopback_only,
    password_stamp = CASE WHEN game_account.password_hash = excluded.password_hash THEN game_account.password_stamp ELSE excluded.password_stamp END,
    updated_at = excluded.updated_at;

-- name: StampAccount :exec
UPDATE game_account SET password_stamp = sqlc.arg(password_stamp)
WHERE user_id = sqlc.arg(user_id);
