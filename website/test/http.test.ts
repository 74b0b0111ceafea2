import assert from "node:assert/strict";
import { test } from "node:test";
import { startStack } from "./support/stack.ts";
import { Visitor } from "./support/visitor.ts";

const account = { name: "ada", email: "ada@example.com", password: "three stones" };

test("what browsers and programs may send", async (t) => {
  const stack = await startStack(t, { RATE_LIMIT: "on" });
  const ada = new Visitor(stack.url);
  assert.equal(
    (await ada.post("/sign-up", { ...account, next: "//evil.example" })).headers.get("location"),
    "/account",
  );

  await t.test("pages allow no scripts, frames or foreign things", async () => {
    const page = await ada.get("/account");
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /script-src|unsafe/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(page.headers.get("cache-control"), "no-store");
    assert.doesNotMatch(await page.text(), /<script|style="|onclick/);
  });

  await t.test("the session's cookie is out of reach for scripts and other sites", async () => {
    const other = { ...account, name: "bob", email: "bob@example.com" };
    const cookie = (await new Visitor(stack.url).post("/sign-up", other)).headers.getSetCookie().join();
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Lax/);
  });

  await t.test("another site's form is refused", async () => {
    for (const path of [
      "/play",
      "/api/play",
      "/sign-out",
      "/account/password",
      "/account/game-password",
      "/sign-in",
    ]) {
      const response = await fetch(stack.url + path, {
        method: "POST",
        headers: { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" },
      });
      assert.equal(response.status, 403, path);
    }
  });

  await t.test("a program without a session is told so in JSON", async () => {
    for (const headers of [{}, { authorization: "Bearer nobody" }]) {
      const response = await fetch(`${stack.url}/api/play`, { method: "POST", headers });
      assert.equal(response.status, 401);
      assert.equal(((await response.json()) as { error: string }).error, "signed_out");
    }
  });

  await t.test("moderation is for moderators", async () => {
    assert.equal((await ada.get("/admin")).status, 403);
    assert.equal((await ada.post("/admin/ban", { id: "x" })).status, 403);
    assert.match((await new Visitor(stack.url).get("/admin")).headers.get("location") ?? "", /^\/sign-in/);
  });

  await t.test("a game password is refused in words", async () => {
    const fields = { "new-password": account.password, again: account.password };
    const response = await ada.post("/account/game-password", fields);
    assert.equal(response.status, 422);
    assert.match(await response.text(), /your password of this website/);
  });

  await t.test("guessing is slowed down", async () => {
    const guess = () => new Visitor(stack.url).post("/sign-in", { name: "ada", password: "wrong wrong" });
    const pages = [];
    for (let i = 0; i < 4; i++) pages.push(await (await guess()).text());
    assert.match(pages[0] ?? "", /Name or password is wrong/);
    assert.match(pages[3] ?? "", /Too many attempts/);
  });
});
