import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { launcherClient } from "../src/auth.ts";
import { callSite, signIn, signUp } from "./support/member.ts";
import { type Site, startSite } from "./support/site.ts";
import { Visitor } from "./support/visitor.ts";

const password = "three stones and a lantern";

interface World {
  site: Site;
  /** Makes all sessions look as if their owners had signed in an hour ago. */
  age(): void;
}

async function begin(t: TestContext, extra: Record<string, string> = {}): Promise<World> {
  const data = await mkdtemp(join(tmpdir(), "waystone-lasting-"));
  t.after(() => rm(data, { recursive: true }));
  const path = join(data, "waystone.db");
  const site = await startSite(t, { SQLITE_PATH: path, ...extra });
  return {
    site,
    age() {
      const file = new DatabaseSync(path, { timeout: 5000 });
      file.prepare("UPDATE session SET createdAt = ?").run(new Date(Date.now() - 3_600_000).toISOString());
      file.close();
    },
  };
}

const codeFor = async (site: Site) => {
  const { data } = await callSite(
    site.url,
    "/device/code",
    { agent: launcherClient },
    { client_id: launcherClient },
  );
  return { user: String(data?.user_code), device: String(data?.device_code) };
};

const claim = async (site: Site, cookie: string) => {
  const code = await codeFor(site);
  await callSite(site.url, `/device?user_code=${code.user}`, { cookie });
  return code;
};

const tokenFor = (site: Site, device_code: string) =>
  callSite(
    site.url,
    "/device/token",
    { agent: launcherClient },
    {
      client_id: launcherClient,
      device_code,
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    },
  );

test("a session that was got hold of makes no other one", async (t) => {
  const { site, age } = await begin(t);
  const ada = await signUp(site.url, "ada", password);
  const approve = (userCode: string, more: object = {}) =>
    callSite(site.url, "/device/approve", { cookie: ada.cookie }, { userCode, ...more });

  const fresh = await claim(site, ada.cookie);
  assert.equal(
    (await approve(fresh.user, { password: "wrong" })).status,
    400,
    "a password that is shown is looked at",
  );
  assert.equal((await approve(fresh.user)).status, 200, "who has just signed in has shown the password");
  age();
  const code = await claim(site, ada.cookie);
  for (const more of [{}, { password: "" }, { password: "wrong" }, { password: [password] }]) {
    const { status, data } = await approve(code.user, more);
    assert.equal(status, 400, JSON.stringify(data));
    assert.match(String(data?.code), /^(PASSWORD_REQUIRED|INVALID_PASSWORD)$/);
  }
  assert.notEqual((await tokenFor(site, code.device)).status, 200);
  assert.equal((await approve(code.user, { password })).status, 200);
});

test("the page asks for the password when the sign-in was not just now", async (t) => {
  const { site, age } = await begin(t);
  await signUp(site.url, "ada", password);
  const visitor = new Visitor(site.url);
  await visitor.post("/sign-in", { name: "ada", password });
  const { user } = await codeFor(site);
  assert.doesNotMatch(await (await visitor.get(`/device?user_code=${user}`)).text(), /type="password"/);
  age();
  assert.match(await (await visitor.get(`/device?user_code=${user}`)).text(), /type="password"/);
  const answer = (shown: string) =>
    visitor.post("/device", { user_code: user, answer: "approve", password: shown });
  for (const [shown, said] of [
    ["", /id="password-problem">Enter your current password\./],
    ["wrong", /id="password-problem">The current password is wrong\./],
  ] as const) {
    const refused = await answer(shown);
    assert.equal(refused.status, 422);
    assert.match(await refused.text(), said);
  }
  assert.match(await (await answer(password)).text(), /The launcher is signed in/);
  const other = await codeFor(site);
  await visitor.get(`/device?user_code=${other.user}`);
  const denied = await visitor.post("/device", { user_code: other.user, answer: "deny", password: "" });
  assert.match(await denied.text(), /The launcher is not signed in/, "to say no needs none");
});

test("guesses of a password at an approval are counted", async (t) => {
  const { site, age } = await begin(t, { RATE_LIMIT: "on" });
  const ada = await signUp(site.url, "ada", password);
  age();
  const { user } = await claim(site, ada.cookie);
  const seen: number[] = [];
  for (let i = 0; i < 12; i++) {
    const body = { userCode: user, password: `guess ${i}` };
    seen.push((await callSite(site.url, "/device/approve", { cookie: ada.cookie }, body)).status);
  }
  assert.deepEqual(seen, [...Array(10).fill(400), 429, 429]);
});

