-- name: BeginPlay :one
-- Gives no row while an earlier record lives, unless a newer sign-in has waited
-- for its end for too long, or the record is that of another person of the id.
INSERT INTO game.play (user_id, user_created_at, play_id, session_id, generation, stage, digest, address, lease_expires_at,
    password_stamp, stamp_generation)
SELECT @user_id::text, @user_created_at::timestamptz, @play_id::text, @session_id::text, s.generation + 1, 1, @digest::bytea,
    @address::text, @lease_expires_at::timestamptz, @password_stamp::text, s.generation + 1
FROM game.sweep s
ON CONFLICT (user_id) DO UPDATE SET
    user_created_at = excluded.user_created_at,
    play_id = excluded.play_id,
    session_id = excluded.session_id,
    generation = play.generation + 1,
    stage = excluded.stage,
    character_id = NULL,
    digest = excluded.digest,
    address = excluded.address,
    lease_expires_at = excluded.lease_expires_at,
    next_token = NULL,
    next_stage = NULL,
    next_character_id = NULL,
    token_expires_at = NULL,
    closing_generation = NULL,
    closing_since = NULL,
    password_stamp = excluded.password_stamp,
    stamp_generation = play.generation + 1
WHERE play.play_id IS NULL OR play.lease_expires_at < @at::timestamptz
   OR play.closing_generation = play.generation AND play.closing_since < @overdue::timestamptz
   OR @present::boolean AND COALESCE(play.user_created_at <> excluded.user_created_at, play.lease_expires_at < excluded.user_created_at)
RETURNING *;

-- name: MarkClosing :exec
-- Tells the holder of a living record that a newer sign-in waits for its end.
UPDATE game.play SET closing_generation = generation, closing_since = @at::timestamptz
WHERE user_id = @user_id AND play_id IS NOT NULL AND lease_expires_at >= @at::timestamptz
  AND closing_generation IS DISTINCT FROM generation;

-- name: FreeToken :execrows
-- Takes a token away from a record on which it is over, so that the token can
-- be used again.
UPDATE game.play SET next_token = NULL, next_stage = NULL, next_character_id = NULL, token_expires_at = NULL
WHERE next_token = @token AND token_expires_at < @at::timestamptz;

-- name: HandOverPlay :many
UPDATE game.play SET
    next_token = @token,
    next_stage = @next_stage,
    next_character_id = @next_character_id,
    token_expires_at = @token_expires_at,
    lease_expires_at = GREATEST(lease_expires_at, @token_expires_at)
WHERE play_id = @play_id AND generation = @generation AND lease_expires_at >= @at::timestamptz
  AND closing_generation IS DISTINCT FROM generation
RETURNING *;

-- name: AdmitPlay :one
UPDATE game.play SET
    stage = next_stage,
    character_id = next_character_id,
    lease_expires_at = @lease_expires_at,
    next_token = NULL,
    next_stage = NULL,
    next_character_id = NULL,
    token_expires_at = NULL
WHERE next_token = @token AND play_id IS NOT NULL AND digest = @digest AND next_stage = @stage
  AND token_expires_at >= @at::timestamptz AND lease_expires_at >= @at::timestamptz
  AND closing_generation IS DISTINCT FROM generation
RETURNING *;

-- name: RenewPlays :many
-- The rows are locked in one order, so that two renewals never wait for each
-- other in a circle.
UPDATE game.play p SET lease_expires_at = GREATEST(p.lease_expires_at, @lease_expires_at)
FROM (
    SELECT q.user_id FROM game.play q
    JOIN (SELECT unnest(@ids::text[]) AS play_id, unnest(@generations::bigint[]) AS generation) r
      ON q.play_id = r.play_id AND q.generation = r.generation
    ORDER BY q.user_id
    FOR NO KEY UPDATE OF q
) l
WHERE p.user_id = l.user_id
RETURNING p.*;

-- name: FindPlay :one
-- The latest record that a session of the website has begun with a secret, unless
-- a newer sign-in waits for its end.
SELECT * FROM game.play
WHERE digest = @digest AND address = @address AND session_id <> '' AND lease_expires_at >= @since::timestamptz
  AND closing_generation IS DISTINCT FROM generation
ORDER BY lease_expires_at DESC LIMIT 1;

-- name: EndPlay :exec
UPDATE game.play SET
    play_id = NULL,
    character_id = NULL,
    next_token = NULL,
    next_stage = NULL,
    next_character_id = NULL,
    token_expires_at = NULL
WHERE play_id = @play_id AND generation = @generation;

-- name: CharacterInPlay :one
-- Locks the owner's record, so that nobody enters the game with the character
-- before the transaction ends.
SELECT COALESCE((
    SELECT p.play_id IS NOT NULL AND p.lease_expires_at >= @at::timestamptz
       AND (p.character_id = @character_id::bigint
            OR p.next_character_id = @character_id::bigint AND p.token_expires_at >= @at::timestamptz)
    FROM game.play p WHERE p.user_id = @user_id
    FOR SHARE
), false)::bool AS in_play;
