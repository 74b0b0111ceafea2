import assert from "node:assert/strict";
import { textAt } from "../src/game/read.ts";
import type { PlayReply } from "../src/routes/play.ts";
import { manyTries, openAuth } from "./support/auth.ts";
import { onPostgres, openPostgres } from "./support/database.ts";
import { callSite, signUp, websiteSession } from "./support/member.ts";
import { type Stack, startStack } from "./support/stack.ts";

const password = "three stones and a lantern";

/** What `waystone db check` says: each line's object and detail, and the statements that it prints below. */
async function dbCheck(db: Stack["db"], env: Record<string, string> = {}) {
  const { status, lines } = await db("check", env);
  const found = new Map<string, { ok: boolean; detail: string }>();
  const statements: string[] = [];
  for (const line of lines) {
    const [, word, object = "", detail = ""] = /^(ok|MISSING) +(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
    if (word !== undefined) found.set(object, { ok: word === "ok", detail });
    else if (line.startsWith("GRANT ")) statements.push(line);
  }
  return { status, found, statements, text: lines.join("\n") };
}

const options = [
  "reading password hashes",
  "making sessions",
  "ending sessions",
  "redeeming one-time tokens",
];

onPostgres("what the website's owner has not granted is off, and says so", async (t, database, server) => {
  const owner = await openPostgres(t, server.url);
  const { role, url } = await server.makeRole();
  const env = { DATABASE_URL: url };

  const stack = await startStack(
    t,
    { ...database.env, ...manyTries },
    {
      async between(db) {
        assert.equal((await db("migrate")).status, 0);
        const before = await dbCheck(db, env);
        assert.equal(before.status, 1, before.text);
        const game = before.found.get("schema game");
        assert.match(game?.detail ?? "", /GRANT USAGE ON SCHEMA game/, before.text);
        await owner.run(`GRANT USAGE ON SCHEMA game TO ${role}`);
        await owner.run(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA game TO ${role}`);
        for (const statement of before.statements) await owner.run(statement);
        // What prolongs sessions is told once the rest is there.
        for (const statement of (await dbCheck(db, env)).statements) await owner.run(statement);
        return env;
      },
    },
  );
  const ask = openAuth(t, stack);
  const ada = await signUp(stack.url, "ada", password);
  const shown = { username: "ada", password, address: "203.0.113.7" };
  const signIn = () => ask("SignIn", { ...shown, userAgent: "", remember: true });
  const verdict = async (...call: Parameters<typeof ask>) => {
    const { status, reason } = await ask(...call);
    return `${status} ${reason}`;
  };
  const link = (ticket: string) =>
    `waystone://play?v=1&host=127.0.0.1&port=${stack.loginPort}&user=ada&ticket=${ticket}`;
  const oneTimeToken = async () =>
    String((await callSite(stack.url, "/one-time-token/generate", { cookie: ada.cookie })).data?.token);

  await t.test("without the grants", async () => {
    const { status, found, text } = await dbCheck(stack.db);
    assert.equal(status, 0, text);
    for (const option of options) {
      const { ok, detail } = found.get(option) ?? assert.fail(`no line ${option}:\n${text}`);
      assert.ok(ok && /^off; it needs GRANT /.test(detail), `${option}: ${detail}`);
    }
    const off = "FAILED_PRECONDITION CREDENTIALS_NOT_GRANTED";
    assert.equal(await verdict("VerifyPassword", shown), off);
    assert.equal(await verdict("SignIn", { ...shown, remember: true }), off);
    const { token } = ada;
    assert.equal(await verdict("SignOut", { token }), "FAILED_PRECONDITION SESSIONS_NOT_GRANTED");
    await stack.refused(link(await oneTimeToken()));

    for (const method of ["CheckSession", "RefreshSession"])
      assert.equal(await verdict(method, { token }), "OK OK", method);
    const change = { userId: ada.id, password: "a mile of moss" };
    assert.equal(await verdict("SetGamePassword", change), "PERMISSION_DENIED SESSION_NOT_FRESH");
    assert.equal(await verdict("SetGamePassword", { ...change, sessionToken: token }), "OK OK");
    const headers = { authorization: `Bearer ${token}` };
    const play = await fetch(`${stack.url}/api/play`, { method: "POST", headers });
    await stack.enter(((await play.json()) as PlayReply).link);
  });

  await t.test("with the hashes alone, no session is made", async () => {
    const { found } = await dbCheck(stack.db);
    await owner.run((found.get("reading password hashes")?.detail ?? "").replace("off; it needs ", ""));
    await stack.restartGame();
    assert.equal(await verdict("VerifyPassword", shown), "OK OK");
    const refused = await signIn();
    assert.deepEqual([refused.status, refused.reason], ["FAILED_PRECONDITION", "SESSIONS_NOT_GRANTED"]);
  });

  await t.test("with what the check says, all works", async () => {
    for (const [option, { detail }] of (await dbCheck(stack.db)).found)
      if (options.includes(option) && detail !== "granted")
        for (const grant of detail.replace("off; it needs ", "").split("; ")) await owner.run(grant);
    const { status, found, text } = await dbCheck(stack.db);
    assert.equal(status, 0, text);
    for (const option of options) assert.equal(found.get(option)?.detail, "granted", text);
    await stack.restartGame();
    const token = textAt((await signIn()).reply, "token");
    assert.notEqual(await websiteSession(stack.url, { token }), undefined);
    assert.equal(await verdict("SignOut", { token }), "OK OK");
    assert.equal(await websiteSession(stack.url, { token }), undefined);
    await stack.enter(link(await oneTimeToken()));
  });
});
