-- +goose Up
-- Null in rows of before, and where the website's password may not be looked at.
-- The stamp names the game password that it is of: whoever sets another one
-- without knowing of the stamp leaves it behind.
ALTER TABLE game.account ADD COLUMN password_stamp text;
ALTER TABLE game.ticket ADD COLUMN site_password text;
COMMENT ON COLUMN game.account.password_stamp IS 'Digests of the website''s rows that held the user''s password (of their ids and times of change) when the game password was set, and of the hash of the game password, with a dot between; null where nothing is known. A stamp of another hash means nothing.';
COMMENT ON COLUMN game.ticket.site_password IS 'Digest of the website''s rows that held the user''s password when the ticket was made; null or empty where nothing is known.';

-- +goose Down
ALTER TABLE game.ticket DROP COLUMN site_password;
ALTER TABLE game.account DROP COLUMN password_stamp;
