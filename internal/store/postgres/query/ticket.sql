-- name: DeleteOldTickets :exec
-- Keeps the table small: every ticket made sweeps a few that are over.
DELETE FROM game.ticket WHERE digest IN (
    SELECT t.digest FROM game.ticket t
    WHERE t.expires_at <= @at::timestamptz
    ORDER BY t.expires_at
    LIMIT 100
    FOR UPDATE SKIP LOCKED
);

-- name: CreateTicket :execrows
INSERT INTO game.ticket (digest, user_id, user_created_at, session_id, address, site_password, expires_at)
VALUES (@digest, @user_id, @user_created_at, @session_id, @address, @site_password, @expires_at)
ON CONFLICT (digest) DO NOTHING;

-- name: RedeemTicket :one
DELETE FROM game.ticket
WHERE digest = @digest AND expires_at > @at::timestamptz
  AND (address = '' OR address = @address::text)
RETURNING *;
