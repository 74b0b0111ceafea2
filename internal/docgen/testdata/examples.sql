-- What the examples in docs/api/database.md name.
INSERT INTO "user" (id, name, email, "emailVerified", username, "displayUsername", "createdAt", "updatedAt") VALUES
	('user-1', 'Alice', 'alice@example.com', 1, 'alice', 'Alice', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
	('user-2', 'Bob', 'bob@example.com', 1, 'bob', 'Bob', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
	('user-3', 'Carol', 'carol@example.com', 1, 'name_1', 'Name_1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") VALUES
	('account-3', 'user-3', 'credential', 'user-3', 'salt:key', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
INSERT INTO verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") VALUES
	('verification-1', 'one-time-token:abcdefghijklmnopqrstuvwxyz012345', 'token-of-session-1', '2099-01-01T00:00:00.000Z',
	'2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt") VALUES
	('session-1', 'token-of-session-1', 'user-1', '2099-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
INSERT INTO game_account (user_id, password_hash, loopback_only, created_at, updated_at) VALUES ('user-1', '', 1, 1767225600000, 1767225600000);
INSERT INTO game_character (id, user_id, name, name_key, slot, gender, birth_stone, hair, face, zone, x, y, revive_zone, job, level, xp,
	hp, mp, strength, dexterity, intelligence, concentration, charm, sense, stat_points, skill_points, stamina, money, version, create_key,
	delete_at, created_at, updated_at) VALUES
	(1, 'user-1', 'First', 'first', 0, 0, 0, 0, 1, 1, 520000, 520000, 1, 0, 1, 0, 50, 20, 15, 15, 15, 15, 10, 10, 0, 0, 5000, 0, 1, 'a', NULL, 1767225600000, 1767225600000),
	(2, 'user-1', 'Second', 'second', 1, 1, 0, 0, 1, 1, 520000, 520000, 1, 0, 1, 0, 50, 20, 15, 15, 15, 15, 10, 10, 0, 0, 5000, 0, 2, 'b', 4070908800000, 1767225600000, 1767225600000);
-- The digest is 01234567890123456789012345678901.
INSERT INTO game_ticket (digest, user_id, session_id, address, expires_at) VALUES
	(CAST('01234567890123456789012345678901' AS BLOB), 'user-1', 'session-1', '', 4070908800000);
INSERT INTO game_play (user_id, generation, play_id, session_id, digest, address, stage, lease_expires_at, next_token, next_stage, token_expires_at) VALUES
	('user-1', 1, 'play-1', 'session-1', CAST('01234567890123456789012345678901' AS BLOB), '203.0.113.7', 1, 4070908800000, 7, 2, 4070908800000),
	('user-2', 1, NULL, 'session-2', CAST('01234567890123456789012345678901' AS BLOB), '203.0.113.9', 1, 4070908800000, NULL, NULL, NULL);
