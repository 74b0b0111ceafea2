-- Grants of the game server's role: read users and sessions of the website,
-- prolong sessions, and read and write the game's own tables. The owner of the
-- tables runs this file after `waystone db migrate`. It may be run again:
--
--   psql -d DATABASE -f deploy/postgres/grants.sql
--
-- -v game=ROLE names another role than waystone. The names of tables and columns
-- are better-auth's defaults, in the schema public.
\set ON_ERROR_STOP 1
\if :{?game}
\else
\set game waystone
\endif
BEGIN;
-- The website's tables.
GRANT USAGE ON SCHEMA public TO :"game";
GRANT SELECT (id, name, email, "emailVerified", image, "createdAt", "updatedAt",
    username, "displayUsername", role, banned, "banReason", "banExpires") ON "user" TO :"game";
GRANT SELECT (id, "userId", token, "expiresAt", "createdAt", "updatedAt",
    "ipAddress", "userAgent", "impersonatedBy") ON session TO :"game";
GRANT UPDATE ("expiresAt", "updatedAt") ON session TO :"game";
-- To notice a changed password that the change feed did not report. No hash is read.
GRANT SELECT (id, "userId", "providerId", "updatedAt") ON account TO :"game";
-- The game's tables, also those that later versions add.
GRANT USAGE ON SCHEMA game TO :"game";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA game TO :"game";
ALTER DEFAULT PRIVILEGES IN SCHEMA game GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"game";
-- Not granted: the hashes of the website's passwords. Without this grant, the
-- website's form for the game password asks for a recent sign-in, and no hash
-- crosses the network between the parts. With this grant, the form asks for the
-- website's password, and the server judges it. Players can then also sign in with
-- that password, where this is allowed:
-- GRANT SELECT ("userId", "providerId", "accountId", password) ON account TO :"game";
COMMIT;
