import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { manyTries, openAuth } from "./support/auth.ts";
import { onEachDatabase, type Sql, type TestDatabase } from "./support/database.ts";
import { type Answer, callSite, signUp, websiteSession } from "./support/member.ts";
import { soon } from "./support/soon.ts";
import { type Stack, startStack } from "./support/stack.ts";

const password = "three stones and a lantern";
const wrong = "three stones and no lantern";
const dragons = (n: number) => "🐉".repeat(n);

/** better-auth's answers in the words of the auth part. */
const meanings: Readonly<Record<string, string>> = {
  "let in": "OK",
  "second factor": "TWO_FACTOR_REQUIRED",
  INVALID_EMAIL_OR_PASSWORD: "LOGIN_REFUSED",
  INVALID_USERNAME_OR_PASSWORD: "LOGIN_REFUSED",
  EMAIL_NOT_VERIFIED: "EMAIL_NOT_VERIFIED",
  BANNED_USER: "USER_BANNED",
  PASSWORD_TOO_LONG: "INVALID_PASSWORD",
  INVALID_EMAIL: "INVALID_EMAIL",
  INVALID_USERNAME: "INVALID_USERNAME",
  USERNAME_TOO_SHORT: "INVALID_USERNAME",
  USERNAME_TOO_LONG: "INVALID_USERNAME",
};

/** Something to sign in with, and what better-auth is known to answer. */
interface Case {
  what: string;
  email?: string;
  username?: string;
  password: string;
  expected: string;
}

function inWords({ status, data }: Answer): string {
  if (status !== 200) return String(data?.code ?? status);
  return data?.twoFactorRedirect === true ? "second factor" : "let in";
}

/** Asks both about each case and prints what they say. */
async function compare(t: TestContext, stack: Stack, cases: readonly Case[]): Promise<void> {
  const ask = openAuth(t, stack);
  const row = (...words: string[]) =>
    t.diagnostic(`${words[0]?.padEnd(52)} ${words[1]?.padEnd(29)} ${words[2]}`);
  row("case", "better-auth says", "we say");
  for (const { what, expected, ...shown } of cases) {
    // Ours first: better-auth takes a ban that is over off at the sign-in.
    const ours = await ask("VerifyPassword", { ...shown, address: "203.0.113.7" });
    const path = shown.email === undefined ? "/sign-in/username" : "/sign-in/email";
    const theirs = inWords(await callSite(stack.url, path, {}, shown));
    row(what, theirs, ours.reason);
    assert.equal(theirs, expected, what);
    assert.equal(ours.reason, meanings[theirs], what);
  }
}

const variant = join(import.meta.dirname, "support/variant.ts");

/** Starts better-auth with what other sites add, and the game server on what it made. */
async function begin(t: TestContext, database: TestDatabase, env: Record<string, string> = {}) {
  const plan = { program: variant, between: async () => ({}) };
  const stack = await startStack(t, { ...database.env, ...manyTries, ...env }, plan);
  return { stack, url: stack.url, sql: await database.open(t, stack) };
}

/** A user out of a seed that a real better-auth made. */
interface SeedUser {
  key: string;
  name: string;
  email: string;
  email_typed?: string;
  username: string | null;
  displayUsername: string | null;
  password: string | null;
  password_equivalents?: string[];
  password_must_fail?: string[];
  banned: boolean;
}

function seedUsers(): SeedUser[] {
  const folder = resolve(import.meta.dirname, "../../internal/store/storetest/betterauth");
  return JSON.parse(readFileSync(join(folder, "credentials.json"), "utf8")).postgres;
}

