import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { objectAt, textAt } from "../src/game/read.ts";
import { type Ask, endOf, manyTries, openAuth } from "./support/auth.ts";
import { onEachDatabase, type Sql, type TestDatabase } from "./support/database.ts";
import { callSite, type Member, signedCookie, signIn, signUp, websiteSession } from "./support/member.ts";
import { soon } from "./support/soon.ts";
import { type Stack, startStack } from "./support/stack.ts";

const password = "three stones and a lantern";
const secret = "a secret of the tests that has 32 characters or more";
const day = 86_400_000;

/** All that a test about sessions works with. */
interface World {
  t: TestContext;
  stack: Stack;
  url: string;
  ask: Ask;
  sql: Sql;
  warden: Member;
}

async function begin(t: TestContext, database: TestDatabase): Promise<World> {
  const stack = await startStack(t, {
    ...database.env,
    BETTER_AUTH_SECRET: secret,
    WEBSITE_SECRETS: secret,
    ...manyTries,
  });
  const warden = await signUp(stack.url, "warden", password);
  await stack.makeAdmin("warden");
  return { t, stack, url: stack.url, ask: openAuth(t, stack), sql: await database.open(t, stack), warden };
}

/** Signs in at the game server, as a launcher's back end does. */
const signInHere = (w: World, username: string, agent = "", shown = password) =>
  w.ask("SignIn", { username, password: shown, address: "203.0.113.7", userAgent: agent, remember: true });

const check = async (w: World, token: string) => (await w.ask("CheckSession", { token })).reason;

/** Waits until the game server gives the wanted verdict on a session, and says how long that took. */
async function seen(w: World, what: string, reason: string, token: string): Promise<void> {
  const took = await soon(reason, () => check(w, token));
  w.t.diagnostic(`${what}: CheckSession says ${reason} ${took.toFixed(0)} ms after the website's answer`);
}

async function asModerator(w: World, path: string, body: object): Promise<void> {
  const { status, data } = await callSite(w.url, `/admin/${path}`, { token: w.warden.token }, body);
  assert.equal(status, 200, JSON.stringify(data));
}

const judge = async (w: World, username: string, shown: string) =>
  (await w.ask("VerifyPassword", { username, password: shown, address: "203.0.113.7" })).reason;

async function theWebsites(w: World): Promise<void> {
  const ada = await signUp(w.url, "ada", password, "Signpost/1");
  const again = await signIn(w.url, "ada", password);
  for (const token of [ada.token, again.token, decodeURIComponent(ada.cookie), ada.cookie]) {
    const verdict = await w.ask("CheckSession", { token });
    assert.equal(verdict.reason, "OK");
    assert.equal(textAt(objectAt(verdict.reply, "user"), "id"), ada.id);
  }
  const first = objectAt((await w.ask("CheckSession", { token: ada.token })).reply, "session");
  assert.equal(textAt(first, "userAgent"), "Signpost/1");
  const forged = decodeURIComponent(signedCookie(ada.token, `${secret}.`));
  assert.equal(await check(w, forged), "SESSION_NOT_FOUND", "a signature by another secret");
  assert.equal(await websiteSession(w.url, { cookie: encodeURIComponent(forged) }), undefined);
}

async function ours(w: World): Promise<void> {
  const ben = await signUp(w.url, "ben", password);
  const verdict = await signInHere(w, "Ben", "waystone-launcher/7");
  assert.equal(verdict.reason, "OK");
  const token = textAt(verdict.reply, "token");
  const id = textAt(objectAt(verdict.reply, "session"), "id");
  for (const who of [{ token }, { cookie: signedCookie(token, secret) }]) {
    const session = await websiteSession(w.url, who);
    assert.equal(session?.id, id);
    assert.equal(session?.userId, ben.id);
    assert.equal(Date.parse(session?.expiresAt ?? ""), endOf(verdict));
  }
  const { data } = await callSite(w.url, "/list-sessions", { cookie: ben.cookie });
  const listed = Object.values(data ?? {}) as { id: string; userAgent: string; ipAddress: string }[];
  assert.equal(listed.length, 2);
  const made = listed.find((s) => s.id === id);
  assert.equal(made?.userAgent, "waystone-launcher/7");
  assert.equal(made?.ipAddress, "203.0.113.7");
}

async function prolonging(w: World): Promise<void> {
  const { token } = await signUp(w.url, "cleo", password);
  const set = async (end: number) => {
    await w.sql.run(`UPDATE session SET "expiresAt" = ? WHERE token = ?`, new Date(end), token);
    await soon(end, async () => endOf(await w.ask("CheckSession", { token })));
  };
  const near = (end: number, wanted: number) =>
    assert.ok(
      Math.abs(end - wanted) < 5000,
      `${new Date(end).toISOString()} for ${new Date(wanted).toISOString()}`,
    );
  const refresh = async () => endOf(await w.ask("RefreshSession", { token }));
  const atTheSite = async () => Date.parse((await websiteSession(w.url, { token }))?.expiresAt ?? "");
  const usedAtTheSite = async () => {
    const { data } = await callSite(w.url, "/get-session", { token });
    return Date.parse((data?.session as { expiresAt?: string } | undefined)?.expiresAt ?? "");
  };

  // Six days or less before the end, a use makes it seven days again.
  const fresh = Date.now() + 6 * day + 60_000;
  await set(fresh);
  assert.equal(await refresh(), fresh, "not due here");
  assert.equal(await usedAtTheSite(), fresh, "nor at the website");

  await set(Date.now() + 6 * day - 60_000);
  const pushed = await refresh();
  near(pushed, Date.now() + 7 * day);
  assert.equal(await atTheSite(), pushed, "the website sees ours");

  await set(Date.now() + 60_000);
  const theirs = await usedAtTheSite();
  near(theirs, Date.now() + 7 * day);
  const took = await soon(theirs, async () => endOf(await w.ask("CheckSession", { token })));
  w.t.diagnostic(`the website prolongs: seen here after ${took.toFixed(0)} ms`);

  await w.sql.run(`UPDATE session SET "expiresAt" = ? WHERE token = ?`, new Date(Date.now() - 1000), token);
  await seen(w, "a session is over", "SESSION_EXPIRED", token);
  assert.equal((await w.ask("RefreshSession", { token })).reason, "SESSION_EXPIRED");
  assert.equal(await websiteSession(w.url, { token }), undefined);
}

