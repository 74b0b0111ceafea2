-- name: ListItems :many
SELECT * FROM game_item WHERE character_id = ? ORDER BY place;

-- name: DeleteItem :exec
DELETE FROM game_item WHERE id = ?;

-- InsertItem gives the next id to an item that comes with 0.
-- name: InsertItem :one
INSERT INTO game_item (
    id, character_id, place, type, number, quantity,
    crafted, gem, durability, life, socket, appraised, grade
) VALUES (
    NULLIF(CAST(sqlc.arg(id) AS INTEGER), 0), sqlc.arg(character_id), sqlc.arg(place), sqlc.arg(type),
    sqlc.arg(number), sqlc.arg(quantity), sqlc.arg(crafted), sqlc.arg(gem), sqlc.arg(durability),
    sqlc.arg(life), sqlc.arg(socket), sqlc.arg(appraised), sqlc.arg(grade)
) RETURNING id;
