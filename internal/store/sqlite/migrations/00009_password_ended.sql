-- +goose Up

-- What the website kept of the user's password when the game password was set,
-- or the ticket made; null where nothing is known. The stamp of an account names
-- the game password that it is of: whoever sets another one without knowing of
-- the stamp leaves it behind.
ALTER TABLE game_account ADD COLUMN password_stamp TEXT;
ALTER TABLE game_ticket ADD COLUMN site_password TEXT;

-- +goose Down
ALTER TABLE game_ticket DROP COLUMN site_password;
ALTER TABLE game_account DROP COLUMN password_stamp;
