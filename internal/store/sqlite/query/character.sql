-- name: GetCharacter :one
SELECT * FROM game_character WHERE id = ?;

-- name: GetCharacterOf :one
SELECT * FROM game_character WHERE id = ? AND user_id = ?;

-- name: GetCharacterByCreateKey :one
SELECT * FROM game_character WHERE user_id = ? AND create_key = ?;

-- name: ListCharacters :many
SELECT * FROM game_character WHERE user_id = ? ORDER BY slot;

-- name: ListSlots :many
SELECT slot FROM game_character WHERE user_id = ? ORDER BY slot;

-- name: NameInUse :one
SELECT count(*) FROM game_character WHERE name_key = ?;

-- name: InsertCharacter :one
INSERT INTO game_character (
    user_id, name, name_key, slot, gender, birth_stone, hair, face,
    zone, x, y, revive_zone, job, level, xp, hp, mp,
    strength, dexterity, intelligence, concentration, charm, sense,
    stat_points, skill_points, stamina, money,
    version, create_key, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?,
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
FROM game_character c LEFT JOIN game_play p ON p.user_id = c.user_id
WHERE c.id = ?;

-- name: SaveCharacter :exec
UPDATE game_character SET
    zone = ?, x = ?, y = ?, revive_zone = ?, job = ?, level = ?, xp = ?, hp = ?, mp = ?,
    strength = ?, dexterity = ?, intelligence = ?, concentration = ?, charm = ?, sense = ?,
    stat_points = ?, skill_points = ?, stamina = ?, money = ?,
    version = version + 1, last_save_key = ?, updated_at = ?
WHERE id = ?;

-- name: PurgeCharacters :execrows
DELETE FROM game_character WHERE id IN (
    SELECT c.id FROM game_character c WHERE c.delete_at <= ? ORDER BY c.delete_at, c.id LIMIT ?
);
