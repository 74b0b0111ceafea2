-- ListOwned returns every row that is a person's: of which kind and user, what is
-- known of the person, since when the row is there at the least, a character's id
-- and whether the person's absence has a mark by the sweep (2), by the player (1) or
-- none (0).
-- name: ListOwned :many
SELECT CAST(1 AS INTEGER) AS kind, user_id, user_created_at, created_at AS since, CAST(id AS INTEGER) AS id,
    CAST(CASE WHEN delete_at IS NULL THEN 0 WHEN sweep_delete_at IS delete_at THEN 2 ELSE 1 END AS INTEGER) AS marked
FROM game_character
UNION ALL SELECT 2, user_id, user_created_at, updated_at, 0, 0 FROM game_account
UNION ALL SELECT 3, user_id, user_created_at, lease_expires_at, 0, 0 FROM game_play
UNION ALL SELECT 4, user_id, user_created_at, expires_at, 0, 0 FROM game_ticket
UNION ALL SELECT DISTINCT 5, user_id, user_created_at, user_created_at, 0, 0 FROM game_attempt WHERE user_id IS NOT NULL
ORDER BY 2;

-- name: PersonMissing :one
SELECT CAST(EXISTS (SELECT 1 FROM game_character WHERE user_created_at IS NULL)
    OR EXISTS (SELECT 1 FROM game_account WHERE user_created_at IS NULL)
    OR EXISTS (SELECT 1 FROM game_play WHERE user_created_at IS NULL) AS INTEGER) AS missing;

-- name: SetCharacterPerson :exec
UPDATE game_character SET user_created_at = ? WHERE id = ?;

-- name: SetAccountPerson :exec
UPDATE game_account SET user_created_at = ? WHERE user_id = ?;

-- name: SetPlayPerson :exec
UPDATE game_play SET user_created_at = ? WHERE user_id = ?;

-- MarkGone passes over what is being played.
-- name: MarkGone :execrows
UPDATE game_character SET delete_at = sqlc.arg(delete_at), sweep_delete_at = sqlc.arg(delete_at),
    updated_at = sqlc.arg(now), version = version + 1
WHERE game_character.id = sqlc.arg(id) AND delete_at IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM game_play p
    WHERE p.user_id = game_character.user_id AND p.play_id IS NOT NULL AND p.lease_expires_at >= sqlc.arg(now)
      AND (p.character_id = game_character.id
           OR p.next_character_id = game_character.id AND p.token_expires_at >= sqlc.arg(now)));

-- name: TakeMarkBack :execrows
UPDATE game_character SET delete_at = NULL, sweep_delete_at = NULL, updated_at = ?, version = version + 1
WHERE id = ? AND sweep_delete_at = delete_at;

-- name: PurgeGone :execrows
DELETE FROM game_character WHERE id = ? AND sweep_delete_at = delete_at AND delete_at <= ?;

-- name: DropAccount :execrows
DELETE FROM game_account WHERE user_id = ?;

-- DropPlay removes a record that is dead.
-- name: DropPlay :many
DELETE FROM game_play WHERE user_id = ? AND (play_id IS NULL OR lease_expires_at < ?) RETURNING generation;

-- name: RaiseGeneration :exec
UPDATE game_sweep SET generation = max(generation, CAST(sqlc.arg(generation) AS INTEGER));

-- name: DropAttemptsOf :execrows
DELETE FROM game_attempt WHERE user_id = ? AND user_created_at = ?;

-- name: DropTicketsOf :execrows
DELETE FROM game_ticket WHERE user_id = ? AND expires_at = ?;