test("one session does not tell the tokens of the others", async (t) => {
  const { site } = await begin(t);
  const ada = await signUp(site.url, "ada", password);
  const other = await signIn(site.url, "ada", password);
  const warden = await signUp(site.url, "warden", password);
  await site.makeAdmin("warden");
  for (const { data } of [
    await callSite(site.url, "/list-sessions", { cookie: ada.cookie }),
    await callSite(site.url, "/list-sessions?x=1", { token: ada.token }),
    await callSite(site.url, "/admin/list-user-sessions", { token: warden.token }, { userId: ada.id }),
  ]) {
    const text = JSON.stringify(data);
    assert.ok(text.includes(ada.id), text);
    assert.ok(!text.includes(other.token), "another session's token is told");
  }
  const { data } = await callSite(site.url, "/list-sessions", { cookie: ada.cookie });
  assert.ok(JSON.stringify(data).includes(ada.token), "one's own is told");
});

test("a moderator's session alone takes no account over", async (t) => {
  const { site } = await begin(t);
  const ada = await signUp(site.url, "ada", password);
  const warden = await signUp(site.url, "warden", password);
  await site.makeAdmin("warden");
  const ask = (path: string, body: object) =>
    callSite(site.url, `/admin/${path}`, { token: warden.token }, body);
  const made = { name: "eve", email: "eve@example.com", password, data: { username: "eve" } };
  const acts: [string, object][] = [
    ["set-user-password", { userId: ada.id, newPassword: "another password" }],
    ["set-role", { userId: ada.id, role: "admin" }],
    ["create-user", { ...made, role: "admin" }],
    ["update-user", { userId: ada.id, data: { name: "Ada" } }],
    ["impersonate-user", { userId: ada.id }],
    ["remove-user", { userId: ada.id }],
  ];
  for (const [path, body] of acts)
    for (const more of [{}, { currentPassword: "wrong" }]) {
      const { status, data } = await ask(path, { ...body, ...more });
      assert.equal(status, 400, `${path}: ${JSON.stringify(data)}`);
      assert.match(String(data?.code), /^(PASSWORD_REQUIRED|INVALID_PASSWORD)$/);
    }
  for (const path of ["ban-user", "unban-user", "revoke-user-sessions"])
    assert.equal((await ask(path, { userId: ada.id })).status, 200, `${path} is a moderator's work`);
  for (const [path, body] of acts.filter(([path]) => path !== "impersonate-user")) {
    const { status, data } = await ask(path, { ...body, currentPassword: password });
    assert.equal(status, 200, `${path}: ${JSON.stringify(data)}`);
  }
});

test("a Bearer token is asked for the password as a cookie is", async (t) => {
  const { site } = await begin(t, { SMTP_URL: "smtp://127.0.0.1:9", MAIL_FROM: "game@example.com" });
  const ada = await signUp(site.url, "ada", password);
  const eve = await signUp(site.url, "eve", password);
  const acts: [string, object][] = [
    ["/change-email", { newEmail: "eve2@example.com" }],
    ["/delete-user", {}],
  ];
  for (const [path, body] of acts) {
    for (const who of [
      { token: ada.token },
      { cookie: ada.cookie },
      { token: ada.token, cookie: eve.cookie },
    ])
      for (const more of [{}, { password: "wrong" }]) {
        const { status, data } = await callSite(site.url, path, who, { ...body, ...more });
        assert.equal(status, 400, `${path}: ${JSON.stringify(data)}`);
        assert.match(String(data?.code), /^(PASSWORD_REQUIRED|INVALID_PASSWORD)$/);
      }
    assert.equal((await callSite(site.url, path, { token: "no-such-token" }, body)).status, 401);
    const { status, data } = await callSite(site.url, path, { token: ada.token }, { ...body, password });
    assert.equal(status, 200, `${path}: ${JSON.stringify(data)}`);
  }
  await signIn(site.url, "eve", password);
});

test("guesses with a Bearer token are counted", async (t) => {
  const { site } = await begin(t, { RATE_LIMIT: "on" });
  const ada = await signUp(site.url, "ada", password);
  const seen: number[] = [];
  for (let i = 0; i < 12; i++) {
    const body = { currentPassword: `guess ${i}`, newPassword: "another password" };
    seen.push((await callSite(site.url, "/change-password", { token: ada.token }, body)).status);
  }
  assert.deepEqual(seen, [...Array(10).fill(400), 429, 429]);
});