/** Signs the users of the seed up again and returns their cases. */
async function seedCases(url: string, sql: Sql): Promise<Case[]> {
  const cases: Case[] = [];
  for (const u of seedUsers()) {
    const body = {
      name: u.name,
      email: u.email_typed ?? u.email,
      password: u.password ?? password,
      ...(u.displayUsername === null ? {} : { username: u.displayUsername }),
    };
    const { status, data } = await callSite(url, "/sign-up/email", {}, body);
    assert.equal(status, 200, `${u.key}: ${JSON.stringify(data)}`);
    if (u.banned) await sql.run(`UPDATE "user" SET banned = ? WHERE email = ?`, true, u.email);
    if (u.password === null)
      await sql.run(`DELETE FROM account WHERE "userId" = (SELECT id FROM "user" WHERE email = ?)`, u.email);
    const refused = "INVALID_EMAIL_OR_PASSWORD";
    const right = u.password === null ? refused : u.banned ? "BANNED_USER" : "let in";
    const add = (what: string, shown: Partial<Case>, expected: string) =>
      cases.push({ what: `${u.key}: ${what}`, password: u.password ?? password, ...shown, expected });
    add("e-mail, password", { email: u.email }, right);
    add("e-mail in capitals", { email: u.email.toUpperCase() }, right);
    add("e-mail, wrong password", { email: u.email, password: wrong }, refused);
    if (u.username !== null) {
      add("user name, password", { username: u.username }, right);
      add("user name in capitals", { username: u.username.toUpperCase() }, right);
      const password = wrong;
      add("user name, wrong password", { username: u.username, password }, "INVALID_USERNAME_OR_PASSWORD");
    }
    u.password_equivalents?.forEach((p, i) => {
      add(`NFKC spelling ${i + 1}`, { email: u.email, password: p }, right);
    });
    u.password_must_fail?.forEach((p, i) => {
      add(`spelling that is none ${i + 1}`, { email: u.email, password: p }, refused);
    });
  }
  return cases;
}

/** Users with something about them, and what typed names and passwords come to. */
async function otherCases(url: string, sql: Sql): Promise<Case[]> {
  const user = async (name: string, secret = password) => signUp(url, name, secret);
  await user("plain");
  await user("letters128", "ä".repeat(128));
  await user("dragons64", dragons(64));
  const expired = await user("ban_over");
  const banned = await user("banned_for_a_day");
  await sql.run(
    `UPDATE "user" SET banned = ?, "banExpires" = ? WHERE id = ?`,
    true,
    new Date(Date.now() - 1000),
    expired.id,
  );
  await sql.run(
    `UPDATE "user" SET banned = ?, "banExpires" = ? WHERE id = ?`,
    true,
    new Date(Date.now() + 86_400_000),
    banned.id,
  );
  const second = await user("two_factors");
  const enabled = await callSite(url, "/two-factor/enable", { token: second.token }, { password });
  assert.equal(enabled.status, 200, JSON.stringify(enabled.data));
  const twice = await user("two_factors_banned");
  await callSite(url, "/two-factor/enable", { token: twice.token }, { password });
  await sql.run(`UPDATE "user" SET banned = ? WHERE id = ?`, true, twice.id);

  const refused = "INVALID_USERNAME_OR_PASSWORD";
  const byName = (what: string, username: string, shown: string, expected: string): Case => ({
    what,
    username,
    password: shown,
    expected,
  });
  return [
    byName("unknown user name", "nobody", password, refused),
    { what: "unknown e-mail", email: "nobody@example.com", password, expected: "INVALID_EMAIL_OR_PASSWORD" },
    { what: "no e-mail address", email: "plain", password, expected: "INVALID_EMAIL" },
    byName("user name of 2", "pl", password, "USERNAME_TOO_SHORT"),
    byName("user name of 31", "p".repeat(31), password, "USERNAME_TOO_LONG"),
    byName("user name with a blank", "pl ain", password, "INVALID_USERNAME"),
    byName("user name with a letter beyond ASCII", "plaïn", password, "INVALID_USERNAME"),
    byName("password of 7, too short to sign up", "plain", "short77", refused),
    byName("128 letters, right", "letters128", "ä".repeat(128), "let in"),
    byName("128 letters, another's", "plain", "ä".repeat(128), refused),
    byName("129 letters", "letters128", "ä".repeat(129), "PASSWORD_TOO_LONG"),
    byName("64 dragons (128 units), right", "dragons64", dragons(64), "let in"),
    byName("64 dragons and a letter (129 units)", "dragons64", `${dragons(64)}x`, "PASSWORD_TOO_LONG"),
    byName("65 dragons (130 units)", "dragons64", dragons(65), "PASSWORD_TOO_LONG"),
    byName("129 letters, unknown user", "nobody", "x".repeat(129), "PASSWORD_TOO_LONG"),
    byName("banned for a day, right password", "banned_for_a_day", password, "BANNED_USER"),
    byName("banned for a day, wrong password", "banned_for_a_day", wrong, refused),
    byName("ban that is over, wrong password", "ban_over", wrong, refused),
    byName("ban that is over, right password", "ban_over", password, "let in"),
    byName("second factor, right password", "two_factors", password, "second factor"),
    byName("second factor, wrong password", "two_factors", wrong, refused),
    byName("second factor and banned, right password", "two_factors_banned", password, "BANNED_USER"),
  ];
}

