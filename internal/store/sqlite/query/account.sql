-- name: GetAccount :one
SELECT * FROM game_account WHERE user_id = ?;

-- name: PutAccount :exec
INSERT INTO game_account (user_id, user_created_at, password_hash, loopback_only, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET
    user_created_at = excluded.user_created_at, password_hash = excluded.password_hash, loopback_only = excluded.loopback_only, updated_at = excluded.updated_at;
