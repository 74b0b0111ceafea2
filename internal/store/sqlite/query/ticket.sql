-- name: InsertTicket :execrows
INSERT INTO game_ticket (digest, user_id, user_created_at, session_id, address, site_password, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (digest) DO NOTHING;

-- name: TakeTicket :one
DELETE FROM game_ticket
WHERE digest = sqlc.arg(digest) AND expires_at > sqlc.arg(now) AND (address = '' OR address = sqlc.arg(address))
RETURNING *;

-- DropTickets removes tickets that are over; the limit bounds the work that
-- one new ticket pays for.
-- name: DropTickets :exec
DELETE FROM game_ticket WHERE digest IN (
    SELECT t.digest FROM game_ticket t WHERE t.expires_at <= ? ORDER BY t.expires_at LIMIT 100
);
