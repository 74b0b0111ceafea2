-- name: GetCharacter :one
SELECT sqlc.embed(c), pg_current_snapshot()::text AS snapshot FROM game.character c WHERE c.id = $1;

-- name: NoCharacter :one
-- A snapshot that sees no such character; no row when there is one.
SELECT pg_current_snapshot()::text AS snapshot WHERE NOT EXISTS (SELECT 1 FROM game.character WHERE id = $1);

-- name: ListCharacters :many
SELECT sqlc.embed(c), pg_current_snapshot()::text AS snapshot FROM game.character c
WHERE c.user_id = @user_id
ORDER BY c.slot;

-- name: NoCharacters :one
-- A snapshot that sees no character of a user; no row when there is one.
SELECT pg_current_snapshot()::text AS snapshot WHERE NOT EXISTS (SELECT 1 FROM game.character WHERE user_id = @user_id);

-- name: LockUser :exec
-- Makes the creations of one user wait for each other, until the transaction
-- ends.
SELECT pg_advisory_xact_lock(@class::int, hashtext(@user_id::text));

-- name: GetCharacterByCreateKey :one
SELECT * FROM game.character WHERE user_id = @user_id AND create_key = @create_key;

-- name: NameTaken :one
SELECT EXISTS (SELECT 1 FROM game.character WHERE name_key = @name_key);

-- name: ListSlots :many
SELECT slot FROM game.character WHERE user_id = @user_id ORDER BY slot;

-- name: InsertCharacter :one
INSERT INTO game.character (
    user_id, name, name_key, slot, gender, birth_stone, hair, face,
    zone, x, y, revive_zone, job, level, xp, hp, mp,
    strength, dexterity, intelligence, concentration, charm, sense,
    stat_points, skill_points, stamina, money,
    version, create_key, created_at, updated_at
) VALUES (
    @user_id, @name, @name_key, @slot, @gender, @birth_stone, @hair, @face,
    @zone, @x, @y, @revive_zone, @job, @level, @xp, @hp, @mp,
    @strength, @dexterity, @intelligence, @concentration, @charm, @sense,
    @stat_points, @skill_points, @stamina, @money,
    1, @create_key, @at, @at
) RETURNING *;

-- name: LockCharacter :one
SELECT * FROM game.character WHERE id = @id AND user_id = @user_id FOR NO KEY UPDATE;

-- name: MarkCharacter :one
UPDATE game.character SET delete_at = @delete_at, updated_at = @at, version = version + 1
WHERE id = @id
RETURNING *;

-- name: PurgeCharacters :execrows
DELETE FROM game.character WHERE id IN (
    SELECT c.id FROM game.character c
    WHERE c.delete_at <= @at::timestamptz
    ORDER BY c.delete_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED
);
