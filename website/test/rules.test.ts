import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { launcherClient } from "../src/auth.ts";
import { callSite, type Member, signIn, signUp } from "./support/member.ts";
import { type Site, startSite } from "./support/site.ts";
import { Visitor } from "./support/visitor.ts";

const password = "three stones and a lantern";

async function moderator(site: Site): Promise<Visitor> {
  await signUp(site.url, "warden", password);
  await site.makeAdmin("warden");
  const visitor = new Visitor(site.url);
  await visitor.post("/sign-in", { name: "warden", password });
  return visitor;
}

async function names(t: TestContext, site: Site, member: Member): Promise<void> {
  const update = (body: object) => callSite(site.url, "/update-user", { cookie: member.cookie }, body);
  const own = async () => (await callSite(site.url, "/get-session", { cookie: member.cookie })).data?.user;
  for (const [what, body] of Object.entries({
    "a name of 60,000 characters": { name: "x".repeat(60_000) },
    "a name of 41 characters": { name: "x".repeat(41) },
    "a name that turns the text": { name: "a\u202eb" },
    "a name with a line break": { name: "a\nb" },
    "an empty name": { name: "  " },
    "a name that is no text": { name: { a: 1 } },
    "a user name that is no text": { username: 5 },
    "another user name": { username: "somebody" },
    "a picture of no address": { image: "javascript:alert(1)" },
    "a picture with a long address": { image: `https://a.example/${"x".repeat(3000)}` },
    "a picture with a direction mark": { image: "https://a.example/\u202e" },
  }))
    await t.test(`refused: ${what}`, async () => {
      const before = await own();
      const { status, data } = await update(body);
      assert.equal(status, 400, JSON.stringify(data));
      assert.ok(String(data?.message).length > 10, "it says why");
      assert.deepEqual(await own(), before);
    });
  await t.test("taken: a free name, a picture, another spelling of the user name", async () => {
    const image = "https://a.example/me.png";
    assert.equal((await update({ name: "Zoë Ñ.", image, displayUsername: "AttackeR" })).status, 200);
    const user = (await own()) as Record<string, unknown>;
    assert.deepEqual([user.name, user.image, user.displayUsername], ["Zoë Ñ.", image, "AttackeR"]);
  });
  await t.test("a spelling that is another name is ignored", async () => {
    await update({ name: "victim", displayUsername: "victim" });
    assert.equal(((await own()) as Record<string, unknown>).displayUsername, "attacker");
    const body = {
      name: "x",
      email: "x@example.com",
      password,
      username: "other",
      displayUsername: "victim",
    };
    const { data } = await callSite(site.url, "/sign-up/email", {}, body);
    const made = data?.user as Record<string, unknown> | undefined;
    assert.equal(made?.displayUsername, "other");
  });
}

test("an account holds what can be shown, and moderators tell two alike apart", async (t) => {
  const site = await startSite(t);
  const warden = await moderator(site);
  await signUp(site.url, "victim", password);
  const attacker = await signUp(site.url, "attacker", password);
  await t.test("names", (t) => names(t, site, attacker));

  const find = async (query: string) =>
    (await (await warden.get(`/admin?q=${encodeURIComponent(query)}`)).text())
      .split('<li class="item player">')
      .slice(1)
      .map((row) => row.replace(/\s+/g, " "));
  await t.test("the owner of the user name comes first, the other says whose name it is not", async () => {
    const [first, second, ...more] = await find("victim");
    assert.match(first ?? "", /<strong>victim<\/strong>.*matches: user name/);
    assert.match(
      second ?? "",
      /<strong>attacker<\/strong>.*“<bdi>victim<\/bdi>”.*user name of another player/,
    );
    assert.match(second ?? "", /matches: free name/);
    assert.deepEqual(more, []);
  });
  await t.test("one is found by user name, e-mail address and id", async () => {
    for (const [query, by] of [
      ["attacker", "user name"],
      ["ATTACK", "user name"],
      ["attacker@example.com", "e-mail address"],
      [attacker.id, "id"],
    ] as const) {
      const rows = await find(query);
      assert.equal(rows.length, 1, query);
      assert.match(rows[0] ?? "", new RegExp(`<code>${attacker.id}</code>.*matches:[^<]*${by}`), query);
    }
  });
  await t.test("a ban needs a reason, and keeps what was entered", async () => {
    const page = await warden.get(`/admin/ban?id=${attacker.id}`);
    assert.match(await page.text(), /Ban attacker/);
    for (const [reason, why] of [
      ["", "Enter a reason"],
      ["x".repeat(201), "200 characters at most"],
      ["a\u202eb", "direction"],
    ] as const) {
      const refused = await warden.post("/admin/ban", { id: attacker.id, reason, length: "week" });
      assert.equal(refused.status, 422);
      assert.match(await refused.text(), new RegExp(`id="reason-problem">[^<]*${why}`));
    }
    const banned = await warden.post("/admin/ban", {
      id: attacker.id,
      reason: "gold",
      length: "day",
      q: "att",
    });
    assert.equal(banned.headers.get("location"), "/admin?q=att&done=banned");
    assert.match((await find("attacker"))[0] ?? "", /banned until .*Reason: gold/);
  });
});

