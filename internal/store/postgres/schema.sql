-- Executed before the first migration, when the database has no schema game.
CREATE SCHEMA game;