async function signingOut(w: World): Promise<void> {
  const dora = await signUp(w.url, "dora", password);
  assert.equal(await check(w, dora.token), "OK");
  await callSite(w.url, "/sign-out", { cookie: dora.cookie }, {});
  await seen(w, "sign-out", "SESSION_NOT_FOUND", dora.token);

  const other = await signIn(w.url, "dora", password);
  assert.notEqual(await websiteSession(w.url, other), undefined);
  for (let twice = 0; twice < 2; twice++)
    assert.equal((await w.ask("SignOut", { token: other.token })).reason, "OK");
  assert.equal(await websiteSession(w.url, { token: other.token }), undefined);
  assert.equal(await websiteSession(w.url, { cookie: other.cookie }), undefined);
}

async function banning(w: World): Promise<void> {
  const eve = await signUp(w.url, "eve", password);
  assert.equal(await check(w, eve.token), "OK");
  await asModerator(w, "ban-user", { userId: eve.id, banReason: "selling gold" });
  await seen(w, "ban", "SESSION_NOT_FOUND", eve.token);
  await soon("USER_BANNED", () => judge(w, "eve", password));
  const refused = await signInHere(w, "eve");
  assert.deepEqual([refused.status, refused.reason], ["PERMISSION_DENIED", "USER_BANNED"]);
  assert.equal(await judge(w, "eve", "wrong wrong"), "LOGIN_REFUSED", "who guesses learns of no ban");

  await asModerator(w, "unban-user", { userId: eve.id });
  const back = await signIn(w.url, "eve", password);
  await soon("OK", async () => (await signInHere(w, "eve")).reason);
  // A ban by other tools leaves the session, which better-auth goes on to accept.
  await w.sql.run(`UPDATE "user" SET banned = ? WHERE id = ?`, true, eve.id);
  await seen(w, "ban without an end of sessions", "USER_BANNED", back.token);
}

async function revoking(w: World): Promise<void> {
  const finn = await signUp(w.url, "finn", password);
  const here = textAt((await signInHere(w, "finn")).reply, "token");
  const third = await signIn(w.url, "finn", password);
  for (const token of [finn.token, here, third.token]) assert.equal(await check(w, token), "OK");
  await callSite(w.url, "/revoke-session", { cookie: finn.cookie }, { token: here });
  await seen(w, "revoke-session", "SESSION_NOT_FOUND", here);
  assert.equal(await check(w, third.token), "OK");
  await callSite(w.url, "/revoke-other-sessions", { cookie: finn.cookie }, {});
  await seen(w, "revoke-other-sessions", "SESSION_NOT_FOUND", third.token);
  assert.equal(await check(w, finn.token), "OK");
  await callSite(w.url, "/revoke-sessions", { cookie: finn.cookie }, {});
  await seen(w, "revoke-sessions", "SESSION_NOT_FOUND", finn.token);
}

async function newPassword(w: World): Promise<void> {
  const gil = await signUp(w.url, "gil", password);
  const elsewhere = await signIn(w.url, "gil", password);
  const change = async (who: Member, from: string, to: string, revokeOtherSessions: boolean) => {
    const body = { currentPassword: from, newPassword: to, revokeOtherSessions };
    const answer = await callSite(w.url, "/change-password", { cookie: who.cookie }, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.data));
    return answer;
  };
  const verdicts = async (old: string, now: string) => {
    await soon("OK", () => judge(w, "gil", now));
    assert.equal(await judge(w, "gil", old), "LOGIN_REFUSED");
  };
  await verdicts("wrong wrong", password);
  await change(gil, password, "a second password", false);
  await verdicts(password, "a second password");
  for (const { token } of [gil, elsewhere]) assert.equal(await check(w, token), "OK", "sessions go on");

  const answer = await change(gil, "a second password", "a third password", true);
  await verdicts("a second password", "a third password");
  await seen(w, "password change, other session", "SESSION_NOT_FOUND", elsewhere.token);
  await seen(w, "password change, own old session", "SESSION_NOT_FOUND", gil.token);
  assert.equal(await check(w, decodeURIComponent(answer.cookie)), "OK", "and a new one begins");
}

async function deletion(w: World): Promise<void> {
  const hal = await signUp(w.url, "hal", password);
  assert.equal(await check(w, hal.token), "OK");
  await asModerator(w, "remove-user", { userId: hal.id, currentPassword: password });
  await seen(w, "deletion", "SESSION_NOT_FOUND", hal.token);
  assert.equal(await judge(w, "hal", password), "LOGIN_REFUSED");
  assert.equal((await w.ask("IssueTicket", { userId: hal.id })).reason, "USER_NOT_FOUND");
}

onEachDatabase("a session is one on the website and here", async (t, database) => {
  const world = await begin(t, database);
  for (const [title, body] of Object.entries({
    "the website's sessions are good here": theWebsites,
    "ours are good on the website": ours,
    "both prolong by one rule": prolonging,
    "signing out": signingOut,
    banning,
    "ending sessions": revoking,
    "a new password": newPassword,
    "deleting an account": deletion,
  }))
    await t.test(title, (inner) => body({ ...world, t: inner }));
});