test("the page that lets a launcher in says from where and when it asks", async (t) => {
  const site = await startSite(t, { CLIENT_IP_HEADER: "x-forwarded-for" });
  const visitor = new Visitor(site.url);
  await visitor.post("/sign-up", { name: "ada", email: "ada@example.com", password, again: password });
  const ask = async (address: string, agent: string) => {
    const response = await fetch(`${site.url}/api/auth/device/code`, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": agent, "x-forwarded-for": address },
      body: JSON.stringify({ client_id: launcherClient }),
    });
    const { user_code } = (await response.json()) as { user_code: string };
    return (await visitor.get(`/device?user_code=${user_code}`)).text();
  };
  const page = await ask("203.0.113.9", "waystone-launcher/7 <b>");
  assert.match(page, /203\.0\.113\.9/);
  assert.match(page, /not your address/);
  assert.match(page, /Launcher <span class="meta">\(it calls itself “waystone-launcher\/7 &lt;b&gt;”/);
  assert.match(page, /just now|\d+ seconds? ago/);
  assert.match(page, /Say no if you did not start the launcher yourself/);
});

/** Sends bytes as they are and returns what came back. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((done, fail) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      got += chunk;
    });
    socket.on("end", () => done(got));
    socket.on("error", fail);
  });
}

test("what cannot be understood is refused with a sentence, and is no error of ours", async (t) => {
  const site = await startSite(t);
  const big = "x".repeat(70_000);
  const json = { "content-type": "application/json" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const stream = () => new Blob([big]).stream();
  const cases: Record<string, [path: string, status: number, init: RequestInit]> = {
    "multipart junk": ["/sign-in", 400, { headers: { "content-type": "multipart/form-data" }, body: "junk" }],
    "multipart junk with a boundary": [
      "/sign-up",
      400,
      { headers: { "content-type": "multipart/form-data; boundary=x" }, body: "junk" },
    ],
    "a large API body": ["/api/auth/sign-in/email", 413, { headers: json, body: big }],
    "a large API body of unknown length": [
      "/api/auth/sign-in/email",
      413,
      { headers: json, body: stream(), duplex: "half" } as RequestInit,
    ],
    "a large form": ["/sign-in", 413, { headers: form, body: big }],
    "JSON that is none": ["/api/auth/sign-in/email", 400, { headers: json, body: "{bad" }],
    "JSON null": ["/api/auth/sign-up/email", 400, { headers: json, body: "null" }],
    "a JSON list": ["/api/auth/update-user", 400, { headers: json, body: "[]" }],
    "a zero byte in JSON": [
      "/api/auth/sign-in/username",
      400,
      { headers: json, body: '{"username":"a\\u0000","password":"x"}' },
    ],
    "a zero byte in a form": ["/sign-in", 400, { headers: form, body: "name=a%00&password=x" }],
    "another content type": [
      "/api/auth/sign-in/email",
      415,
      { headers: { "content-type": "text/xml" }, body: "<a/>" },
    ],
    "JSON for a form": ["/sign-in", 415, { headers: json, body: "{}" }],
    "another method": ["/account", 405, { method: "DELETE" }],
    "an address that is none": ["/%E0%A4%A", 404, { method: "GET" }],
    "an API address that is none": ["/api/auth/%E0%A4%A", 404, { method: "GET" }],
    "a zero byte in an address": ["/device?user_code=%00", 400, { method: "GET" }],
  };
  for (const [what, [path, status, init]] of Object.entries(cases))
    await t.test(what, async () => {
      const response = await fetch(site.url + path, { method: "POST", ...init });
      const text = await response.text();
      assert.equal(response.status, status, text);
      assert.match(text, path.startsWith("/api/") ? /"message":"[^"]{10,}"/ : /<p>[^<]{10,}<\/p>/);
    });
  for (const [what, status, text] of [
    ["an unknown method", 400, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["large headers", 431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
    ["a host that is none", 400, "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"],
    ["no HTTP at all", 400, "hello\r\n\r\n"],
  ] as const)
    await t.test(what, async () => {
      const got = await raw(site.port, text);
      assert.match(got, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(got, /(The headers|This is not a request)[^\r\n]+\./);
    });
  await t.test("nor are wrong passwords and names", async () => {
    await signUp(site.url, "ada", password);
    const visitor = new Visitor(site.url);
    for (const name of ["ada", "ada@example.com", "nobody", "x"])
      assert.equal((await visitor.post("/sign-in", { name, password: "wrong wrong" })).status, 422);
    await signIn(site.url, "ada", password);
    assert.deepEqual(
      site.program.lines.map((l) => l.text).filter((l) => !/website: ready/.test(l)),
      [],
    );
  });
});

test("the launchers and the theme come without scripts", async (t) => {
  const site = await startSite(t);
  const warden = await moderator(site);
  const visitor = new Visitor(site.url);
  assert.match(await (await warden.get("/download")).text(), /make launchers/);
  const page = await (await visitor.get("/download")).text();
  assert.match(page, /no launcher to download here yet/);
  assert.doesNotMatch(page, /make launchers/);
  assert.equal((await visitor.get("/download/..%2fwebsite-secret")).status, 404);
  const about = await visitor.get("/.well-known/waystone-play");
  assert.match(about.headers.get("content-type") ?? "", /^application\/json/);
  assert.deepEqual(Object.keys((await about.json()) as object), ["host", "port"]);

  assert.doesNotMatch(page, /data-theme/);
  const chosen = await visitor.post("/theme", { theme: "light", next: "/download" });
  assert.equal(chosen.headers.get("location"), "/download");
  assert.match(await (await visitor.get("/download")).text(), /data-theme="light"/);
  await visitor.post("/theme", { theme: "auto", next: "//evil.example" });
  assert.doesNotMatch(await (await visitor.get("/")).text(), /data-theme/);
});
