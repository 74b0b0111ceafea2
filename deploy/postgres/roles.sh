#!/bin/sh
# Creates the two roles of the database $POSTGRES_DB. The PostgreSQL image runs this
# script once, when its volume is new. website owns the database: the tables of the
# accounts, and the game's tables in the schema game. waystone is the server's role;
# its grants are in grants.sql. No other role may connect.
set -eu
export WEBSITE_DB_PASSWORD GAME_DB_PASSWORD
# Every user of the host can read the arguments of a program, but not its
# environment.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv website_password WEBSITE_DB_PASSWORD
\getenv game_password GAME_DB_PASSWORD
CREATE ROLE website LOGIN PASSWORD :'website_password';
CREATE ROLE waystone LOGIN PASSWORD :'game_password';
SELECT format('ALTER DATABASE %I OWNER TO website; REVOKE ALL ON DATABASE %1$I FROM PUBLIC; GRANT CONNECT ON DATABASE %1$I TO waystone; ALTER SCHEMA public OWNER TO website', current_database()) \gexec
SQL
