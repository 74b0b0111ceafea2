import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openDatabase } from "../src/database.ts";
import { signingSecret } from "../src/secret.ts";
import { readSettings, SettingsError } from "../src/settings.ts";

const secret = "0123456789abcdef0123456789abcdef";

test("without settings it is a site for this machine", () => {
  const s = readSettings({});
  assert.equal(s.baseUrl, "http://127.0.0.1:3000");
  assert.equal(s.authAddr, "127.0.0.1:50051");
  assert.equal(s.characterAddr, "127.0.0.1:50053");
  assert.equal(s.gamePort, 29000);
  assert.equal(s.zoneNames.get(20), "First Meadow");
  assert.ok(s.rateLimit);
  assert.deepEqual(s.mail, { kind: "log" });
  assert.equal(s.gameStatusUrl, "http://127.0.0.1:8080/status");
  assert.equal(s.newsFile, undefined);
  assert.match(s.launcherDir, /\/bin\/launchers$/);
  assert.match(s.database.kind === "sqlite" ? s.database.path : "", /\/data\/waystone\.db$/);
});

test("settings are taken", () => {
  const s = readSettings({
    NODE_ENV: "production",
    BASE_URL: "https://play.example.com/",
    BETTER_AUTH_SECRET: secret,
    DATABASE_URL: "postgres://web@db/site",
    GAME_HOST: "game.example.com",
    GAME_PORT: "29001",
    ZONE_NAMES: "7=The Fen, 8 = x",
    CLIENT_IP_HEADER: "X-Forwarded-For",
    GAME_STATUS_URL: "none",
    SMTP_URL: "smtps://u:p@mail.example.com",
    MAIL_FROM: "Waystone <game@example.com>",
  });
  assert.equal(s.gameStatusUrl, undefined);
  assert.equal(s.mail.kind, "smtp");
  const silent = { NODE_ENV: "production", BASE_URL: "https://a.example", BETTER_AUTH_SECRET: secret };
  assert.deepEqual(readSettings(silent).mail, { kind: "none" });
  assert.equal(s.baseUrl, "https://play.example.com");
  assert.deepEqual(s.database, { kind: "postgres", url: "postgres://web@db/site" });
  assert.equal(s.gameHost, "game.example.com");
  assert.equal(s.gamePort, 29001);
  assert.equal(s.zoneNames.get(7), "The Fen");
  assert.equal(s.clientIpHeader, "x-forwarded-for");
});

for (const [name, env, expected] of [
  ["a port that is none", { PORT: "0" }, /PORT must be a port/],
  ["a port too high", { GAME_PORT: "65536" }, /GAME_PORT must be a port/],
  ["an address with a path", { BASE_URL: "http://example.com/site" }, /BASE_URL must have no path/],
  ["an address of another kind", { BASE_URL: "ftp://example.com" }, /BASE_URL must be an http/],
  ["a short secret", { BETTER_AUTH_SECRET: "short" }, /BETTER_AUTH_SECRET must have 32/],
  [
    "production without a secret",
    { NODE_ENV: "production", BASE_URL: "https://a.example" },
    /SECRET is needed/,
  ],
  [
    "production without an address",
    { NODE_ENV: "production", BETTER_AUTH_SECRET: secret },
    /BASE_URL is needed/,
  ],
  ["another database", { DATABASE_URL: "mysql://db" }, /DATABASE_URL must begin with postgres/],
  ["a short token", { SERVICE_TOKEN: "short" }, /SERVICE_TOKEN must have 16/],
  ["a host with a path", { GAME_HOST: "a/b" }, /GAME_HOST must be/],
  ["zones without names", { ZONE_NAMES: "1,2" }, /ZONE_NAMES must be/],
  ["mail without a sender", { SMTP_URL: "smtp://mail" }, /MAIL_FROM is needed/],
  ["a mail server of another kind", { SMTP_URL: "http://mail", MAIL_FROM: "a@b.c" }, /SMTP_URL must be smtp/],
  ["a status of another kind", { GAME_STATUS_URL: "127.0.0.1:8080" }, /GAME_STATUS_URL must be an http/],
  ["a limit that is neither", { RATE_LIMIT: "yes" }, /RATE_LIMIT must be on or off/],
] as const) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readSettings(env),
      (e) => e instanceof SettingsError && expected.test(e.message),
    );
  });
}

test("a secret is made once, for the owner's eyes", (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "waystone-secret-"));
  t.after(() => rmSync(dataDir, { recursive: true }));
  const settings = readSettings({ WAYSTONE_DATA: dataDir });
  const first = signingSecret(settings);
  assert.ok(first.length >= 32);
  assert.equal(signingSecret(settings), first);
  assert.equal(statSync(join(dataDir, "website-secret")).mode & 0o777, 0o600);
  assert.equal(signingSecret({ ...settings, secret }), secret);
});

test("a transaction on SQLite may write although another program does between", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "waystone-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "site.db");
  const database = openDatabase({ kind: "sqlite", path });
  t.after(() => database.close());
  const file = database.handle as DatabaseSync;
  file.exec("CREATE TABLE a (n integer)");
  const game = new DatabaseSync(path, { timeout: 0 });
  t.after(() => game.close());

  file.prepare("begin").run();
  file.prepare("SELECT n FROM a").all();
  assert.throws(() => game.exec("INSERT INTO a VALUES (1)"), /locked/, "the other one waits");
  file.prepare("INSERT INTO a VALUES (2)").run();
  file.prepare("commit").run();
  game.exec("INSERT INTO a VALUES (1)");
  assert.equal(file.prepare("SELECT n FROM a").all().length, 2);
});
