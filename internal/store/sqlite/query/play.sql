-- PlayLives returns the living record of a user for whose end no newer sign-in
-- has waited too long.
-- name: PlayLives :one
SELECT user_created_at, lease_expires_at FROM game_play
WHERE user_id = sqlc.arg(user_id) AND play_id IS NOT NULL AND lease_expires_at >= sqlc.arg(now)
    AND NOT (closing_generation IS generation AND closing_since < sqlc.arg(overdue));

-- name: BeginPlay :one
INSERT INTO game_play (user_id, user_created_at, generation, play_id, session_id, digest, address, stage, lease_expires_at, password_stamp, stamp_generation)
SELECT sqlc.arg(user_id), sqlc.arg(user_created_at), s.generation + 1, sqlc.arg(play_id), sqlc.arg(session_id), sqlc.arg(digest), sqlc.arg(address), 1, sqlc.arg(lease_expires_at),
    sqlc.arg(password_stamp), s.generation + 1
FROM game_sweep s WHERE true
ON CONFLICT (user_id) DO UPDATE SET
    user_created_at = excluded.user_created_at, generation = game_play.generation + 1, play_id = excluded.play_id, session_id = excluded.session_id,
    digest = excluded.digest, address = excluded.address, stage = 1, character_id = NULL,
    lease_expires_at = excluded.lease_expires_at,
    next_token = NULL, next_stage = NULL, next_character_id = NULL, token_expires_at = NULL,
    closing_generation = NULL, closing_since = NULL,
    password_stamp = excluded.password_stamp, stamp_generation = game_play.generation + 1
RETURNING *;

-- MarkClosing tells the holder of a record that a newer sign-in waits for its
-- end.
-- name: MarkClosing :exec
UPDATE game_play SET closing_generation = generation, closing_since = sqlc.arg(now)
WHERE user_id = sqlc.arg(user_id) AND closing_generation IS NOT generation;

-- name: GetPlay :one
SELECT * FROM game_play WHERE play_id = ? AND generation = ? AND lease_expires_at >= ?
    AND closing_generation IS NOT generation;

-- name: GetPlayByToken :one
SELECT * FROM game_play WHERE next_token = ?;

-- DropPassage frees a token that is over.
-- name: DropPassage :exec
UPDATE game_play SET next_token = NULL, next_stage = NULL, next_character_id = NULL, token_expires_at = NULL
WHERE user_id = ?;

-- name: SetPassage :exec
UPDATE game_play SET next_token = ?, next_stage = ?, next_character_id = ?, token_expires_at = ?, lease_expires_at = ?
WHERE user_id = ?;

-- name: Admit :one
UPDATE game_play SET
    stage = sqlc.arg(stage), character_id = next_character_id, lease_expires_at = sqlc.arg(lease_expires_at),
    next_token = NULL, next_stage = NULL, next_character_id = NULL, token_expires_at = NULL
WHERE next_token = sqlc.arg(token) AND digest = sqlc.arg(digest) AND next_stage = sqlc.arg(stage)
    AND play_id IS NOT NULL AND token_expires_at >= sqlc.arg(now) AND lease_expires_at >= sqlc.arg(now)
    AND closing_generation IS NOT generation
RETURNING *;

-- RenewPlay prolongs a lease, also one that has lapsed; a passage not yet used
-- keeps the record at least until its token ends.
-- name: RenewPlay :one
UPDATE game_play SET lease_expires_at = CASE
    WHEN token_expires_at > CAST(sqlc.arg(lease_expires_at) AS INTEGER) THEN token_expires_at
    ELSE CAST(sqlc.arg(lease_expires_at) AS INTEGER) END
WHERE play_id = sqlc.arg(play_id) AND generation = sqlc.arg(generation)
RETURNING *;

-- FindPlay finds the latest record that a session of the website has begun with
-- a secret, unless a newer sign-in waits for its end.
-- name: FindPlay :one
SELECT * FROM game_play
WHERE digest = sqlc.arg(digest) AND address = sqlc.arg(address) AND session_id <> '' AND lease_expires_at >= sqlc.arg(since)
    AND closing_generation IS NOT generation
ORDER BY lease_expires_at DESC LIMIT 1;

-- name: EndPlay :exec
UPDATE game_play SET
    play_id = NULL, character_id = NULL,
    next_token = NULL, next_stage = NULL, next_character_id = NULL, token_expires_at = NULL
WHERE play_id = ? AND generation = ?;

-- InPlay counts the living records of a user that hold a character, in the
-- game or on the way into it.
-- name: InPlay :one
SELECT count(*) FROM game_play
WHERE user_id = sqlc.arg(user_id) AND play_id IS NOT NULL AND lease_expires_at >= sqlc.arg(now)
    AND (character_id = sqlc.arg(character_id) OR next_character_id = sqlc.arg(character_id) AND token_expires_at >= sqlc.arg(now));