onEachDatabase("a password is right on the website and here, or on neither", async (t, database) => {
  const { stack, url, sql } = await begin(t, database);
  const cases = [...(await seedCases(url, sql)), ...(await otherCases(url, sql))];
  await compare(t, stack, cases);

  await t.test("a hash of another shape is no password here, and noted", async (t) => {
    const { id, name } = await signUp(url, "bcrypt", password);
    const hash = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    await sql.run(`UPDATE account SET password = ? WHERE "userId" = ?`, hash, id);
    const shown = { username: name, password };
    const ours = await openAuth(t, stack)("VerifyPassword", { ...shown, address: "203.0.113.7" });
    const theirs = inWords(await callSite(url, "/sign-in/username", {}, shown));
    t.diagnostic(
      `better-auth itself, without the hash function that made it, says ${theirs}; we say ${ours.reason}`,
    );
    assert.notEqual(theirs, "let in");
    assert.equal(ours.reason, "LOGIN_REFUSED");
    await stack.game.line(/a password hash of the website has another shape/);
  });

  await t.test("who deletes the own account is gone", async (t) => {
    const ask = openAuth(t, stack);
    const gone = await signUp(url, "leaver", password);
    assert.equal((await ask("CheckSession", { token: gone.token })).reason, "OK");
    assert.equal((await callSite(url, "/delete-user", { token: gone.token }, { password })).status, 200);
    await soon("SESSION_NOT_FOUND", async () => (await ask("CheckSession", { token: gone.token })).reason);
    const shown = { username: "leaver", password, address: "203.0.113.7" };
    assert.equal((await ask("VerifyPassword", shown)).reason, "LOGIN_REFUSED");
    assert.equal(await websiteSession(url, gone), undefined);
  });
});

onEachDatabase("an address is to be verified on the website and here", async (t, database) => {
  const { stack, url, sql } = await begin(t, database, { WEBSITE_REQUIRE_VERIFIED_EMAIL: "true" });
  for (const name of ["open", "verified", "banned"]) {
    const body = { name, username: name, email: `${name}@example.com`, password };
    const { status, data } = await callSite(url, "/sign-up/email", {}, body);
    assert.deepEqual([status, data?.token], [200, null], "no session before the address is verified");
  }
  await sql.run(`UPDATE "user" SET "emailVerified" = ? WHERE username = ?`, true, "verified");
  await sql.run(`UPDATE "user" SET banned = ? WHERE username = ?`, true, "banned");
  const refused = { email: "INVALID_EMAIL_OR_PASSWORD", username: "INVALID_USERNAME_OR_PASSWORD" };
  await compare(t, stack, [
    {
      what: "unverified, right password",
      email: "open@example.com",
      password,
      expected: "EMAIL_NOT_VERIFIED",
    },
    { what: "unverified, by user name", username: "open", password, expected: "EMAIL_NOT_VERIFIED" },
    {
      what: "unverified, wrong password",
      email: "open@example.com",
      password: wrong,
      expected: refused.email,
    },
    {
      what: "unverified, by user name, wrong password",
      username: "open",
      password: wrong,
      expected: refused.username,
    },
    { what: "verified, right password", email: "verified@example.com", password, expected: "let in" },
    { what: "verified, by user name", username: "verified", password, expected: "let in" },
    { what: "unverified and banned", email: "banned@example.com", password, expected: "EMAIL_NOT_VERIFIED" },
    {
      what: "unverified and banned, wrong password",
      email: "banned@example.com",
      password: wrong,
      expected: refused.email,
    },
  ]);
});
