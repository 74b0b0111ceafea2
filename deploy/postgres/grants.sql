-- What the role of the game server may do: read users and sessions of the
-- website, prolong sessions, and keep the game's own tables. The owner of the
-- tables runs it after `waystone db migrate`, and again as often as he likes:
--
--   psql -d DATABASE -f deploy/postgres/grants.sql
--
-- -v game=ROLE names another role than waystone. The names of tables and columns
-- are those that better-auth gives by itself, in the schema public.
\set ON_ERROR_STOP 1
\if :{?game}
\else
\set game waystone
\endif
BEGIN;
-- What the website keeps.
GRANT USAGE ON SCHEMA public TO :"game";
GRANT SELECT (id, name, email, "emailVerified", image, "createdAt", "updatedAt",
    username, "displayUsername", role, banned, "banReason", "banExpires") ON "user" TO :"game";
GRANT SELECT (id, "userId", token, "expiresAt", "createdAt", "updatedAt",
    "ipAddress", "userAgent", "impersonatedBy") ON session TO :"game";
GRANT UPDATE ("expiresAt", "updatedAt") ON session TO :"game";
-- Noticing changed passwords where the change feed did not tell. No hash is read.
GRANT SELECT (id, "userId", "providerId", "updatedAt") ON account TO :"game";
-- What the game keeps, tables of coming versions included.
GRANT USAGE ON SCHEMA game TO :"game";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA game TO :"game";
ALTER DEFAULT PRIVILEGES IN SCHEMA game GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"game";
-- Not granted: the hashes of the website's passwords. Without them the website
-- itself checks who sets or removes a game password, by asking for a sign-in of
-- just now, and no hash crosses the network between the parts. With this line the
-- form asks for the website's password in its place, which the server judges, and
-- players can sign in by it where they are let:
-- GRANT SELECT ("userId", "providerId", "accountId", password) ON account TO :"game";
COMMIT;
