-- name: GetAccount :one
SELECT * FROM game.account WHERE user_id = $1;

-- name: SetAccount :exec
INSERT INTO game.account (user_id, user_created_at, password_hash, loopback_only, password_stamp, created_at, updated_at)
VALUES (@user_id, @user_created_at, @password_hash, @loopback_only, sqlc.narg(password_stamp), @at, @at)
ON CONFLICT (user_id) DO UPDATE SET
    user_created_at = excluded.user_created_at,
    password_hash = excluded.password_hash,
    loopback_only = excluded.loopback_only,
    password_stamp = CASE WHEN account.password_hash = excluded.password_hash THEN account.password_stamp ELSE excluded.password_stamp END,
    updated_at = excluded.updated_at;

-- name: StampAccount :exec
-- Stamps the game password with a state (store.PasswordState), if it has no stamp
-- or that of another one.
UPDATE game.account SET password_stamp = @password_stamp::text
WHERE user_id = @user_id AND split_part(password_stamp, '.', 2) IS DISTINCT FROM @game::text
  AND left(encode(sha256(convert_to(password_hash, 'UTF8')), 'hex'), 32) = @game::text;
