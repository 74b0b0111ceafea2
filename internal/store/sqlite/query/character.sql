-- GetCharacter reads the items in the same statement: an array of arrays, in
-- the order of the columns.
-- name: GetCharacter :one
SELECT sqlc.embed(c), CAST((
    SELECT json_group_array(json_array(i.id, i.place, i.type, i.number, i.quantity, i.crafted, i.gem,
        i.durability, i.life, i.socket, i.appraised, i.grade))
    FROM game_item i WHERE i.character_id = c.id) AS TEXT) AS items
FROM game_character c WHERE c.id = ?;

-- name: GetCharacterOf :one
SELECT * FROM game_character WHERE id = ? AND user_id = ?;

-- ListCharactersByCreateKey gives one at most of the person who is there now.
-- name: ListCharactersByCreateKey :many
SELECT * FROM game_character WHERE user_id = ? AND create_key = ? ORDER BY id DESC;

-- name: ListCharacters :many
SELECT sqlc.embed(c), CAST((
    SELECT json_group_array(json_array(i.id, i.place, i.type, i.number, i.quantity, i.crafted, i.gem,
        i.durability, i.life, i.socket, i.appraised, i.grade))
    FROM game_item i WHERE i.character_id = c.id) AS TEXT) AS items
FROM game_character c WHERE c.user_id = ? ORDER BY c.slot;

-- name: ListSlots :many
SELECT slot, user_created_at, created_at FROM game_character WHERE user_id = ? ORDER BY slot;

-- NameInUse counts the names that are the same and those that look alike.
-- name: NameInUse :one
SELECT count(*) FROM game_character WHERE name_key = ? OR name_skeleton = ?;

-- name: ListWithoutSkeleton :many
SELECT id, name FROM game_character WHERE name_skeleton IS NULL ORDER BY id LIMIT ?;

-- SetSkeleton gives a name that looks like others of before the next number
-- among its twins.
-- name: SetSkeleton :exec
UPDATE game_character SET name_skeleton = sqlc.arg(skeleton),
    name_twin = COALESCE((SELECT max(o.name_twin) + 1 FROM game_character o WHERE o.name_skeleton = sqlc.arg(skeleton)), 0)
WHERE game_character.id = sqlc.arg(id);

-- name: InsertCharacter :one
INSERT INTO game_character (
    user_id, user_created_at, name, name_key, name_skeleton, slot, gender, birth_stone, hair, face,
    zone, x, y, revive_zone, job, level, xp, hp, mp,
    strength, dexterity, intelligence, concentration, charm, sense,
    stat_points, skill_points, stamina, money,
    version, create_key, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?,
    1, ?, ?, ?
) RETURNING *;

-- name: SetDeleteAt :one
UPDATE game_character SET delete_at = ?, version = version + 1, updated_at = ? WHERE id = ? RETURNING *;

-- GetSaveState is what a save is judged by. The generation is that of the
-- owner's play record, ended or not; NULL when the owner never signed in.
-- name: GetSaveState :one
SELECT c.version, c.last_save_key, p.generation
FROM game_character c LEFT JOIN game_play p ON p.user_id = c.user_id AND (p.user_created_at = c.user_created_at) IS NOT FALSE
WHERE c.id = ?;

-- name: SaveCharacter :exec
UPDATE game_character SET
    zone = ?, x = ?, y = ?, revive_zone = ?, job = ?, level = ?, xp = ?, hp = ?, mp = ?,
    strength = ?, dexterity = ?, intelligence = ?, concentration = ?, charm = ?, sense = ?,
    stat_points = ?, skill_points = ?, stamina = ?, money = ?, hotbar = COALESCE(?, hotbar),
    version = version + 1, last_save_key = ?, updated_at = ?
WHERE id = ?;

-- PurgeCharacters removes what players have marked. The sweep removes what it
-- has marked itself.
-- name: PurgeCharacters :execrows
DELETE FROM game_character WHERE id IN (
    SELECT c.id FROM game_character c
    WHERE c.delete_at <= ? AND c.sweep_delete_at IS NOT c.delete_at
    ORDER BY c.delete_at, c.id LIMIT ?
);
