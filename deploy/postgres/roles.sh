#!/bin/sh
# Makes the two roles of the database $POSTGRES_DB; the image of PostgreSQL runs
# it once, when its volume is new. website owns the database, with the tables of
# the accounts and, in the schema game, those of the game. waystone is the server:
# it may do what grants.sql says. Nobody else may connect.
set -eu
export WEBSITE_DB_PASSWORD GAME_DB_PASSWORD
# Of all programs, only this one's children can read its environment; the
# arguments of a program can be read by everybody.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv website_password WEBSITE_DB_PASSWORD
\getenv game_password GAME_DB_PASSWORD
CREATE ROLE website LOGIN PASSWORD :'website_password';
CREATE ROLE waystone LOGIN PASSWORD :'game_password';
SELECT format('ALTER DATABASE %I OWNER TO website; REVOKE ALL ON DATABASE %1$I FROM PUBLIC; GRANT CONNECT ON DATABASE %1$I TO waystone; ALTER SCHEMA public OWNER TO website', current_database()) \gexec
SQL
