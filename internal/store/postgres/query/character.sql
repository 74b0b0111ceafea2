-- name: ReadCharacter :one
-- The items come in the same statement, as they were at the same instant: an
-- array of arrays, in the order of the columns.
SELECT sqlc.embed(c), COALESCE((
    SELECT json_agg(json_build_array(i.id, i.place, i.type, i.number, i.quantity, i.crafted::int, i.gem,
        i.durability, i.life, i.socket::int, i.appraised::int, i.grade) ORDER BY i.place)
    FROM game.item i WHERE i.character_id = c.id), '[]')::json AS items, pg_current_snapshot()::text AS snapshot
FROM game.character c WHERE c.id = $1;

-- name: ReadCharacters :many
SELECT sqlc.embed(c), COALESCE((
    SELECT json_agg(json_build_array(i.id, i.place, i.type, i.number, i.quantity, i.crafted::int, i.gem,
        i.durability, i.life, i.socket::int, i.appraised::int, i.grade) ORDER BY i.place)
    FROM game.item i WHERE i.character_id = c.id), '[]')::json AS items, pg_current_snapshot()::text AS snapshot
FROM game.character c
WHERE c.user_id = @user_id
ORDER BY c.slot;

-- name: ListItems :one
SELECT COALESCE(json_agg(json_build_array(i.id, i.place, i.type, i.number, i.quantity, i.crafted::int, i.gem,
    i.durability, i.life, i.socket::int, i.appraised::int, i.grade) ORDER BY i.place), '[]')::json AS items
FROM game.item i WHERE i.character_id = @character_id;

-- name: InsertItems :exec
INSERT INTO game.item (character_id, place, type, number, quantity,
    crafted, gem, durability, life, socket, appraised, grade)
SELECT @character_id::bigint, unnest(@places::smallint[]), unnest(@types::smallint[]), unnest(@numbers::smallint[]),
    unnest(@quantities::bigint[]), unnest(@crafted::boolean[]), unnest(@gems::smallint[]),
    unnest(@durabilities::smallint[]), unnest(@lives::smallint[]), unnest(@sockets::boolean[]),
    unnest(@appraised::boolean[]), unnest(@grades::smallint[]);

-- name: NoCharacter :one
-- A snapshot that sees no such character; no row when there is one.
SELECT pg_current_snapshot()::text AS snapshot WHERE NOT EXISTS (SELECT 1 FROM game.character WHERE id = $1);

-- name: NoCharacters :one
-- A snapshot that sees no character of a user; no row when there is one.
SELECT pg_current_snapshot()::text AS snapshot WHERE NOT EXISTS (SELECT 1 FROM game.character WHERE user_id = @user_id);

-- name: LockUser :exec
-- Makes the creations of one user wait for each other, until the transaction
-- ends.
SELECT pg_advisory_xact_lock(@class::int, hashtext(@user_id::text));

-- name: ListCharactersByCreateKey :many
-- One at most is the person's who is there now.
SELECT * FROM game.character WHERE user_id = @user_id AND create_key = @create_key ORDER BY id DESC;

-- name: NameTaken :one
-- A look-alike of before may have a twin number; a new name gets 0.
SELECT EXISTS (SELECT 1 FROM game.character WHERE name_key = @name_key OR name_skeleton = @name_skeleton::text);

-- name: SkeletonMissing :one
SELECT EXISTS (SELECT 1 FROM game.character WHERE name_skeleton IS NULL);

-- name: LockWork :exec
-- Lets one transaction at a time do the work of a class, until it ends; others
-- wait.
SELECT pg_advisory_xact_lock(@class::int, 0);

-- name: LockWithoutSkeleton :many
-- Locks in the order of ids, as saves do.
SELECT id, name FROM game.character WHERE name_skeleton IS NULL ORDER BY id LIMIT @max_rows FOR UPDATE;

-- name: SetSkeletons :exec
-- A name that looks like others of before gets the next number among its
-- twins.
UPDATE game.character c SET name_skeleton = u.skeleton, name_twin = u.twin
FROM (
    SELECT n.id, n.skeleton, (row_number() OVER (PARTITION BY n.skeleton ORDER BY n.id) - 1 + COALESCE(
        (SELECT max(o.name_twin) + 1 FROM game.character o WHERE o.name_skeleton = n.skeleton), 0))::integer AS twin
    FROM (SELECT unnest(@ids::bigint[]) AS id, unnest(@skeletons::text[]) AS skeleton) n
) u
WHERE c.id = u.id;

-- name: ListSlots :many
SELECT slot, user_created_at, created_at FROM game.character WHERE user_id = @user_id ORDER BY slot;

-- name: PersonMissing :one
SELECT EXISTS (SELECT 1 FROM game.character WHERE user_created_at IS NULL)
    OR EXISTS (SELECT 1 FROM game.account WHERE user_created_at IS NULL)
    OR EXISTS (SELECT 1 FROM game.play WHERE user_created_at IS NULL) AS missing;

-- name: InsertCharacter :one
INSERT INTO game.character (
    user_id, user_created_at, name, name_key, name_skeleton, slot, gender, birth_stone, hair, face,
    zone, x, y, revive_zone, job, level, xp, hp, mp,
    strength, dexterity, intelligence, concentration, charm, sense,
    stat_points, skill_points, stamina, money,
    version, create_key, created_at, updated_at
) VALUES (
    @user_id, @user_created_at, @name, @name_key, @name_skeleton::text, @slot, @gender, @birth_stone, @hair, @face,
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

-- name: TryLock :one
-- Lets one transaction at a time do the work of a class, until it ends.
SELECT pg_try_advisory_xact_lock(@class::int, 0) AS locked;

-- name: PurgeCharacters :execrows
-- What players have marked. The sweep removes what it has marked itself.
DELETE FROM game.character WHERE id IN (
    SELECT c.id FROM game.character c
    WHERE c.delete_at <= @at::timestamptz AND c.sweep_delete_at IS DISTINCT FROM c.delete_at
    ORDER BY c.delete_at
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED
);
