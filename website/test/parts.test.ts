import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { readCharacters } from "../src/game/characters.ts";
import { explain, GameError } from "../src/game/errors.ts";
import { gamePasswordProblem, localPath, repeatProblem } from "../src/http/forms.ts";
import { Limiter } from "../src/http/limiter.ts";
import { isBanned } from "../src/http/login.ts";
import { fieldProblems, words } from "../src/http/words.ts";
import { playLink } from "../src/link.ts";
import { deviceName } from "../src/pages/agent.ts";
import { html } from "../src/pages/html.ts";
import { timeLeft } from "../src/pages/times.ts";

const ticket = "abcdefghijklmnopqrstuvwxyz012345";

test("a play link has its parts and no escapes", () => {
  const play = { host: "game.example.com", port: 29000, user: "ada", ticket, site: "https://example.com" };
  const parts = `waystone://play?v=1&host=game.example.com&port=29000&user=ada&ticket=${ticket}`;
  for (const site of [
    "https://example.com",
    "https://example.com:8443",
    "http://127.0.0.1:3000",
    "http://localhost",
  ])
    assert.equal(playLink({ ...play, site }), `${parts}&site=${site}`);
  for (const site of [
    "http://example.com",
    "http://[::1]:3000",
    "https://a b",
    "https://example.com/&user=x",
  ])
    assert.equal(playLink({ ...play, site }), parts, "a site that launchers do not take is left out");
  for (const wrong of [{ host: "a b" }, { user: "a&b" }, { user: "" }, { ticket: "short" }])
    assert.throws(() => playLink({ ...play, ...wrong }), /does not fit/);
});

test("errors of the game server become plain words", () => {
  const notFound = new GameError("gone", 404, "It is gone.");
  const told = (code: status, conflict?: GameError) =>
    explain(Object.assign(new Error("x"), { code }), conflict ? { notFound, conflict } : { notFound });
  assert.match(told(status.UNAVAILABLE).message, /cannot be reached/);
  assert.match(told(status.DEADLINE_EXCEEDED).message, /cannot be reached/);
  assert.match(told(status.RESOURCE_EXHAUSTED).message, /busy/);
  assert.match(told(status.PERMISSION_DENIED).message, /banned/);
  assert.match(told(status.UNAUTHENTICATED).message, /SERVICE_TOKEN/);
  assert.equal(told(status.NOT_FOUND), notFound);
  assert.equal(told(status.FAILED_PRECONDITION, notFound), notFound);
  assert.equal(told(status.FAILED_PRECONDITION).code, "failed");
  const odd = new TypeError("odd");
  assert.equal(explain(odd, { notFound }).cause, odd);
});

test("refusals of better-auth become plain words", () => {
  const refusal = { ok: false, status: 401, code: "", message: "" } as const;
  assert.match(words({ ...refusal, code: "INVALID_USERNAME_OR_PASSWORD" }), /is wrong/);
  assert.match(words({ ...refusal, status: 429, wait: 40 }), /Too many attempts. Wait 40 seconds/);
  assert.match(words({ ...refusal, status: 429, wait: 130 }), /Wait 3 minutes/);
  const email = { ...refusal, status: 400, message: "[body.email] Invalid email address" };
  assert.match(words(email), /^This is not an e-mail address/);
  assert.deepEqual(Object.keys(fieldProblems(email, { email: "mail" })), ["mail"]);
  assert.deepEqual(Object.keys(fieldProblems({ ...refusal, code: "BANNED_USER" }, { email: "mail" })), [""]);
  assert.doesNotMatch(words({ ...refusal, message: "[body.x] Invalid input" }), /\[body/);
  assert.match(words({ ...refusal, status: 500, message: "SQL" }), /^Something went wrong/);
  assert.equal(words({ ...refusal, message: "New rule." }), "New rule.");
});

test("characters are read out of a reply", () => {
  const state = { level: 3, position: { zone: 2 } };
  assert.deepEqual(
    readCharacters({
      characters: [
        { id: "1", name: "Ada", state, deleteAt: null },
        { id: "2", name: "Bo", state, deleteAt: { seconds: "1", nanos: 5_000_000 } },
      ],
    }),
    [
      { id: "1", name: "Ada", level: 3, zone: 2, deleteAt: undefined },
      { id: "2", name: "Bo", level: 3, zone: 2, deleteAt: "1970-01-01T00:00:01.005Z" },
    ],
  );
  assert.throws(() => readCharacters({ characters: [{ id: 1 }] }), /has no state/);
});

test("a sign-in leads back to this site only", () => {
  for (const path of ["/device?user_code=AB12", "/admin"]) assert.equal(localPath(path, "/x"), path);
  for (const path of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "x",
    "",
    "/a\nb",
    undefined,
  ])
    assert.equal(localPath(path, "/x"), "/x");
});

test("a game password is one that the client can type", () => {
  assert.equal(gamePasswordProblem("eight888"), undefined);
  assert.match(repeatProblem("eight888", "eight889") ?? "", /different/);
  assert.equal(repeatProblem("eight888", "eight888"), undefined);
  assert.match(gamePasswordProblem("seven77") ?? "", /8 characters or more/);
  assert.match(gamePasswordProblem("x".repeat(65)) ?? "", /64 characters at most/);
  assert.match(gamePasswordProblem("pässwörter") ?? "", /without accents/);
});

test("a ban that is over is none", () => {
  assert.ok(isBanned({ banned: true }));
  assert.ok(isBanned({ banned: true, banExpires: new Date(Date.now() + 60_000) }));
  assert.ok(!isBanned({ banned: true, banExpires: new Date(Date.now() - 1) }));
  assert.ok(!isBanned({ banned: null }));
});

test("the limiter counts by key and time", () => {
  let now = 0;
  const limiter = new Limiter(true, () => now);
  assert.ok(limiter.allow("a", 2, 10));
  assert.ok(limiter.allow("a", 2, 10));
  assert.ok(!limiter.allow("a", 2, 10));
  assert.ok(limiter.allow("b", 2, 10));
  now = 4000;
  assert.equal(limiter.wait("a", 2, 10), 6, "the seconds that are left");
  limiter.clear("a");
  assert.ok(limiter.allow("a", 1, 10));
  now = 14_000;
  assert.ok(limiter.allow("a", 1, 10));
  assert.ok(new Limiter(false).allow("a", 0, 10));
});

test("what is shown is escaped and readable", () => {
  assert.equal(String(html`<p>${"<b>&"}</p>`), "<p>&lt;b&gt;&amp;</p>");
  assert.equal(deviceName("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"), "Firefox on Linux");
  assert.equal(deviceName("waystone-launcher/1"), "Launcher");
  assert.equal(deviceName(null), "Another program");
  assert.equal(timeLeft(new Date(1).toISOString(), 0), "1 minute");
  assert.equal(timeLeft(new Date(42 * 60_000).toISOString(), 0), "42 minutes");
  assert.equal(timeLeft(new Date(5 * 3_600_000).toISOString(), 0), "5 hours");
  assert.equal(timeLeft(new Date(72 * 3_600_000).toISOString(), 0), "3 days");
});
